"""Images of Apache DataSketches' C++ library, and what its Python API says of them.

    pip install 'datasketches==5.2.*' && python make.py

Writes the images beside this file and `expected.json`: a record a file. IDs are the integers 0 to
n - 1 or the texts user-0 to user-(n - 1), everything at lg_k 12.
"""

import json
from functools import reduce
from operator import xor
from pathlib import Path

import datasketches as ds

HERE = Path(__file__).parent
LG_K = 12
IDS = {"integers": lambda i: i, "texts": lambda i: f"user-{i}"}


def theta_images(kind, of):
    for n in (0, 1, 3, 1_000, 100_000):
        sketch = ds.update_theta_sketch(LG_K)
        for i in range(n):
            sketch.update(of(i))
        for form, compact in (("ordered", sketch.compact()), ("unordered", sketch.compact(False))):
            # Order matters to nobody once; the large images are large.
            if form == "unordered" and (n != 1_000 or kind != "texts"):
                continue
            hashes = list(compact)
            yield f"theta-{kind}-{n}-{form}", compact.serialize(), {
                "sketch": "theta",
                "ids": kind,
                "n": n,
                "estimate": compact.get_estimate(),
                "theta": compact.theta,
                "theta64": compact.theta64,
                "retained": compact.num_retained,
                "xor": reduce(xor, hashes, 0),
                "sum": sum(hashes) % 2**64,
            }


def hll_images(kind, of):
    for name, target in (("hll4", ds.HLL_4), ("hll6", ds.HLL_6), ("hll8", ds.HLL_8)):
        for n in (0, 5, 50, 100_000):
            sketch = ds.hll_sketch(LG_K, target)
            for i in range(n):
                sketch.update(of(i))
            # A merged sketch no longer knows the order in which users came.
            union = ds.hll_union(LG_K)
            union.update(sketch)
            union.update(sketch)
            record = {
                "sketch": "hll",
                "ids": kind,
                "n": n,
                "lg_k": sketch.lg_config_k,
                "estimate": sketch.get_estimate(),
                "merged_estimate": union.get_result(target).get_estimate(),
            }
            yield f"{name}-{kind}-{n}-compact", sketch.serialize_compact(), record
            yield f"{name}-{kind}-{n}-updatable", sketch.serialize_updatable(), record


def main():
    expected = {}
    for kind, of in IDS.items():
        for images in (theta_images, hll_images):
            for name, image, record in images(kind, of):
                (HERE / f"{name}.bin").write_bytes(image)
                expected[f"{name}.bin"] = record
    (HERE / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main()
