"""The program `overlap`: its console script, and `python -m overlap`."""

import sys

from ._overlap import run_program


def main() -> None:
    """Runs the program with the arguments of this process, and ends it with the program's exit code."""
    sys.exit(run_program(sys.argv[1:]))


if __name__ == "__main__":
    main()
