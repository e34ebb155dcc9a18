"""What 10,000 partitions cost: their sketches made, carried and merged, at once and in a tree.

`partitions.py [PARTITIONS]`: each partition holds 100,000 rows of a billion users.
"""

import sys
import time

import numpy as np
import pyarrow as pa

import overlap

FAN_IN = 128  # overlap.spark's


def merge(rows):
    """As a task of overlap.spark does: a batch at a time into what is merged already."""
    merged = None
    for row in rows:
        table = overlap.SketchTable.from_arrow(row)
        merged = table[0] if merged is None else merged | table[0]
    return overlap.SketchTable.of(merged).to_arrow()


def main(partitions):
    rng = np.random.default_rng(6)
    sketching = merging = carried = largest = 0.0
    tops, group = [], []
    for partition in range(partitions):
        rows = pa.table({"user_id": rng.integers(0, 1_000_000_000, 100_000)})
        start = time.perf_counter()
        sketch = overlap.SketchTable.of(overlap.sketch(rows)).to_arrow()
        sketching += time.perf_counter() - start
        carried += sketch.nbytes
        group.append(sketch)
        if len(group) == FAN_IN or partition == partitions - 1:
            start = time.perf_counter()
            tops.append(merge(group))
            seconds = time.perf_counter() - start
            merging, largest, group = merging + seconds, max(largest, seconds), []
    start = time.perf_counter()
    last = merge(tops)
    seconds = time.perf_counter() - start
    top_bytes = sum(top.nbytes for top in tops)
    print(f"{partitions:,} sketches: {carried / 1e6:,.0f} MB, made in {1000 * sketching / partitions:.2f} ms each")
    print(f"first level: {len(tops)} tasks of {FAN_IN}, {merging:.1f} s in all, {largest:.2f} s the longest")
    print(f"second level: {top_bytes / 1e6:.1f} MB, {seconds:.2f} s; at the driver {last.nbytes / 1e3:.0f} KB")
    print(overlap.SketchTable.from_arrow(last)[0])


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
