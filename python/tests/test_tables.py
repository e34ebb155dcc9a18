"""Tables of Delta and Iceberg as their own libraries write them: their live rows are counted, and no others."""

import json
import shutil
import subprocess
from datetime import date

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.manifest import DataFileContent
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import IdentityTransform
from pyiceberg.types import DateType, LongType, NestedField, StringType

import overlap
from overlap import _overlap


def rows(start: int, stop: int) -> pa.Table:
    """Users from ``start`` to ``stop`` in three tiers, two of which are one number, and on two days."""
    users = range(start, stop)
    return pa.table(
        {
            "user_id": pa.array(users, pa.int64()),
            "tier": [["01", "1", "x"][user % 3] for user in users],
            "day": [date(2026, 11, 1 + user % 2) for user in users],
        }
    )


def truth(table: pa.Table, column: str = "user_id") -> tuple[int, int]:
    """Distinct users and rows, as DuckDB counts them."""
    return duckdb.from_arrow(table).aggregate(f"count(DISTINCT {column}), count(*)").fetchall()[0]


@pytest.fixture
def counted(run):
    """Distinct users and rows, as the program counts them."""

    def counted(path, *options) -> tuple[int, int]:
        (side,) = json.loads(run("exact", f"side={path}", *options, "--format", "json"))["sides"]
        return side["users"]["value"], side["rows"]

    return counted


@pytest.fixture
def segments(run):
    def segments(path, by, *options) -> dict[str, int]:
        answer = json.loads(run("matrix", f"side={path}", "--by", by, *options, "--format", "json"))
        return {side["name"].removeprefix("side/"): round(side["users"]["value"]) for side in answer["sides"]}

    return segments


@pytest.fixture
def refused(binary):
    def refused(path, *options) -> str:
        done = subprocess.run([binary, "exact", str(path), *options], capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (3, "")
        return done.stderr

    return refused


def truth_of_segments(table: pa.Table, by: str) -> dict[str, int]:
    columns = duckdb.from_arrow(table).project(f"{by}::VARCHAR AS value, user_id")
    counts = columns.aggregate("value, count(DISTINCT user_id)", "value").fetchall()
    return {"null" if value is None else value: users for value, users in counts}


COLUMNS = Schema(
    NestedField(1, "user_id", LongType()), NestedField(2, "tier", StringType()), NestedField(3, "day", DateType())
)
BY_TIER = PartitionSpec(
    PartitionField(2, 1000, IdentityTransform(), "tier"), PartitionField(3, 1001, IdentityTransform(), "day")
)


class Iceberg:
    """A table of a catalog of its own, and its folder."""

    def __init__(self, folder, version: int, spec: PartitionSpec):
        self.catalog = SqlCatalog("c", uri=f"sqlite:///{folder}/catalog.db", warehouse=f"file://{folder}")
        self.catalog.create_namespace("n")
        self.table = self.catalog.create_table(
            "n.t", COLUMNS, partition_spec=spec, properties={"format-version": str(version)}
        )
        self.folder = folder / "n" / "t"

    def rows(self, snapshot: int | None = None) -> pa.Table:
        return self.table.scan(snapshot_id=snapshot).to_arrow()


@pytest.fixture(params=[(1, PartitionSpec()), (2, PartitionSpec()), (2, BY_TIER)], ids=["v1", "v2", "partitioned"])
def iceberg(request, tmp_path) -> Iceberg:
    return Iceberg(tmp_path, *request.param)


def test_iceberg_counts_what_pyiceberg_scans(iceberg, counted, segments, tmp_path):
    assert counted(iceberg.folder) == (0, 0)
    table = iceberg.table
    steps = [
        lambda: table.append(rows(0, 1_000)),
        lambda: table.append(rows(500, 1_500)),
        lambda: table.delete("user_id < 100"),
        lambda: table.overwrite(rows(2_000, 2_300), overwrite_filter="user_id >= 1400"),
        lambda: table.delete("tier = 'x'"),
    ]
    for step in steps:
        step()
        assert counted(iceberg.folder) == truth(iceberg.rows())
    for by in ("tier", "day"):
        assert segments(iceberg.folder, by) == truth_of_segments(iceberg.rows(), by)
    for snapshot in table.snapshots():
        expected = truth(iceberg.rows(snapshot.snapshot_id))
        assert counted(iceberg.folder, "--as-of", snapshot.snapshot_id) == expected
    for pattern in ("/data", "/**/*.parquet", "/*"):
        assert counted(f"{iceberg.folder}{pattern}") == truth(iceberg.rows())
    # Wherever the table is copied to.
    moved = shutil.copytree(iceberg.folder, tmp_path / "moved")
    shutil.rmtree(iceberg.folder)
    assert counted(moved)[0] < counted(moved, "--files")[0]
    assert overlap.sketch(moved).users().value == counted(moved)[0]


def test_a_partition_and_a_file_of_iceberg_are_their_live_rows(tmp_path, counted):
    iceberg = Iceberg(tmp_path, 2, BY_TIER)
    iceberg.table.append(rows(0, 900))
    iceberg.table.delete("user_id < 300")
    live = iceberg.rows()
    in_tier = duckdb.from_arrow(live).filter("tier = '01'").to_arrow_table()
    assert counted(iceberg.folder / "data" / "tier=01") == truth(in_tier)
    files = iceberg.table.inspect.files()["file_path"].to_pylist()
    parts = [counted(path.removeprefix("file://")) for path in files]
    assert sum(users for users, _ in parts) == truth(live)[0]


def test_columns_of_iceberg_are_found_under_the_names_that_they_had(tmp_path, counted, segments):
    iceberg = Iceberg(tmp_path, 2, PartitionSpec())
    table = iceberg.table
    table.append(rows(0, 600))
    with table.update_schema() as update:
        update.rename_column("user_id", "member")
        update.rename_column("tier", "class")
        update.add_column("city", StringType())
    newer = pa.table({"member": range(300, 900), "class": ["y"] * 600, "city": ["K"] * 600})
    table.append(newer.append_column("day", pa.array([date(2026, 11, 3)] * 600)))
    assert counted(iceberg.folder, "--id", "member") == truth(iceberg.rows(), "member") == (900, 1_200)
    for by in ("class", "city"):
        named = iceberg.rows().rename_columns({"member": "user_id"})
        assert segments(iceberg.folder, by, "--id", "member") == truth_of_segments(named, by)
    first = table.snapshots()[0].snapshot_id
    assert counted(iceberg.folder, "--as-of", first) == (600, 600)
    with table.update_schema(allow_incompatible_changes=True) as update:
        update.delete_column("class")
    assert counted(iceberg.folder, "--id", "member") == (900, 1_200)


def test_files_that_iceberg_took_in_are_read_by_their_names(tmp_path, counted, refused):
    iceberg = Iceberg(tmp_path, 2, PartitionSpec())
    (iceberg.folder / "data").mkdir(exist_ok=True)
    pq.write_table(rows(0, 400), iceberg.folder / "data" / "taken.parquet")
    iceberg.table.add_files([f"file://{iceberg.folder}/data/taken.parquet"])
    iceberg.table.append(rows(300, 500))
    assert counted(iceberg.folder) == truth(iceberg.rows()) == (500, 600)
    with iceberg.table.transaction() as change:
        change.remove_properties("schema.name-mapping.default")
    assert "no field IDs" in refused(iceberg.folder)


def test_iceberg_with_files_of_deleted_rows_is_refused_by_name(tmp_path, refused, counted):
    iceberg = Iceberg(tmp_path, 2, PartitionSpec())
    iceberg.table.append(rows(0, 100))
    (entry,) = iceberg.table.current_snapshot().manifests(iceberg.table.io)
    (data,) = entry.fetch_manifest_entry(iceberg.table.io)
    for content in (DataFileContent.POSITION_DELETES, DataFileContent.EQUALITY_DELETES):
        file = data.data_file
        file[0] = content
        with iceberg.table.transaction() as change, change.update_snapshot().fast_append() as append:
            append.append_data_file(file)
        says = refused(iceberg.folder)
        assert "Iceberg table" in says and "delete files" in says and "rewrite_data_files" in says
    assert counted(iceberg.folder, "--as-of", iceberg.table.snapshots()[0].snapshot_id) == (100, 100)


def delta_rows(table: DeltaTable) -> pa.Table:
    return pa.table(table.to_pyarrow_table())


@pytest.mark.parametrize("partitions", [[], ["tier"], ["tier", "day"]], ids=["whole", "tier", "tier and day"])
def test_delta_counts_what_deltalake_reads(partitions, tmp_path, counted, segments):
    folder = tmp_path / "table"
    write_deltalake(folder, rows(0, 1_000), partition_by=partitions)
    write_deltalake(folder, rows(500, 1_500), mode="append")
    table = DeltaTable(folder)
    steps = [
        lambda: table.delete("user_id < 100"),
        lambda: table.update({"user_id": "user_id + 5000"}, predicate="user_id < 200"),
        lambda: table.create_checkpoint(),
        lambda: table.delete("tier = 'x'"),
        lambda: table.optimize.compact(),
        lambda: table.vacuum(0, dry_run=False, enforce_retention_duration=False),
    ]
    for step in steps:
        step()
        assert counted(folder) == truth(delta_rows(DeltaTable(folder)))
    for by in ("tier", "day"):
        assert segments(folder, by) == truth_of_segments(delta_rows(table), by)
    for pattern in ("/**/*.parquet", "/*"):
        assert counted(f"{folder}{pattern}") == truth(delta_rows(table))
    if partitions:
        in_tier = duckdb.from_arrow(delta_rows(table)).filter("tier = '01'").to_arrow_table()
        assert counted(folder / "tier=01") == truth(in_tier)
    files = [counted(path.removeprefix("file://")) for path in table.file_uris()]
    assert sum(count for _, count in files) == truth(delta_rows(table))[1]
    # What Spark's workers read one by one.
    assert len(_overlap.list_files([str(folder)])) == len(files)
    table.delete()
    assert counted(folder) == (0, 0)


def test_versions_of_delta_are_those_of_deltalake(tmp_path, counted):
    folder = tmp_path / "table"
    write_deltalake(folder, rows(0, 300))
    write_deltalake(folder, rows(200, 600), mode="append")
    DeltaTable(folder).delete("user_id < 50")
    write_deltalake(folder, rows(0, 10), mode="overwrite")
    for version in range(4):
        expected = truth(delta_rows(DeltaTable(folder, version=version)))
        assert counted(folder, "--as-of", version) == expected


def test_columns_of_delta_are_called_as_the_table_calls_them(tmp_path, counted, segments):
    folder = tmp_path / "table"
    write_deltalake(folder, rows(0, 300), partition_by=["tier"], configuration={"delta.columnMapping.mode": "name"})
    table = DeltaTable(folder)
    table.delete("user_id < 30")
    (file, *_) = folder.rglob("*.parquet")
    assert "user_id" not in pq.read_schema(file).names
    assert counted(folder) == (270, 270)
    assert segments(folder, "tier") == {"01": 90, "1": 90, "x": 90}


def test_columns_that_delta_was_given_later_are_null_before(tmp_path, counted, segments, refused):
    folder = tmp_path / "table"
    write_deltalake(folder, rows(0, 300))
    newer = rows(200, 500).append_column("city", pa.array(["K"] * 300))
    write_deltalake(folder, newer, mode="append", schema_mode="merge")
    assert counted(folder) == (500, 600)
    assert segments(folder, "city") == truth_of_segments(delta_rows(DeltaTable(folder)), "city") == {"null": 300, "K": 300}
    write_deltalake(folder, pa.table({"member_id": range(10)}), mode="append", schema_mode="merge")
    assert "before its table had the column member_id" in refused(folder, "--id", "member_id")
