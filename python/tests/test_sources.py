"""The same IDs are the same sketch, whatever they come in."""

import pickle

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from conftest import SMALL, content

import overlap
from overlap._batches import batches

FORMS = {
    "pyarrow table": lambda t: t,
    "chunked": lambda t: pa.Table.from_batches(t.to_batches(max_chunksize=777)),
    "record batch": lambda t: t.to_batches()[0],
    "reader": lambda t: pa.RecordBatchReader.from_batches(t.schema, t.to_batches(max_chunksize=999)),
    "array": lambda t: t["user_id"].combine_chunks(),
    "chunked array": lambda t: t["user_id"],
    "dictionary": lambda t: t["user_id"].dictionary_encode(),
    "polars frame": pl.from_arrow,
    "polars series": lambda t: pl.from_arrow(t)["user_id"],
    "pandas frame": lambda t: t.to_pandas(types_mapper=pd.ArrowDtype),
    "pandas series": lambda t: t.to_pandas(types_mapper=pd.ArrowDtype)["user_id"],
    "duckdb relation": lambda t: duckdb.from_arrow(t),
    "slice": lambda t: pa.concat_tables([t.slice(0, 12_345), t.slice(12_345)]),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("ids", ["table", "texts"])
def test_every_form_gives_the_blobs_of_the_program(form, ids, request, run, tmp_path):
    table = request.getfixturevalue(ids)
    pq.write_table(table, tmp_path / "in.parquet", row_group_size=9_000)
    run("sketch", tmp_path / "in.parquet", "-o", tmp_path / "out.ovs", "--precision", 12, "--k", 4096)
    wanted = overlap.read_sketches(tmp_path / "out.ovs")[0]
    found = overlap.sketch(FORMS[form](table), **SMALL)
    assert content(found) == content(wanted)
    assert (found.rows, found.nulls, found.is_exact) == (60_000, 120, False)


def test_paths_folders_patterns_and_streams(parquet, table, tmp_path):
    wanted = content(overlap.sketch(table, **SMALL))
    assert content(overlap.sketch(parquet, **SMALL)) == wanted
    assert content(overlap.sketch(str(parquet.parent), threads=1, **SMALL)) == wanted
    for part in range(3):
        pq.write_table(table.slice(part * 20_000, 20_000), tmp_path / f"{part}.parquet")
    assert content(overlap.sketch(str(tmp_path / "*.parquet"), **SMALL)) == wanted
    assert content(overlap.sketch(sorted(tmp_path.iterdir()), **SMALL)) == wanted

    sketcher = overlap.Sketcher(**SMALL)
    for batch in table.to_batches(max_chunksize=1_000):
        assert sketcher.update(batch) is sketcher
    assert (sketcher.rows, sketcher.nulls) == (60_000, 120)
    assert content(sketcher.finish()) == wanted
    with pytest.raises(ValueError, match="finished"):
        sketcher.update(table)


def test_segments_are_those_of_the_program(table, parquet, run, tmp_path):
    run("sketch", parquet, "--by", "tier", "-o", tmp_path / "out.ovs", "--precision", 12, "--k", 4096)
    wanted = overlap.read_sketches(tmp_path / "out.ovs")
    for data in (table, parquet, pl.from_arrow(table), duckdb.from_arrow(table)):
        found = overlap.sketch(data, by="tier", **SMALL)
        assert found.labels == wanted.labels == ["T1", "T2", "T3"]
        assert list(map(content, found.sketches)) == list(map(content, wanted.sketches))
    whole = overlap.sketch(table, **SMALL)
    assert content(wanted.merge()[0]) == content(overlap.merge(wanted.sketches)) == content(whole)
    assert content(overlap.sketch(tmp_path / "out.ovs")) == content(whole)


def test_a_file_of_python_is_a_file_of_the_program(table, run, tmp_path):
    by_tier = overlap.sketch(table, by=["tier"], **SMALL)
    size = overlap.write_sketches(by_tier, tmp_path / "python.ovs")
    assert size == (tmp_path / "python.ovs").stat().st_size
    run("sketch", tmp_path / "python.ovs", "--by", "tier", "-o", tmp_path / "again.ovs")
    assert (tmp_path / "again.ovs").read_bytes() == (tmp_path / "python.ovs").read_bytes()
    overlap.write_sketches(by_tier["T2"], tmp_path / "one.ovs")
    assert overlap.sketch(tmp_path / "one.ovs") == by_tier[1] == by_tier[-2]


def test_sketches_and_tables_are_pickled_whole(table):
    one, many = overlap.sketch(table, **SMALL), overlap.sketch(table, by="tier", **SMALL)
    assert content(pickle.loads(pickle.dumps(one))) == content(one)
    again = pickle.loads(pickle.dumps(many))
    assert (again.labels, again.sketches) == (many.labels, many.sketches)
    assert overlap.SketchTable.from_arrow(many.to_arrow()).sketches == many.sketches


def test_only_the_columns_that_are_needed_are_computed():
    pairs = "SELECT i AS user_id, CASE WHEN i > 2 THEN error('computed') END AS other FROM range(5) t(i)"
    assert overlap.sketch(duckdb.sql(pairs)).users().value == 5
    frame = pd.DataFrame({"user_id": [1, 2, 2], "other": [object(), 1, "x"]})
    assert overlap.sketch(frame).users().value == 2
    frame = pl.DataFrame({"user_id": [1, 2, 2], "other": [None] * 3, "wide": pl.Series([1] * 3, dtype=pl.Int128)})
    assert overlap.sketch(frame).users().value == 2


@pytest.mark.parametrize("kind", ["int8", "uint16", "int32", "uint64", "decimal128(20, 0)"])
def test_the_width_of_an_integer_means_nothing(kind):
    width = pa.decimal128(20, 0) if kind.startswith("decimal") else getattr(pa, kind)()
    plain = overlap.sketch(pa.table({"user_id": [1, 2, 100]}))
    assert overlap.sketch(pa.table({"user_id": pa.array([1, 2, 100]).cast(width)})) == plain
    as_text = overlap.sketch(pa.table({"user_id": ["1", "2", "100"]}), cast="integer")
    assert as_text == plain


@pytest.mark.parametrize("kind", ["string", "large_string", "string_view"])
def test_the_layout_of_a_text_means_nothing(kind):
    texts = pa.table({"user_id": pa.array(["a", "", None, "ü", "a" * 40], getattr(pa, kind)())})
    assert overlap.sketch(texts) == overlap.sketch(pl.Series(["a", "", None, "ü", "a" * 40]))


def test_lazy_data_is_read_in_batches(table, tmp_path):
    for part in range(3):
        pq.write_table(table.slice(part * 20_000, 20_000), tmp_path / f"{part}.parquet")
    dataset = ds.dataset(tmp_path, format="parquet")
    lazy = pl.scan_parquet(tmp_path / "*.parquet")
    parts = table.to_batches(max_chunksize=777)
    expected = content(overlap.sketch(table, **SMALL))
    by_tier = overlap.sketch(table, by="tier", **SMALL)
    forms = {
        "lazy frame": lambda: lazy,
        "lazy query": lambda: lazy.filter(pl.col("tier") != "none").with_columns(other=pl.col("tier").str.len_chars()),
        "dataset": lambda: dataset,
        "scanner": lambda: dataset.scanner(columns=["tier", "user_id"], batch_size=1_000),
        "list of batches": lambda: parts,
        "generator of batches": lambda: (batch for batch in parts),
        "batches of polars": lambda: lazy.collect_batches(chunk_size=999),
        "batches of duckdb": lambda: duckdb.from_arrow(table).to_arrow_reader(1_000),
        "generator of tables": lambda: (pl.read_parquet(path) for path in sorted(tmp_path.iterdir())),
    }
    for name, data in forms.items():
        assert content(overlap.sketch(data(), **SMALL)) == expected, name
        assert content(overlap.Sketcher(**SMALL).update(data()).finish()) == expected, name
        found = overlap.sketch(data(), by="tier", **SMALL)
        assert (found.labels, list(map(content, found.sketches))) == (
            by_tier.labels,
            list(map(content, by_tier.sketches)),
        ), name
    for data in (lazy, dataset):
        with pytest.raises(overlap.UsageError, match="no column uid.*user_id"):
            overlap.sketch(data, id="uid", **SMALL)


def test_lazy_data_computes_only_the_columns_that_are_needed():
    def broken(_):
        raise AssertionError("computed")

    lazy = pl.LazyFrame({"user_id": [1, 2, 2], "x": [1, 2, 3]})
    lazy = lazy.with_columns(other=pl.col("x").map_batches(broken, return_dtype=pl.Int64))
    assert overlap.sketch(lazy).users().value == 2
    with pytest.raises(overlap.InputError, match="the LazyFrame can't be read: .*computed"):
        overlap.sketch(lazy, by="other")


def test_a_generator_that_breaks_off_raises_what_it_raised(table):
    def parts():
        yield from table.to_batches(max_chunksize=20_000)[:2]
        raise OSError("disk 7 is gone")

    sketcher = overlap.Sketcher(**SMALL)
    with pytest.raises(OSError, match="disk 7 is gone"):
        sketcher.update(parts())
    assert sketcher.rows == 40_000


def test_a_dataset_is_never_in_memory_as_a_whole(tmp_path):
    path, rows, size = tmp_path / "large.parquet", 100_000, 400 * 800_000
    with pq.ParquetWriter(path, pa.schema({"user_id": pa.int64()}), compression="none", use_dictionary=False) as writer:
        for start in range(0, 400 * rows, rows):
            writer.write_batch(pa.record_batch({"user_id": np.arange(start, start + rows)}))
    (reader,) = batches(ds.dataset(path), ["user_id"])
    before, peak, seen = pa.total_allocated_bytes(), 0, 0
    for batch in reader:
        peak = max(peak, pa.total_allocated_bytes() - before)
        seen += batch.num_rows
    assert (seen, path.stat().st_size > size) == (400 * rows, True)
    assert peak < size / 2
