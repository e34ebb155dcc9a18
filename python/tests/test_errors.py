"""Bad input gets an exception of the right class, and harms nothing."""

import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import SMALL, content

import overlap


def test_a_wrong_column_is_named_with_those_there_are(table, parquet):
    for data in (table, table.to_pandas(), parquet):
        with pytest.raises(overlap.UsageError, match="no column uid.*user_id"):
            overlap.sketch(data, id="uid")
    with pytest.raises(overlap.UsageError, match="no segment column city.*tier"):
        overlap.sketch(table, by="city")


def test_files_ask_for_no_more_than_they_may(table, parquet, tmp_path):
    texts = tmp_path / "texts.parquet"
    pq.write_table(pa.table({"user_id": ["long"]}), texts)
    for path, limit in [(parquet, "max_page"), (texts, "max_value")]:
        with pytest.raises(overlap.LimitError, match=f"with {limit}|{limit} raises"):
            overlap.sketch(path, **{limit: 3})
    with pytest.raises(overlap.InputError, match="checksum"):
        overlap.sketch(parquet, require_checksums=True)
    with pytest.raises(overlap.UsageError, match="for files"):
        overlap.sketch(table, require_checksums=True)
    pq.write_table(table, tmp_path / "checked.parquet", write_page_checksum=True)
    assert overlap.sketch(tmp_path / "checked.parquet", require_checksums=True).users().value > 0


BAD = {
    "other type": (lambda: pa.table({"user_id": ["x"]}), overlap.IncomparableError, "integer.*string"),
    "floats": (lambda: pa.table({"user_id": [1.5]}), overlap.InputError, "user_id.*Float64|Float64.*user_id|double"),
    "lists": (lambda: pa.table({"user_id": [[1]]}), overlap.InputError, "user_id"),
    "no such column": (lambda: pa.table({"id": [1]}), overlap.UsageError, "user_id"),
    "objects": (lambda: pd.DataFrame({"user_id": [1, "x", b"y"]}), overlap.InputError, "user_id"),
    "objects of polars": (
        lambda: pl.DataFrame({"user_id": pl.Series([object()], dtype=pl.Object)}),
        overlap.InputError,
        "user_id holds Python objects",
    ),
    "series of objects": (lambda: pl.Series([object()], dtype=pl.Object), overlap.InputError, "Python objects"),
    "no type": (lambda: pl.DataFrame({"user_id": []}), overlap.InputError, "user_id has no type.*pl.Int64"),
    "no rows of floats": (lambda: pa.table({"user_id": pa.array([], pa.float64())}), overlap.InputError, "Float64"),
    "no batches": (
        lambda: pa.RecordBatchReader.from_batches(pa.schema({"id": pa.int64()}), []),
        overlap.UsageError,
        "no column user_id",
    ),
    "lazy, of no such column": (lambda: pl.LazyFrame({"id": [1]}), overlap.UsageError, "no column user_id.*id"),
    "lazy, of objects": (
        lambda: pl.LazyFrame({"user_id": pl.Series([object()], dtype=pl.Object)}),
        overlap.InputError,
        "user_id holds Python objects",
    ),
    "lazy, of no such file": (
        lambda: pl.scan_parquet("no-such-file.parquet"),
        overlap.InputError,
        "the LazyFrame can't be read: .*no-such-file.parquet",
    ),
    "a path": (lambda: "a.parquet", overlap.InputError, "a str offers no Arrow data.*overlap.sketch"),
    "a generator of paths": (
        lambda: (path for path in ["a"]),
        overlap.InputError,
        r"a generator gives a str, which offers no Arrow data: pass list\(…\)",
    ),
    "a generator of dicts": (lambda: iter([{"user_id": 1}]), overlap.InputError, "gives a dict.*must give tables"),
    "a generator that is spent": (lambda: iter(()), overlap.InputError, "gives nothing: an iterator can be read only"),
    "a list": (lambda: [1, 2, 3], overlap.InputError, "list offers no Arrow data"),
    "none": (lambda: None, overlap.InputError, "NoneType offers no Arrow data"),
    "numpy": (lambda: np.arange(3), overlap.InputError, "ndarray"),
}


@pytest.mark.parametrize("fault", BAD)
def test_a_refused_batch_leaves_the_sketcher_as_it_was(fault, table):
    bad, error, text = BAD[fault]
    sketcher = overlap.Sketcher(**SMALL).update(table)
    with pytest.raises(error, match=text):
        sketcher.update(bad())
    assert content(sketcher.finish()) == content(overlap.sketch(table, **SMALL))


def test_a_large_batch_is_cast_whole_or_not_at_all():
    texts = pa.array(["7"]).take(pa.array(np.zeros(2**22 + 5, np.int8)))
    bad = pa.chunked_array([pa.concat_arrays([texts, pa.array(["junk"])])])
    sketcher = overlap.Sketcher(cast="integer", **SMALL).update(pa.array(["1"]))
    # The ID itself is nobody's business.
    with pytest.raises(overlap.InputError, match="an id is not a whole number"):
        sketcher.update(bad)
    assert (sketcher.rows, sketcher.finish().users().value) == (1, 1)


def test_a_stream_that_breaks_off_keeps_what_came_before(table):
    good = table.to_batches(max_chunksize=20_000)

    def batches():
        yield from good[:2]
        raise OSError("disk 7 is gone")

    sketcher = overlap.Sketcher(**SMALL)
    with pytest.raises(overlap.InputError, match="disk 7 is gone"):
        sketcher.update(pa.RecordBatchReader.from_batches(table.schema, batches()))
    assert sketcher.rows == 40_000
    assert content(sketcher.update(good[2]).finish()) == content(overlap.sketch(table, **SMALL))


def test_files_that_cannot_be_read_or_written(tmp_path, table):
    with pytest.raises(overlap.InputError, match="absent.parquet"):
        overlap.sketch(tmp_path / "absent.parquet")
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 not at all PAR1")
    for read in (overlap.sketch, overlap.read_sketches):
        with pytest.raises(overlap.InputError, match="bad.parquet"):
            read(tmp_path / "bad.parquet")
    with pytest.raises(overlap.OutputError, match="no such"):
        overlap.write_sketches(overlap.sketch(table, **SMALL), tmp_path / "no such" / "x.ovs")


def test_options_out_of_range(table):
    for options in ({"k": 0}, {"precision": 40}, {"hash": "md5"}, {"cast": "float"}):
        with pytest.raises(overlap.UsageError, match=next(iter(options))):
            overlap.sketch(table, **options)
    for name, least in {"precision": "4 to 24", "k": "16 to 16777216", "max_segments": "0 or more"}.items():
        for number in (-1, 2**100):
            with pytest.raises(overlap.UsageError, match=f"{name} is {number}, but must be {least}"):
                overlap.Sketcher(**{name: number})
    for name in ("threads", "max_page", "max_ratio", "max_value"):
        with pytest.raises(overlap.UsageError, match=f"{name} is -1, but must be 0 or more"):
            overlap.sketch("users.parquet", **{name: -1})
    for by in (3, [3], b"tier"):
        tiers = overlap.sketch(table, by="tier")
        for refuse in (overlap.Sketcher, tiers.merge, lambda by: overlap.sketch(table, by=by)):
            with pytest.raises(overlap.UsageError, match="by (is|must be)"):
                refuse(by=by)
    assert overlap.Sketcher(by={"tier"}).by == overlap.Sketcher(by=iter(["tier", "tier"])).by == ["tier"]
    with pytest.raises(TypeError, match="colour"):
        overlap.sketch(table, colour="red")
    with pytest.raises(overlap.LimitError, match="2 segments"):
        overlap.sketch(table, by="tier", max_segments=2)
    for confidence in (0, 1, 95):
        with pytest.raises(overlap.UsageError, match="confidence"):
            overlap.sketch(table).users(confidence)


def test_control_c_in_a_generator_is_control_c():
    def batches():
        yield pa.record_batch({"user_id": [1]})
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        overlap.sketch(pa.RecordBatchReader.from_batches(pa.schema({"user_id": pa.int64()}), batches()))


def test_sketches_that_cannot_meet(table):
    sketch = overlap.sketch(table, **SMALL)
    other_hash = overlap.sketch(table, hash="murmur3", **SMALL)
    other_type = overlap.sketch(pa.table({"user_id": ["1"]}), **SMALL)
    for other in (other_hash, other_type):
        for meet in (sketch.merge, lambda b: overlap.estimate(sketch, b), lambda b: overlap.matrix([sketch, b])):
            with pytest.raises(overlap.IncomparableError):
                meet(other)


def test_corrupt_blobs_are_refused(table):
    sketch = overlap.sketch(table, **SMALL)
    for blob in (sketch.sample[:-1], sketch.sample + b"\0", b"", bytes([sketch.sample[0] ^ 1]) + sketch.sample[1:]):
        with pytest.raises(overlap.InputError):
            overlap.Sketch.from_blobs(sketch.hll, blob)
    nobody = overlap.sketch(pa.table({"user_id": pa.array([], pa.int64())}), **SMALL)
    with pytest.raises(overlap.InputError, match="corrupt sketch"):
        overlap.Sketch.from_blobs(sketch.hll, nobody.sample)
    with pytest.raises(overlap.InputError, match="3 nulls among 2 rows"):
        overlap.Sketch.from_blobs(sketch.hll, sketch.sample, rows=2, nulls=3)
    broken = overlap.sketch(table, by="tier", **SMALL).to_arrow().drop_columns("hll")
    with pytest.raises(overlap.OverlapError, match="hll"):
        overlap.SketchTable.from_arrow(broken)


def test_every_exception_is_an_overlap_error():
    for error in ("UsageError", "InputError", "IncomparableError", "OutputError", "LimitError"):
        assert issubclass(getattr(overlap, error), overlap.OverlapError)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_control_c_ends_an_endless_stream():
    script = """
        import pyarrow as pa, overlap
        batch = pa.record_batch({"user_id": range(100_000)})
        def endless():
            print("go", flush=True)  # the signal may be here at once
            while True:
                yield batch
        reader = pa.RecordBatchReader.from_batches(batch.schema, endless())
        try:
            overlap.sketch(reader)
        except KeyboardInterrupt:
            print("interrupted", flush=True)
    """
    child = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "go\n"
    os.kill(child.pid, signal.SIGINT)
    assert child.communicate(timeout=30)[0] == "interrupted\n"


def test_what_is_no_sketch_is_named_with_what_to_call(table):
    one = overlap.sketch(table, **SMALL)
    for call, text in [
        (lambda: overlap.estimate("a.parquet", one), r"a is a str, but must be a Sketch: pass sketch\('a.parquet'\)"),
        (lambda: overlap.estimate(one, table), r"b is a Table, but must be a Sketch: pass sketch\(b\)"),
        (lambda: overlap.matrix({"shop": one, "pay": "b.parquet"}), r"sketches\['pay'\] is a str"),
        (lambda: overlap.regions("a.parquet"), "sketches is a str, but must be a dict of names, a list"),
        (lambda: overlap.reach([one, 7]), r"sketches\[1\] is an int, but must be a Sketch: pass sketch\(sketches\[1\]\)"),
        (lambda: overlap.merge([one, table]), r"sketches\[1\] is a Table"),
        (lambda: overlap.merge([3]), r"sketches\[0\] is an int"),
        (lambda: overlap.write_sketches({"a": one}, "a.ovs"), r"sketches is a dict.*merge\(sketches.values\(\)\)"),
        (lambda: overlap.estimate([one, one], one), r"a is a list, but must be a Sketch: pass one of them, or.*merge\(a\)"),
    ]:
        with pytest.raises(overlap.UsageError, match=text):
            call()


def test_hints_speak_python(table):
    texts = overlap.sketch(pa.table({"user_id": ["x"]}), **SMALL)
    with pytest.raises(overlap.IncomparableError, match='cast="string"'):
        overlap.estimate(overlap.sketch(table, **SMALL), texts)
    with pytest.raises(overlap.LimitError, match="raise max_segments"):
        overlap.sketch(table, by="tier", max_segments=1, **SMALL)


def test_an_older_polars_is_told_what_to_pass(monkeypatch):
    monkeypatch.delattr(pl.LazyFrame, "collect_batches")
    lazy = pl.LazyFrame({"user_id": [1, 2], "tier": ["a", "b"]})
    with pytest.raises(overlap.InputError, match="install polars 1.34 or later") as refused:
        overlap.sketch(lazy, by="tier")
    way = str(refused.value).rpartition("pass sketch(")[2].removesuffix(")")
    assert overlap.sketch(eval(way, {"lazy": lazy}), by="tier").labels == ["a", "b"]
