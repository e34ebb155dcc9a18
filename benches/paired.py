"""Two builds of the program on the same work, by turns: `paired.py BEFORE AFTER FILE FILE`. Medians of 41 runs, and of the ratios of
runs next to each other."""

import os
import statistics
import subprocess
import sys
import time

RUNS = 41


def run(program, files, options):
    """Wall and CPU seconds."""
    start = time.perf_counter()
    job = subprocess.Popen([program, "estimate", *files, *options], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(job.pid, 0)
    if status:
        sys.exit(f"{program} failed")
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime


def main(before, after, *files):
    for options in ([], ["--threads", "1"]):
        pairs = []
        for turn in range(RUNS):
            order = (before, after) if turn % 2 else (after, before)
            times = {program: run(program, files, options) for program in order}
            pairs.append((times[before], times[after]))
        for i, kind in enumerate(("wall", "CPU")):
            old, new = (statistics.median(pair[side][i] for pair in pairs) for side in (0, 1))
            ratio = statistics.median(pair[1][i] / pair[0][i] for pair in pairs)
            print(f"{' '.join(options) or 'all threads':12} {kind:4} {old:.4f} s, {new:.4f} s, ratio {ratio:.3f}")


main(*sys.argv[1:])
