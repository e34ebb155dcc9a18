"""Runs overlap and its rivals on pairs of files in turn, and prints tables in Markdown."""

import argparse
import importlib.metadata
import json
import math
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import engines

HERE = Path(__file__).parent
PARQUET = "u64_none u64_snappy u64_zstd dups dict str seq delta small active days all_days".split()
TEXT = "csv csv_uuid csv_gz jsonl arrow plain".split()
PAIRS = [*PARQUET, *TEXT, "billion"]
FLOORS = ("parquet", "gz")
"""Endings of files of which it is known what decoding alone takes."""
OVERLAP = "overlap"
FLOOR = "decode only"


@dataclass
class Runs:
    """What the runs of one engine on one pair took and said."""

    wall: list = field(default_factory=list)
    query: list = field(default_factory=list)
    processor: list = field(default_factory=list)
    peak_mb: float = 0.0
    answers: list | None = None
    failure: str | None = None


def command(engine, kind, files, where, options):
    if engine == OVERLAP:
        condition = [f"--where={where}"] if where else []
        extra = [f"--memory={options.memory}"] if kind == "exact" and options.memory else []
        return [options.overlap, kind, *files, "--threads=2", "--format=json", *extra, *condition]
    if engine == FLOOR:
        return [options.decode, *files]
    return [sys.executable, str(HERE / "engines.py"), kind, engine, *files, where]


def run_once(runs, engine, kind, files, where, options, is_warm_up):
    begin = time.perf_counter()
    try:
        process = subprocess.Popen(
            command(engine, kind, files, where, options), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
    except OSError as error:
        runs.failure = error.strerror
        return
    # Read one after the other: none of them writes more to stderr than a pipe holds.
    out, err = process.stdout.read(), process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    if status != 0:
        lines = err.decode(errors="replace").strip().splitlines() or [f"status {status}"]
        runs.failure = lines[-1].replace(str(Path.cwd()), "").replace("|", "/")[:80]
        return
    runs.peak_mb = max(runs.peak_mb, usage.ru_maxrss / 1024)
    answer = json.loads(out)
    if engine == OVERLAP:
        users = [side["users"]["value"] for side in answer["sides"]]
        runs.answers = [*users, answer["overlap"]["value"], answer["union"]["value"]]
    elif engine != FLOOR:
        runs.answers = answer["answers"]
    if is_warm_up:
        return
    runs.wall.append(seconds)
    runs.processor.append(usage.ru_utime + usage.ru_stime)
    if engine not in (OVERLAP, FLOOR):
        runs.query.append(answer["seconds"])


def make(name, options):
    """Paths, truth and condition of a pair. In a process of its own: a child's peak of memory begins with its
    parent's, which must stay small."""
    command = [sys.executable, str(HERE / "pairs.py"), name, options.data, str(options.rows)]
    made = json.loads(subprocess.check_output(command))
    return made["files"], made["truth"], made["where"]


def measure(names, kind, files, where, options):
    """Every engine once in each round, so that a slow minute hits all of them."""
    all_runs = {name: Runs() for name in names}
    for turn in range(options.runs + 1):
        for name, runs in all_runs.items():
            if runs.failure is None:
                run_once(runs, name, kind, files, where, options, is_warm_up=turn == 0)
    return all_runs


def table(kind, all_runs, truth):
    ours = all_runs[OVERLAP]
    base = statistics.median(ours.wall) if ours.wall else math.nan
    rivals = {n: r for n, r in all_runs.items() if n not in (OVERLAP, FLOOR) and r.wall}
    fastest = min(rivals, key=lambda n: statistics.median(rivals[n].wall), default=None)
    lines = [
        "| engine | process, s (least – most) | ratio | query alone, s | ratio | CPU, s | peak, MB "
        "| A, B, both, either off by % |",
        "|---|---|---:|---:|---:|---:|---:|---|",
    ]
    for name, runs in all_runs.items():
        if runs.failure is not None or not runs.wall:
            lines.append(f"| {name} | failed: {runs.failure} | | | | | | |")
            continue
        wall = statistics.median(runs.wall)
        query = statistics.median(runs.query) if runs.query else None
        off = ""
        if runs.answers:
            off = ", ".join(f"{100 * (x / t - 1):+.2f}" for x, t in zip(runs.answers, truth))
        label = name if name in (OVERLAP, FLOOR) else f"{name} {kind}"
        label = f"**{label}**" if name == fastest else label
        lines.append(
            f"| {label} | {wall:.3f} ({min(runs.wall):.3f} – {max(runs.wall):.3f}) "
            f"| {wall / base:.1f} | {'' if query is None else f'{query:.3f}'} "
            f"| {'' if query is None else f'{query / base:.1f}'} "
            f"| {statistics.median(runs.processor):.2f} | {runs.peak_mb:.0f} | {off} |"
        )
    return "\n".join(lines)


def head(options):
    versions = [importlib.metadata.version(name) for name in ("duckdb", "polars", "chdb")]
    rivals = "DuckDB {}, Polars {}, ClickHouse (chdb {})".format(*versions)
    ours = subprocess.check_output([options.overlap, "--version"], text=True).strip()
    return (
        f"{ours} beside {rivals}; {os.cpu_count()} cores, two threads each; {options.rows:,} rows a "
        f"side (strings three tenths of that, text and Arrow a fifth); medians of {options.runs} runs after a warm-up, "
        "engines in turn, page cache warm."
    )


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", default=",".join(PARQUET))
    parser.add_argument("--kinds", default="estimate,exact")
    parser.add_argument("--engines", default="", help="rivals; all of them by default")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--rows", type=int, default=50_000_000)
    parser.add_argument("--data", default="target/peers/data")
    parser.add_argument("--memory", default="", help="a limit for overlap exact")
    parser.add_argument("--overlap", default="target/release/overlap")
    parser.add_argument("--decode", default="target/release/examples/decode")
    parser.add_argument("--output", help="a file for the tables")
    options = parser.parse_args()
    unknown = set(options.pairs.split(",")) - set(PAIRS)
    unknown |= set(options.kinds.split(",")) - set(engines.ENGINES)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    return options


def main():
    options = arguments()
    parts = [head(options)]
    print(parts[0], flush=True)
    for name in options.pairs.split(","):
        files, truth, where = make(name, options)
        for kind in options.kinds.split(","):
            rivals = list(engines.ENGINES[kind])
            if options.engines:
                rivals = [rival for rival in rivals if rival in options.engines.split(",")]
            has_floor = kind == "estimate" and not where and files[0].endswith(FLOORS)
            floor = [FLOOR] if has_floor else []
            runs = measure([OVERLAP, *floor, *rivals], kind, files, where, options)
            rows = f" where {where}" if where else ""
            parts.append(f"### {name}, {kind}{rows}\n\n{table(kind, runs, truth)}")
            print(f"\n{parts[-1]}", flush=True)
    if options.output:
        Path(options.output).write_text("\n\n".join(parts) + "\n")


if __name__ == "__main__":
    main()
