"""A real cluster: a master and two workers as processes on loopback, one of which dies in mid-job."""

import os
import sys
import threading
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from cluster import Cluster
from conftest import SMALL, content

import overlap
import overlap.spark

@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    yield cluster
    cluster.stop()


@pytest.fixture(scope="module")
def spark(cluster):
    settings = {
        "spark.driver.memory": "1g",
        "spark.executor.memory": "512m",
        "spark.executor.cores": "1",
        "spark.sql.shuffle.partitions": "4",
        "spark.speculation": "true",
        "spark.speculation.interval": "100ms",
        "spark.speculation.multiplier": "2",
        "spark.speculation.quantile": "0.5",
        "spark.executorEnv.PYTHONPATH": str(Path(__file__).parent),
    }
    session = cluster.session(settings)
    yield session
    session.stop()


@pytest.fixture(scope="module")
def frame(spark, table):
    return spark.createDataFrame(table)


@pytest.mark.parametrize("partitions", [1, 3, 16])
def test_any_number_of_partitions_gives_the_blobs_of_pyarrow(partitions, frame, table):
    parted = frame.repartition(partitions)
    found = overlap.spark.read(overlap.spark.sketch(parted, **SMALL))
    assert list(map(content, found.sketches)) == [content(overlap.sketch(table, **SMALL))]
    found = overlap.spark.read(overlap.spark.sketch(parted, by=["tier"], **SMALL))
    wanted = overlap.sketch(table, by="tier", **SMALL)
    assert sorted(zip(found.labels, map(content, found.sketches))) == list(
        zip(wanted.labels, map(content, wanted.sketches))
    )


def test_a_table_that_spark_wrote_is_a_sketch_file(frame, table, tmp_path, run):
    limits = ["spark.sql.execution.arrow.maxBytesPerBatch", "spark.sql.execution.arrow.maxRecordsPerBatch"]
    before = list(map(frame.sparkSession.conf.get, limits))
    overlap.spark.write(overlap.spark.sketch(frame.repartition(5), by="tier", **SMALL), tmp_path / "spark.ovs")
    assert list(map(frame.sparkSession.conf.get, limits)) == before
    wanted = overlap.sketch(table, by="tier", **SMALL)
    found = overlap.sketch(str(tmp_path / "spark.ovs"), by="tier")
    assert list(map(content, found.sketches)) == list(map(content, wanted.sketches))
    assert "T1" in run("estimate", tmp_path / "spark.ovs", tmp_path / "spark.ovs", "--by", "tier")


def test_files_that_workers_read_themselves_give_the_same(spark, table, tmp_path):
    for tier in ("T1", "T2", "T3"):
        segment = table.filter(pc.equal(table["tier"], tier)).drop_columns("tier")
        (tmp_path / "users" / f"tier={tier}").mkdir(parents=True)
        for part in range(3):
            rows = segment.slice(part * 8_000, 8_000)
            pq.write_table(rows, tmp_path / "users" / f"tier={tier}" / f"{part}.parquet", row_group_size=5_000)
    folder = str(tmp_path / "users")
    found = overlap.spark.read(overlap.spark.sketch_files(spark, folder, **SMALL))
    assert list(map(content, found.sketches)) == [content(overlap.sketch(table, **SMALL))]
    found = overlap.spark.read(overlap.spark.sketch_files(spark, folder, "user_id", by="tier", **SMALL))
    wanted = overlap.sketch(table, by="tier", **SMALL)
    assert dict(zip(found.labels, found.sketches)) == dict(zip(wanted.labels, wanted.sketches))
    with pytest.raises(overlap.InputError, match="absent"):
        overlap.spark.sketch_files(spark, folder + "/absent")


def test_more_partitions_than_one_task_merges(spark):
    numbers = spark.range(0, 15_000, numPartitions=150)
    found = overlap.spark.read(overlap.spark.sketch(numbers, id="id", **SMALL))
    wanted = overlap.sketch(pa.table({"id": range(15_000)}), id="id", **SMALL)
    assert list(map(content, found.sketches)) == [content(wanted)]


def test_types_nulls_and_nobody(spark):
    rows = spark.sql(
        "SELECT * FROM VALUES (1, DATE'2026-11-23', 1.50BD), (2, NULL, NULL), (NULL, NULL, NULL) AS t(id, day, price)"
    )
    found = overlap.spark.read(overlap.spark.sketch(rows, id="id", by=["day", "price"]))
    assert sorted((label, s.rows, s.nulls) for label, s in zip(found.labels, found.sketches)) == [
        ("2026-11-23, 1.50", 1, 0),
        ("null, null", 2, 1),
    ]
    nobody = overlap.spark.read(overlap.spark.sketch(spark.range(0), id="id"))
    assert [(s.users().value, s.rows) for s in nobody.sketches] == [(0, 0)]
    assert len(overlap.spark.read(overlap.spark.sketch(rows.where("id > 7"), id="id", by="day"))) == 0


def test_segments_are_of_any_type_that_spark_groups_by(spark):
    rows = spark.sql("""
        SELECT * FROM VALUES (1, TIMESTAMP'2026-11-23 10:00:00', TIMESTAMP_NTZ'2026-11-23 10:00:00'), (2, NULL, NULL),
        (3, NULL, NULL) AS t(id, seen, local)""")
    found = overlap.spark.read(overlap.spark.sketch(rows.repartition(3), id="id", by=["seen", "local"]))
    assert sorted(s.rows for s in found.sketches) == [1, 2]


def test_names_that_spark_would_take_for_something_else(spark, tmp_path):
    odd = {"a.b": [1, 2, 2], "c`d": ["x", "y", "x"], "part": ["p", "p", "p"]}
    wanted = overlap.sketch(pa.table(odd), "a.b", by=["c`d", "part"])
    frame = spark.createDataFrame(pa.table(odd))
    found = overlap.spark.read(overlap.spark.sketch(frame, "a.b", by=["c`d", "part", "c`d"]))
    assert dict(zip(found.labels, found.sketches)) == dict(zip(wanted.labels, wanted.sketches))
    for name in ("users", "Users"):
        with pytest.raises(overlap.UsageError, match=f"{name}.*rename"):
            overlap.spark.sketch(frame.withColumnRenamed("part", name), "a.b", by=name)


def test_paths_are_one_or_any_number(spark, table, tmp_path):
    for part in range(2):
        pq.write_table(table.slice(part * 30_000, 30_000), tmp_path / f"{part}.parquet")
    found = overlap.spark.read(overlap.spark.sketch_files(spark, tmp_path.iterdir(), **SMALL))
    assert list(map(content, found.sketches)) == [content(overlap.sketch(table, **SMALL))]
    for none in ([], 7):
        with pytest.raises(overlap.UsageError, match="a path or several"):
            overlap.spark.sketch_files(spark, none)


def test_bad_input_is_named(spark, frame):
    with pytest.raises(overlap.UsageError, match="no column uid.*user_id"):
        overlap.spark.sketch(frame, id="uid")
    with pytest.raises(overlap.UsageError, match="precision"):
        overlap.spark.sketch(frame, precision=99)
    with pytest.raises(overlap.UsageError, match="users"):
        overlap.spark.sketch(frame.withColumnRenamed("tier", "users"), by="users")
    with pytest.raises(Exception, match="overlap.InputError: .*Float64.*junk"):
        overlap.spark.sketch(frame, id="junk").collect()


def troubled(frame, folder, trouble):
    """The same rows, through tasks that leave a file in `folder` and meet with `trouble`."""
    folder.mkdir()
    folder = str(folder)

    def partition(batches):
        from pyspark import TaskContext

        task = TaskContext.get()
        (Path(folder) / f"{task.partitionId()}-{task.attemptNumber()}-{os.getpid()}").touch()
        trouble(task)
        yield from batches

    return frame.mapInArrow(partition, frame.schema)


def fails_at_first(task):
    if task.attemptNumber() == 0 and task.partitionId() in (2, 5):
        raise OSError("a disk that isn't there")


def dawdles_at_first(task):
    if task.attemptNumber() == 0 and task.partitionId() in (2, 5):
        time.sleep(60)


@pytest.mark.parametrize("trouble", [fails_at_first, dawdles_at_first])
def test_tasks_that_are_retried_or_run_twice_change_nothing(trouble, frame, table, tmp_path):
    parted = troubled(frame.repartition(8), tmp_path / "attempts", trouble)
    found = overlap.spark.read(overlap.spark.sketch(parted, **SMALL))
    assert content(found[0]) == content(overlap.sketch(table, **SMALL))
    again = [path.name for path in (tmp_path / "attempts").iterdir() if path.name.startswith(("2-", "5-"))]
    assert len(again) >= 4, again


def test_sparks_own_sketches_without_any_installation(spark, frame, table, run, tmp_path):
    """The recipe of docs/distributed.md."""
    frame.createOrReplaceTempView("users")
    query = "SELECT tier, theta_sketch_agg(user_id) AS t, hll_sketch_agg(user_id) AS h FROM users GROUP BY tier"
    spark.sql(query).write.parquet(str(tmp_path / "images"))
    found = overlap.spark.read(spark.sql(query), theta_column="t", hll_column="h")
    for label, sketch in zip(found.labels, found.sketches):
        segment = table.filter(pc.equal(table["tier"], label))
        truth = pc.count_distinct(segment["user_id"]).as_py()
        users = sketch.users(0.997)
        assert users.lower <= truth <= users.upper
    report = run("estimate", tmp_path / "images", tmp_path / "images", "--theta-column", "t", "--hll-column", "h")
    assert "overlap" in report


def test_a_worker_that_dies_in_mid_job_changes_nothing(cluster, frame, table, tmp_path):
    """The last test of this cluster, which has one worker less from here on."""
    started = tmp_path / "attempts"
    found = []
    parted = troubled(frame.repartition(16), started, lambda task: time.sleep(0.4))
    job = threading.Thread(target=lambda: found.append(overlap.spark.read(overlap.spark.sketch(parted, **SMALL))))
    job.start()
    while len(list(started.iterdir())) < 6:
        assert job.is_alive()
        time.sleep(0.02)
    cluster.kill(cluster.workers[0])
    job.join(timeout=240)
    attempts = len(list(started.iterdir()))
    assert found and content(found[0][0]) == content(overlap.sketch(table, **SMALL))
    assert attempts > 16, "the worker died too late to lose anything"
