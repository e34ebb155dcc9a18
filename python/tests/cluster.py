"""A Spark standalone cluster of processes on loopback."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pyspark
from pyspark.sql import SparkSession


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Cluster:
    """Spark standalone. Every daemon leads a process group, with the executors that it starts."""

    def __init__(self, folder: Path, cores: int = 2, memory: str = "1g"):
        """Two workers of so many cores and so much memory, their logs and files in `folder`."""
        self.folder, self.cores, self.memory = folder, cores, memory
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
        size = ["--cores", str(self.cores), "--memory", self.memory, "--webui-port", "0"]
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
        raise RuntimeError(f"no {count} workers within a minute:\n{logs}")

    def session(self, settings: dict[str, str]) -> SparkSession:
        os.environ["PYSPARK_PYTHON"] = sys.executable
        os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
        builder = SparkSession.builder.master(self.url).appName("overlap")
        builder = builder.config("spark.driver.host", "127.0.0.1").config("spark.ui.enabled", "false")
        for name, value in settings.items():
            builder = builder.config(name, value)
        return builder.getOrCreate()

    def kill(self, daemon: subprocess.Popen) -> None:
        """At once, with all of its executors."""
        os.killpg(daemon.pid, signal.SIGKILL)
        daemon.wait()

    def stop(self) -> None:
        for daemon in reversed(self.daemons):
            if daemon.poll() is None:
                self.kill(daemon)
