"""Million rows a second on the thread that calls, from frames in memory; and of a file beside the program.

`frames.py A.parquet PROGRAM`, in an environment with the wheel, pyarrow, polars, pandas and DuckDB; medians
of seven.
"""

import statistics
import subprocess
import sys
import tempfile
import time

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa

import overlap


def median(job):
    seconds = []
    for _ in range(7):
        start = time.perf_counter()
        job()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def main(path, program):
    rows = 50_000_000
    ids = np.random.default_rng(6).integers(-(2**62), 2**62, rows)
    integers = pa.table({"user_id": ids})
    texts = pa.table({"user_id": pa.array([f"{i:032x}" for i in range(10_000_000)])})
    forms = {
        "integers, pyarrow table": integers,
        "integers, in batches of 64 Ki": pa.Table.from_batches(integers.to_batches(max_chunksize=1 << 16)),
        "integers, polars frame": pl.from_arrow(integers),
        "integers, pandas frame of NumPy": pd.DataFrame({"user_id": ids}),
        "integers, DuckDB relation": duckdb.from_arrow(integers),
        "texts of 32, pyarrow table": texts,
        "texts of 32, large_string": texts.cast(pa.schema({"user_id": pa.large_string()})),
        "texts of 32, polars frame": pl.from_arrow(texts),
    }
    for name, data in forms.items():
        count = rows if name.startswith("int") else len(texts)
        print(f"{count / median(lambda: overlap.sketch(data)) / 1e6:6.0f} M/s  {name}", flush=True)

    with tempfile.NamedTemporaryFile(suffix=".ovs") as out:
        command = [program, "sketch", path, "-o", out.name]
        theirs = median(lambda: subprocess.run(command, check=True, capture_output=True))
        written = median(lambda: overlap.write_sketches(overlap.sketch(path), out.name))
    print(f"{theirs:.3f} s  {' '.join(command[1:2])} by the program, start-up included")
    print(f"{written:.3f} s  overlap.sketch(path) and write_sketches")
    print(f"{median(lambda: overlap.sketch(path)):.3f} s  overlap.sketch(path)")


if __name__ == "__main__":
    main(*sys.argv[1:])
