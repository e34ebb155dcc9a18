"""Seconds of two sketches and their overlap on a two-worker cluster, beside Spark's own aggregates.

`spark.py A.parquet B.parquet`, in an environment with the wheel, pyspark and pyarrow. Each worker has one
core; every job runs once to warm up, then three times in turn.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import overlap  # noqa: E402
import overlap.spark  # noqa: E402
from cluster import Cluster  # noqa: E402


def frames(spark, sides):
    return answers([overlap.spark.sketch(df) for df in sides])


def files(spark, sides):
    return answers([overlap.spark.sketch_files(spark, df.inputFiles()[0].removeprefix("file://")) for df in sides])


def answers(tables):
    sketches = [overlap.spark.read(table)[0] for table in tables]
    pair = overlap.estimate(*sketches)
    return pair.overlap.value, pair.union.value


def transfer(spark, sides):
    """What it costs to hand rows to Python at all."""
    def count(batches):
        import pyarrow

        yield pyarrow.record_batch({"rows": [sum(batch.num_rows for batch in batches)]})

    return [sum(row[0] for row in df.select("user_id").mapInArrow(count, "rows long").collect()) for df in sides]


def theta(lg_k):
    def job(spark, sides):
        for name, df in zip("ab", sides):
            df.createOrReplaceTempView(name)
        row = spark.sql(f"""
            SELECT theta_sketch_estimate(theta_intersection(a, b)), theta_sketch_estimate(theta_union(a, b, {lg_k}))
            FROM (SELECT theta_sketch_agg(user_id, {lg_k}) AS a FROM a),
                 (SELECT theta_sketch_agg(user_id, {lg_k}) AS b FROM b)
        """).first()
        return row[0], row[1]

    return job


def approximate(spark, sides):
    """By inclusion and exclusion, each at 1 %."""
    count = [df.selectExpr("approx_count_distinct(user_id, 0.01)").first()[0] for df in sides]
    union = sides[0].unionAll(sides[1]).selectExpr("approx_count_distinct(user_id, 0.01)").first()[0]
    return sum(count) - union, union


JOBS = {
    "overlap.spark.sketch": frames,
    "overlap.spark.sketch_files": files,
    "mapInArrow that only counts rows": transfer,
    "theta_sketch_agg, k = 4,096 (its default)": theta(12),
    "theta_sketch_agg, k = 65,536": theta(16),
    "approx_count_distinct, three times": approximate,
}


def main(paths):
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster(Path(folder), cores=1, memory="3g")
        try:
            settings = {"spark.executor.memory": "2g", "spark.driver.memory": "2g", "spark.sql.shuffle.partitions": "4"}
            spark = cluster.session(settings)
            spark.sparkContext.setLogLevel("ERROR")
            sides = [spark.read.parquet(path) for path in paths]
            seconds = {name: [] for name in JOBS}
            for turn in range(4):
                for name, job in JOBS.items():
                    start = time.time()
                    answer = job(spark, sides)
                    seconds[name].append(time.time() - start)
                    if turn == 3:
                        middle = statistics.median(seconds[name][1:])
                        print(f"\n{middle:7.2f} s  {name}: overlap {answer[0]:,.0f}, union {answer[1]:,.0f}", flush=True)
            spark.stop()
        finally:
            cluster.stop()


if __name__ == "__main__":
    main(sys.argv[1:])
