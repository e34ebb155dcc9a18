"""Secret keys from Python: what is made with one is the program's, and meets nothing else."""

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import overlap


@pytest.fixture
def keys(tmp_path, run):
    for name in ("a.key", "b.key"):
        run("key", "new", "-o", tmp_path / name)
    return tmp_path / "a.key", tmp_path / "b.key"


def rows(ids):
    return pa.table({"user_id": ids})


def test_a_keyed_sketch_is_the_same_from_arrow_from_files_and_from_the_program(tmp_path, run, keys):
    key, _ = keys
    pq.write_table(rows(range(3_000)), tmp_path / "a.parquet")
    run("sketch", tmp_path / "a.parquet", "-o", tmp_path / "a.ovs", "--key-file", key)
    stored = overlap.read_sketches(tmp_path / "a.ovs", key_file=key)[0]
    of_file = overlap.sketch(tmp_path / "a.parquet", key_file=key)
    of_rows = overlap.sketch(rows(range(3_000)), key_file=key)
    fingerprint = run("key", "fingerprint", key).strip()
    for sketch in (of_file, of_rows, stored):
        assert (sketch.hll, sketch.sample) == (stored.hll, stored.sample)
        assert (sketch.hash, sketch.key_fingerprint) == ("siphash-2-4", fingerprint)
    assert overlap.sketch(rows([1])).key_fingerprint is None
    assert overlap.write_sketches(of_rows, tmp_path / "b.ovs", key_file=key) > 0
    assert "tag: right" in run("inspect", tmp_path / "b.ovs", "--key-file", key)


def test_the_independent_reader_computes_the_sample_of_arrow_data(tmp_path, keys):
    key, _ = keys
    ids = [f"user-{i}" * (1 + i % 5) for i in range(500)]
    sketch = overlap.sketch(rows(ids), key_file=key, k=100)
    overlap.write_sketches(sketch, tmp_path / "a.ovs", key_file=key)
    docs = Path(__file__).resolve().parents[2] / "docs"
    computed = subprocess.run(
        [sys.executable, docs / "keyed_sample.py", key, "100"], input="\n".join(ids) + "\n", capture_output=True, text=True
    ).stdout.split()
    read = subprocess.run(
        [sys.executable, docs / "format_reader.py", tmp_path / "a.ovs"], capture_output=True, text=True, check=True
    ).stdout
    assert computed[0] == sketch.key_fingerprint and f'"digest": "{computed[2]}"' in read


def test_other_keys_and_none_are_refused(tmp_path, keys):
    key, other = keys
    a, b, open_ = (overlap.sketch(rows(range(100)), key_file=key) for key in (key, other, None))
    for one, two in ((a, b), (a, open_)):
        with pytest.raises(overlap.IncomparableError, match="fingerprint"):
            overlap.estimate(one, two)
    with pytest.raises(overlap.IncomparableError, match="key_file"):
        overlap.write_sketches(a, tmp_path / "a.ovs")
    overlap.write_sketches(a, tmp_path / "a.ovs", key_file=key)
    with pytest.raises(overlap.IncomparableError, match="fingerprint"):
        overlap.read_sketches(tmp_path / "a.ovs", key_file=other)
    key.chmod(0o644)
    with pytest.raises(overlap.UsageError, match="chmod 600"):
        overlap.sketch(rows([1]), key_file=key)
    with pytest.raises(overlap.UsageError, match="hash"):
        overlap.sketch(rows([1]), key_file=other, hash="murmur3")


def test_files_for_exchange_are_answered_by_the_program_alone(tmp_path, run, keys):
    key, _ = keys
    pq.write_table(rows(range(3_000)), tmp_path / "a.parquet")
    run("sketch", tmp_path / "a.parquet", "-o", tmp_path / "a.ovs", "--key-file", key, "--for-exchange")
    for read in (overlap.read_sketches, overlap.sketch):
        with pytest.raises(overlap.InputError, match="policy"):
            read(tmp_path / "a.ovs", key_file=key)
