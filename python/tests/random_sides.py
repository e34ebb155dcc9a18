"""Random sides against sets and against each other: every command, every form, and Python.

    cargo xtask sides --cases 2000 --seed 1
    python python/tests/random_sides.py --seed 1 --case 17     # one case again, with all that breaks

Needs the program (`OVERLAP_BIN`, else `target/debug/overlap`) and numpy and pyarrow; asks the module
`overlap` as well where it is installed. Ends with 1 if a law is broken.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from sides.ask import Failed, everything
from sides.laws import LAWS, coverage
from sides.make import make

EXAMPLES = 3


@dataclass
class Outcome:
    """What one case showed."""

    number: int
    shape: str
    broken: dict[str, list[str]] = field(default_factory=dict)
    inside: Counter = field(default_factory=Counter)
    total: Counter = field(default_factory=Counter)
    calls: int = 0
    seconds: float = 0.0


def binary() -> str:
    """The program to test."""
    root = Path(__file__).resolve().parents[2]
    return os.environ.get("OVERLAP_BIN", str(root / "target" / "debug" / "overlap"))


def has_module() -> bool:
    return find_spec("overlap") is not None


def run_case(
    seed: int, number: int, program: str, with_python: bool, largest: float = 6.0, keep: str | None = None
) -> Outcome:
    """Makes one case, asks everything about it, and holds it against every law."""
    begin = time.monotonic()
    folder = Path(keep or tempfile.mkdtemp(prefix="sides-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        case = make(seed, number, folder, largest)
        sizes = ", ".join(f"{case.truth(case.side(i)):,}" for i in range(case.count))
        shape = f"p = {case.precision}, k = {case.k:,}; {case.count} sides of {sizes} users"
        outcome = Outcome(number, shape)
        try:
            asked = everything(case, program, with_python)
        except Failed as error:
            outcome.broken["every_question_is_answered"] = [str(error)]
            return outcome
        for law in LAWS:
            broken = list(law(asked))
            if broken:
                outcome.broken[law.__name__] = broken
        for kind, inside in coverage(asked):
            outcome.total[kind] += 1
            outcome.inside[kind] += inside
        outcome.calls = asked.calls
        return outcome
    finally:
        outcome.seconds = time.monotonic() - begin
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def again(seed: int, number: int, largest: float = 6.0) -> str:
    """The command that runs one case again."""
    sizes = "" if largest == 6.0 else f" --largest {largest:g}"
    return f"python python/tests/random_sides.py --seed {seed} --case {number}{sizes}"


def main() -> int:
    arguments = parse()
    if arguments.case is not None:
        outcome = run_case(
            arguments.seed, arguments.case, binary(), arguments.python, arguments.largest, arguments.keep
        )
        print(f"case {outcome.number}: {outcome.shape}")
        for law, broken in outcome.broken.items():
            if arguments.law not in (None, law):
                continue
            print(f"\n{law}")
            print("\n".join(f"  {one}" for one in broken))
        return bool(outcome.broken)
    size = arguments.largest, arguments.jobs
    outcomes = run_cases(arguments.seed, arguments.cases, binary(), arguments.python, *size)
    report(outcomes, arguments)
    return any(outcome.broken for outcome in outcomes)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=2_000, help="how many cases [2000]")
    parser.add_argument("--seed", type=int, default=1, help="the cases of another seed are other cases [1]")
    parser.add_argument("--case", type=int, help="only this case, with everything that breaks a law")
    parser.add_argument("--law", help="with --case: only what breaks this law")
    parser.add_argument("--keep", help="with --case: a folder to leave its files in")
    parser.add_argument("--largest", type=float, default=6.0, help="sides have up to 10^LARGEST users [6]")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="cases at a time [one a core]")
    parser.add_argument("--no-python", dest="python", action="store_false", help="leave out the Python module")
    arguments = parser.parse_args()
    if arguments.python and not has_module():
        print("the module overlap isn't installed: only the program is asked", file=sys.stderr)
        arguments.python = False
    return arguments


def run_cases(
    seed: int, cases: int, program: str, with_python: bool, largest: float = 6.0, jobs: int | None = None
) -> list[Outcome]:
    """Several cases at a time, one a core unless told otherwise."""
    outcomes = []
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        asked = [pool.submit(run_case, seed, number, program, with_python, largest) for number in range(cases)]
        for done, future in enumerate(as_completed(asked), 1):
            outcomes.append(future.result())
            if done % 50 == 0:
                broken = sum(bool(outcome.broken) for outcome in outcomes)
                print(f"{done} of {cases} cases, {broken} of them break a law", file=sys.stderr, flush=True)
    return sorted(outcomes, key=lambda outcome: outcome.number)


def report(outcomes: list[Outcome], arguments: argparse.Namespace) -> None:
    """Laws with examples and the command that shows each again; coverage by kind of number."""
    by_law: dict[str, list[Outcome]] = defaultdict(list)
    inside, total = Counter(), Counter()
    for outcome in outcomes:
        inside.update(outcome.inside)
        total.update(outcome.total)
        for law in outcome.broken:
            by_law[law].append(outcome)
    calls, seconds = sum(o.calls for o in outcomes), sum(o.seconds for o in outcomes)
    print(f"{len(outcomes)} cases, {calls:,} runs of the program, {seconds:.0f} s of cases (seed {arguments.seed})\n")
    print(f"{'truth in the 95 % interval':<34}{'of':>9}{'inside':>9}")
    for kind in sorted(total):
        print(f"{kind:<34}{total[kind]:>9,}{100 * inside[kind] / total[kind]:>8.1f} %")
    names = [law.__name__ for law in LAWS] + ["every_question_is_answered"]
    print(f"\n{'law':<44}{'cases':>7}{'times':>9}")
    for name in names:
        times = sum(len(outcome.broken[name]) for outcome in by_law[name])
        print(f"{name:<44}{len(by_law[name]) or '–':>7}{f'{times:,}' if times else '–':>9}")
    for name in names:
        for outcome in by_law[name][:EXAMPLES]:
            print(f"\n{name}\n  {outcome.broken[name][0]}\n  {outcome.shape}")
            print(f"  {again(arguments.seed, outcome.number, arguments.largest)}")


if __name__ == "__main__":
    sys.exit(main())
