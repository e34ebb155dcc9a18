"""Sketches by Spark: one for each partition and segment where the data is, merged in a tree.

IDs are never shuffled; what travels is a sketch of a quarter of a megabyte at most for each partition and
segment. The workers need this package and pyarrow.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from inspect import signature
from typing import TYPE_CHECKING, Any, Unpack

from . import _overlap
from ._api import Columns, SketchOptions, _columns, _paths
from ._overlap import InputError, Sketcher, SketchTable, UsageError

if TYPE_CHECKING:
    import pyarrow
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import DataType, StructType

__all__ = ["read", "sketch", "sketch_files", "write"]

# The partitions whose sketches of a segment are merged at once: 40 MB of them at most, at the default size.
_FAN_IN = 128

# The most bytes, and the most rows, of a batch on its way to Python.
_BATCH_BYTES = "spark.sql.execution.arrow.maxBytesPerBatch"
_BATCH_ROWS = "spark.sql.execution.arrow.maxRecordsPerBatch"

# Options that a DataFrame has no use for.
_FILE_OPTIONS = ("max_page", "max_ratio", "max_value", "require_checksums")


def sketch(df: DataFrame, id: str = "user_id", by: Columns = None, **options: Unpack[SketchOptions]) -> DataFrame:
    """The sketch table of a DataFrame: one row a segment, one row in all without ``by``.

    Lazy, as DataFrames are. `write` makes it a sketch table for the command line and for
    ``overlap.sketch``, and `read` brings it to the driver. Anything else may be done with it too
    (``sketch(df).write.saveAsTable("shop")``), but takes two to four times as long, unless
    ``spark.sql.execution.arrow.maxBytesPerBatch`` is 2147483647: below that, Spark measures a batch again
    for every row that it adds. Tasks that are tried again, or run twice on speculation, change nothing:
    Spark takes the result of one of them.

    Args:
        df: The rows.
        id: The column of the IDs.
        by: The segment columns, one name or several.
        options: ``precision``, ``k``, ``hash``, ``cast``, ``max_segments``, ``normalize``, ``region``, ``digest``,
            ``digested`` and ``key_file`` of ``overlap.Sketcher``. Every worker must find the key file under its path.
            What `write` writes of keyed sketches has no tag; ``overlap.write_sketches(read(df), path, key_file)`` has.

    Returns:
        A DataFrame of the segment columns, rows, nulls, users, hll and sample.

    Raises:
        UsageError: A column is missing, or an option is out of range.
    """
    from pyspark.sql import functions as F

    columns = _columns(by)
    wanted = list(dict.fromkeys([id, *columns]))
    missing = [name for name in wanted if name not in df.columns]
    if missing:
        raise UsageError(f"no column {missing[0]}; the columns are {', '.join(df.columns)}")
    nobody = Sketcher(id, columns, **options)  # wrong options are wrong here, not on the workers
    needed = df.select(*(F.col(_quoted(name)).alias(f"needed{place}") for place, name in enumerate(wanted)))
    types = dict(zip(wanted, (field.dataType for field in needed.schema)))
    schema = _schema({name: types[name] for name in columns})

    def sketch_partition(batches: Iterable[pyarrow.RecordBatch]) -> Iterator[pyarrow.RecordBatch]:
        sketcher = Sketcher(id, columns, **options)
        for batch in batches:
            sketcher.update(batch.rename_columns(wanted))
        yield from _rows(sketcher.finish_table(), schema).to_batches()

    parts = needed.mapInArrow(sketch_partition, schema)
    if not columns:
        # Spark doesn't even start what is known to have no rows; nobody is an answer too.
        nothing = nobody.finish_table().to_arrow()
        parts = parts.unionAll(df.sparkSession.createDataFrame(nothing, schema))
    return _merge_tree(parts, columns, schema)


def sketch_files(
    spark: SparkSession, paths: Any, id: str | None = None, by: Columns = None, **options: Any
) -> DataFrame:
    """The sketch table of Parquet files that every worker can open under the same paths.

    Paths are those of ``overlap.sketch``. Each file is a task that reads it with this package's own
    scan: many times faster than `sketch`, for no ID passes through the JVM. Segment columns may also
    be folders (``…/day=2026-11-23/…``); those are text.

    Args:
        spark: The session.
        paths: A path, a pattern, a folder, or a list of them.
        id: The column of the IDs; without it, whichever usual name there is.
        by: The segment columns, one name or several.
        options: Those of ``overlap.sketch``, but for ``threads``.

    Returns:
        A DataFrame of the segment columns, rows, nulls, users, hll and sample.

    Raises:
        UsageError: ``paths`` are no paths, or an option is out of range.
        InputError: A file is missing.
    """
    from pyspark.sql import types as T

    columns = _columns(by)
    of_files = {name: options.pop(name) for name in _FILE_OPTIONS if name in options}
    Sketcher("user_id", columns, **options)
    one = isinstance(paths, (str, os.PathLike)) or not isinstance(paths, Iterable)
    listed = _paths(paths if one else list(paths))
    if not listed:
        raise UsageError(f"paths are {paths!r}, but must be a path or several; sketch() takes DataFrames")
    files = [os.fspath(file) for file in _overlap.list_files(listed)]
    for file in files:
        if not os.path.exists(file):
            raise InputError(f"{file}: no such file")
    stored = spark.read.parquet(files[0]).schema if columns and files else T.StructType()
    types = {field.name: field.dataType for field in stored}
    schema = _schema({name: types.get(name, T.StringType()) for name in columns})

    def sketch_file(batches: Iterable[pyarrow.RecordBatch]) -> Iterator[pyarrow.RecordBatch]:
        for batch in batches:
            for file in batch.column(0).to_pylist():
                table = _overlap.sketch_paths([files[file]], id, columns, threads=1, **of_files, **options)
                yield from _rows(table, schema).to_batches()

    # An emptied table has no file.
    numbers = spark.range(0, len(files), 1, numPartitions=max(len(files), 1))
    return _merge_tree(numbers.mapInArrow(sketch_file, schema), columns, schema)


def read(df: DataFrame, theta_column: str | None = None, hll_column: str | None = None) -> SketchTable:
    """The sketches of a small DataFrame, brought to the driver.

    Args:
        df: The sketches: what `sketch` and `sketch_files` return, or a table of them that was read.
        theta_column: The column of theta sketches that Spark's ``theta_sketch_agg`` made, if there is one.
        hll_column: The column of HLL sketches that Spark's ``hll_sketch_agg`` made, if there is one.

    Returns:
        A ``SketchTable``.

    Raises:
        InputError: A row holds no valid sketch.
    """
    with _batches_unmeasured(df.sparkSession):
        return SketchTable.from_arrow(df.toArrow(), theta_column, hll_column)


def write(df: DataFrame, path: str | os.PathLike[str], mode: str = "error") -> None:
    """Writes a DataFrame of sketches as a sketch table, a folder of Parquet files.

    Args:
        df: The sketches: what `sketch` and `sketch_files` return.
        path: The folder.
        mode: What happens if it is there: ``"error"``, ``"overwrite"``, ``"append"`` or ``"ignore"``.
    """
    with _batches_unmeasured(df.sparkSession):
        df.write.mode(mode).parquet(os.fspath(path))


@contextmanager
def _batches_unmeasured(spark: SparkSession) -> Iterator[None]:
    """What runs within takes rows to Python in batches of so many rows, of whatever size.

    Spark 4.1 holds every batch against the most bytes after every row, by adding up its buffers: of
    15 s that 50 million rows took, 11 were that. The largest number turns it off. Batches of Spark's
    usual length grow, which saves a fifth of the rest; another length is somebody's choice.
    """
    before = {name: spark.conf.get(name, None) for name in (_BATCH_BYTES, _BATCH_ROWS)}
    spark.conf.set(_BATCH_BYTES, 2**31 - 1)
    if before[_BATCH_ROWS] == "10000":
        spark.conf.set(_BATCH_ROWS, 2**16)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                spark.conf.unset(name)
            else:
                spark.conf.set(name, value)


def _merge_tree(parts: DataFrame, columns: list[str], schema: StructType) -> DataFrame:
    """One sketch for each segment; a group has the sketches of 128 partitions, then one of each of those."""
    from pyspark.sql import functions as F

    def merge_group(group: pyarrow.Table) -> pyarrow.Table:
        return _rows(SketchTable.from_arrow(group.select(schema.names)).merge(segments), schema)

    segments, own = schema.names[: len(columns)], schema.names[len(columns) :]
    neighbours = parts.withColumn("part", F.floor(F.spark_partition_id() / _FAN_IN))
    first = neighbours.groupBy("part", *segments).applyInArrow(merge_group, schema)
    return first.groupBy(*segments).applyInArrow(merge_group, schema).toDF(*columns, *own)


def _quoted(name: str) -> str:
    """A column by its name, be there dots in it, which Spark would take for a path."""
    return "`" + name.replace("`", "``") + "`"


def _schema(segments: dict[str, DataType]) -> StructType:
    """Segment columns have plain names on their way: mapInArrow trips over dots and backticks."""
    from pyspark.sql import types as T

    own = {
        "rows": T.LongType(),
        "nulls": T.LongType(),
        "users": T.LongType(),
        "hll": T.BinaryType(),
        "sample": T.BinaryType(),
    }
    for name in segments:
        if name.lower() in own:  # Spark takes Users and users for one
            raise UsageError(f"segment column {name} has the name of a column of sketch tables; rename it")
    plain = {f"segment{place}": kind for place, kind in enumerate(segments.values())}
    return T.StructType([T.StructField(name, kind) for name, kind in {**plain, **own}.items()])


def _rows(table: SketchTable, schema: StructType) -> pyarrow.Table:
    """The rows of a table in the types that Spark expects."""
    arrow, wanted = table.to_arrow(), _arrow_schema(schema)
    # An empty partition knows no segments, nor the types of their columns.
    return arrow.rename_columns(wanted.names).cast(wanted) if len(arrow) else wanted.empty_table()


def _arrow_schema(schema: StructType) -> pyarrow.Schema:
    """Timestamps are in UTC, which PySpark 4.2 wants to be told and older ones take for granted."""
    from pyspark.sql.pandas.types import to_arrow_schema

    told: dict[str, Any] = {"timezone": "UTC"} if "timezone" in signature(to_arrow_schema).parameters else {}
    return to_arrow_schema(schema, **told)
