"""What the tests share: users, and the command line."""

import os
import subprocess
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

SMALL = {"precision": 12, "k": 4096}  # not exact, and quick


@pytest.fixture(scope="session")
def binary() -> str:
    """The program, which `cargo xtask test` builds before."""
    root = Path(__file__).resolve().parents[2]
    found = Path(os.environ.get("OVERLAP_BIN", root / "target" / "debug" / "overlap"))
    assert found.exists(), f"no program at {found}: cargo build, or set OVERLAP_BIN"
    return str(found)


@pytest.fixture(scope="session")
def run(binary):
    def run(*arguments) -> str:
        done = subprocess.run([binary, *map(str, arguments)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="session")
def table() -> pa.Table:
    """60,000 rows of some 45,000 users in three tiers, every 500th without an ID."""
    rng = np.random.default_rng(6)
    ids = pa.array(rng.integers(-(2**60), 2**60, 45_000)).take(rng.integers(0, 45_000, 60_000))
    ids = pa.array([None if row % 500 == 0 else value for row, value in enumerate(ids.to_pylist())])
    tiers = pa.array(["T1", "T2", "T3"]).take(rng.integers(0, 3, 60_000))
    return pa.table({"user_id": ids, "tier": tiers, "junk": rng.random(60_000)})


@pytest.fixture(scope="session")
def texts(table) -> pa.Table:
    ids = [None if i is None else f"user-{i:x}" for i in table["user_id"].to_pylist()]
    return table.set_column(0, "user_id", pa.array(ids))


@pytest.fixture(scope="session")
def parquet(table, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("data") / "users.parquet"
    pq.write_table(table, path, row_group_size=7_000)
    return path


def content(sketch):
    """All that makes a sketch what it is."""
    return sketch.hll, sketch.sample, sketch.rows, sketch.nulls
