"""A real cluster: a master and two workers as processes on loopback, one of which dies in mid-job."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from conftest import SMALL, content

import overlap
import overlap.spark

pyspark = pytest.importorskip("pyspark")
from pyspark.sql import SparkSession  # noqa: E402


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Cluster:
    """Spark standalone. Every daemon leads a process group, with the executors that it starts."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.port, self.web = free_port(), free_port()
        self.url = f"spark://127.0.0.1:{self.port}"
        self.daemons = []
        self.start("master.Master", "--host", "127.0.0.1", "--port", str(self.port), "--webui-port", str(self.web))
        # Under two names: Spark speculates on another host only.
        self.workers = [self.start_worker(host) for host in ("127.0.0.1", "localhost")]
        self.wait_for_workers(2)

    def start(self, name: str, *arguments: str) -> subprocess.Popen:
        home = Path(pyspark.__file__).parent
        log = (self.folder / f"{name}.{len(self.daemons)}.log").open("w")
        daemon = subprocess.Popen(
            [home / "bin" / "spark-class", f"org.apache.spark.deploy.{name}", *arguments],
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, "SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1"},
        )
        self.daemons.append(daemon)
        return daemon

    def start_worker(self, host: str) -> subprocess.Popen:
        size = ["--cores", "2", "--memory", "1g", "--webui-port", "0"]
        work = self.folder / f"work-{host}"
        return self.start("worker.Worker", "--host", host, *size, "--work-dir", str(work), self.url)

    def wait_for_workers(self, count: int) -> None:
        for _ in range(240):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.web}/json/", timeout=5) as page:
                    if page.read().decode().count('"ALIVE"') >= count + 1:  # the master is one
                        return
            except OSError:
                pass
            time.sleep(0.25)
        logs = "\n".join(path.read_text()[-2_000:] for path in self.folder.glob("*.log"))
        pytest.fail(f"no {count} workers within a minute:\n{logs}")

    def kill(self, daemon: subprocess.Popen) -> None:
        """At once, with all of its executors."""
        os.killpg(daemon.pid, signal.SIGKILL)
        daemon.wait()

    def stop(self) -> None:
        for daemon in reversed(self.daemons):
            if daemon.poll() is None:
                self.kill(daemon)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    yield cluster
    cluster.stop()


@pytest.fixture(scope="module")
def spark(cluster):
    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    session = (
        SparkSession.builder.master(cluster.url)
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.memory", "1g")
        .config("spark.executor.memory", "512m")
        .config("spark.executor.cores", 1)
        .config("spark.sql.shuffle.partitions", 4)
        .config("spark.ui.enabled", "false")
        .config("spark.speculation", "true")
        .config("spark.speculation.interval", "100ms")
        .config("spark.speculation.multiplier", "2")
        .config("spark.speculation.quantile", "0.5")
        .config("spark.executorEnv.PYTHONPATH", str(Path(__file__).parent))
        .appName("overlap")
        .getOrCreate()
    )
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
    overlap.spark.sketch(frame.repartition(5), by="tier", **SMALL).write.parquet(str(tmp_path / "spark.ovs"))
    wanted = overlap.sketch(table, by="tier", **SMALL)
    found = overlap.sketch(str(tmp_path / "spark.ovs"), by="tier")
    assert list(map(content, found.sketches)) == list(map(content, wanted.sketches))
    assert "T1" in run("estimate", tmp_path / "spark.ovs", tmp_path / "spark.ovs", "--by", "tier")


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
