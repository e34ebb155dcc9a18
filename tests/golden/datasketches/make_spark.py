"""Images of Apache DataSketches' Java library: by Spark, and those that only Java writes.

    pip install 'pyspark==4.1.*' 'datasketches==5.2.*' pyarrow && python make_spark.py

Writes `spark.parquet`: for three segments the integers 0 to n - 1 as Spark's `theta_sketch_agg` and
`hll_sketch_agg` return them, with Spark's own estimates; and images of hash tables, unions and HLL
sketches of 0 to n - 1 beside it, described in `expected_java.json`.
"""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import SparkSession

HERE = Path(__file__).parent
SEGMENTS = {"few": 3, "some": 1_000, "many": 20_000}


def spark_images(spark):
    rows = []
    for segment, n in SEGMENTS.items():
        (row,) = (
            spark.range(0, n, numPartitions=1)
            .selectExpr("theta_sketch_agg(id) theta", "hll_sketch_agg(id) hll")
            .selectExpr(
                "*", "theta_sketch_estimate(theta) thetas", "hll_sketch_estimate(hll) hlls"
            )
            .collect()
        )
        rows.append((segment, n, bytes(row.theta), bytes(row.hll), row.thetas, row.hlls))
    names = ["segment", "n", "theta", "hll", "theta_estimate", "hll_estimate"]
    table = pa.table(dict(zip(names, map(list, zip(*rows)))))
    pq.write_table(table, HERE / "spark.parquet", compression="zstd")


def java_images(java):
    theta = java.theta
    for family, sizes in (("QUICKSELECT", (0, 3, 300, 50_000)), ("ALPHA", (0, 300, 50_000))):
        for n in sizes:
            builder = theta.UpdateSketch.builder().setNominalEntries(512)
            sketch = builder.setFamily(getattr(java.common.Family, family)).build()
            for i in range(n):
                sketch.update(i)
            name = f"java-{family.lower()}-{n}.bin"
            compact = sketch.compact(True, None)
            yield name, sketch.toByteArray(), {
                "sketch": "theta",
                "n": n,
                "estimate": compact.getEstimate(),
                "retained": compact.getRetainedEntries(True),
                "theta64": compact.getThetaLong(),
            }
            if family == "QUICKSELECT" and n in (3, 50_000):
                yield f"java-compressed-{n}.bin", compact.toByteArrayCompressed(), {
                    "sketch": "theta",
                    "n": n,
                    "estimate": compact.getEstimate(),
                    "retained": compact.getRetainedEntries(True),
                    "theta64": compact.getThetaLong(),
                }
    union = theta.SetOperation.builder().setNominalEntries(16).buildUnion()
    union.update(1)
    yield "java-union.bin", union.toByteArray(), {"sketch": "union"}
    for bits in (4, 6, 8):
        for n in (0, 5, 20, 50_000):
            sketch = java.hll.HllSketch(8, getattr(java.hll.TgtHllType, f"HLL_{bits}"))
            for i in range(n):
                sketch.update(i)
            record = {
                "sketch": "hll",
                "n": n,
                "lg_k": 8,
                "estimate": sketch.getEstimate(),
                "merged_estimate": sketch.getCompositeEstimate(),
            }
            yield f"java-hll{bits}-{n}-compact.bin", sketch.toCompactByteArray(), record
            yield f"java-hll{bits}-{n}-updatable.bin", sketch.toUpdatableByteArray(), record


def main():
    spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
    spark_images(spark)
    expected = {}
    for name, image, record in java_images(spark._jvm.org.apache.datasketches):
        (HERE / name).write_bytes(bytes(image))
        expected[name] = record
    (HERE / "expected_java.json").write_text(json.dumps(expected, indent=1) + "\n")
    spark.stop()


if __name__ == "__main__":
    main()
