"""Compares our converted sketches with PyPI datasketches' own of the same IDs.

    python3 tests/golden/datasketches/round_trip.py target/release/overlap

Theta estimates must be equal, and HLL estimates those of their own union of two sketches (whatever was merged
is estimated from the registers alone), as soon as there are registers: up to some dozen users they keep a list.
"""
import json
import os
import subprocess
import sys
import tempfile

import datasketches as ds
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

OVERLAP = os.path.abspath(sys.argv[1])


def ids_of(kind, count, random):
    if kind == "integers":
        return random.integers(0, 2**62, count).tolist()
    return [f"user-{number}" for number in random.integers(0, 2**40, count)]


def convert(ids):
    pq.write_table(pa.table({"user_id": ids}), "ids.parquet")
    for line in (
        "sketch ids.parquet --hash murmur3 --precision 12 --k 4096 -o ids.ovs",
        "convert ids.ovs --to datasketches -o images",
    ):
        subprocess.run([OVERLAP, *line.split()], check=True, capture_output=True)
    line = [OVERLAP, "inspect", "images/ids.theta", "--format", "json"]
    report = json.loads(subprocess.run(line, check=True, capture_output=True).stdout)
    sample = report["files"][0]["sketches"][0]["sample"]
    images = (open(f"images/ids.{kind}", "rb").read() for kind in ("theta", "hll"))
    return sample["hashes"] / sample["theta"], *images


def merged_hll(ids):
    union = ds.hll_union(12)
    for part in (ids[: len(ids) // 2], ids):
        sketch = ds.hll_sketch(12, ds.HLL_8)
        for value in part:
            sketch.update(value)
        union.update(sketch)
    return union.get_result(ds.HLL_8).get_estimate()


def main():
    random = np.random.default_rng(9)
    for kind in ("integers", "texts"):
        for count in (3, 1_000, 50_000, 400_000):
            ids = ids_of(kind, count, random)
            ours, theta, hll = convert(ids)
            theirs = ds.compact_theta_sketch.deserialize(theta).get_estimate()
            read, own = ds.hll_sketch.deserialize(hll).get_estimate(), merged_hll(ids)
            print(f"{count} {kind}: theta {theirs / ours - 1:+.1e}, HLL {read / own - 1:+.1e}")


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    main()
