"""Sketches by Spark: one for each partition and segment where the data is, merged in a tree.

IDs are never shuffled; what travels is a sketch of a quarter of a megabyte at most for each partition and
segment. The workers need this package and pyarrow.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from . import _overlap
from ._api import Columns, _columns, _paths
from ._overlap import InputError, Sketcher, SketchTable, UsageError

if TYPE_CHECKING:
    import pyarrow
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import DataType, StructType

__all__ = ["read", "sketch", "sketch_files", "write"]

# The partitions whose sketches one task merges: 32 MB of them at most, at the default size.
_FAN_IN = 128

_PART = "_overlap_part"

# The most bytes of a batch of rows on its way to Python.
_BATCH_BYTES = "spark.sql.execution.arrow.maxBytesPerBatch"

# Options that a DataFrame has no use for.
_FILE_OPTIONS = ("max_page", "max_ratio", "max_value", "require_checksums")


def sketch(df: DataFrame, id: str = "user_id", by: Columns = None, **options: Any) -> DataFrame:
    """The sketch table of a DataFrame: one row a segment, one row in all without ``by``.

    Lazy, as DataFrames are. `write` makes it a sketch table for the command line and for
    ``overlap.sketch``, and `read` brings it to the driver. Anything else may be done with it too
    (``sketch(df).write.saveAsTable("shop")``), but takes two to four times as long, unless
    ``spark.sql.execution.arrow.maxBytesPerBatch`` is 2147483647: below that, Spark measures a batch again
    for every row that it adds. Tasks that are tried again, or run twice on speculation, change nothing:
    Spark takes the result of one of them. Options are those of ``overlap.Sketcher``.
    """
    columns = _columns(by)
    missing = [name for name in [id, *columns] if name not in df.columns]
    if missing:
        raise UsageError(f"no column {missing[0]}; the columns are {', '.join(df.columns)}")
    nobody = Sketcher(id, columns, **options)  # wrong options are wrong here, not on the workers
    needed = df.select(*dict.fromkeys([id, *columns]))
    schema = _schema({name: needed.schema[name].dataType for name in columns})

    def sketch_partition(batches: Iterable[pyarrow.RecordBatch]) -> Iterator[pyarrow.RecordBatch]:
        sketcher = Sketcher(id, columns, **options)
        for batch in batches:
            sketcher.update(batch)
        yield from _batches(sketcher.finish_table(), schema)

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
    """
    from pyspark.sql import types as T

    columns = _columns(by)
    of_files = {name: options.pop(name) for name in _FILE_OPTIONS if name in options}
    Sketcher(id or "user_id", columns, **options)
    files = [os.fspath(file) for file in _overlap.list_files(_paths(paths) or [paths])]
    for file in files:
        if not os.path.exists(file):
            raise InputError(f"{file}: no such file")
    stored = {field.name: field.dataType for field in spark.read.parquet(files[0]).schema}
    schema = _schema({name: stored.get(name, T.StringType()) for name in columns})

    def sketch_file(batches: Iterable[pyarrow.RecordBatch]) -> Iterator[pyarrow.RecordBatch]:
        for batch in batches:
            for file in batch.column(0).to_pylist():
                table = _overlap.sketch_paths([files[file]], id, columns, threads=1, **of_files, **options)
                yield from _batches(table, schema)

    numbers = spark.range(0, len(files), 1, numPartitions=len(files))
    return _merge_tree(numbers.mapInArrow(sketch_file, schema), columns, schema)


def read(df: DataFrame, theta_column: str | None = None, hll_column: str | None = None) -> SketchTable:
    """The sketches of a small DataFrame, brought to the driver.

    Of sketches that Spark's own ``theta_sketch_agg`` or ``hll_sketch_agg`` made, name the columns.
    """
    with _batches_unmeasured(df.sparkSession):
        return SketchTable.from_arrow(df.toArrow(), theta_column, hll_column)


def write(df: DataFrame, path: str | os.PathLike[str], mode: str = "error") -> None:
    """Writes a DataFrame of sketches as a sketch table, a folder of Parquet files; ``mode`` is that of
    ``DataFrameWriter.parquet``.
    """
    with _batches_unmeasured(df.sparkSession):
        df.write.mode(mode).parquet(os.fspath(path))


@contextmanager
def _batches_unmeasured(spark: SparkSession) -> Iterator[None]:
    """What runs within takes rows to Python in batches of so many rows, of whatever size.

    Spark 4.1 holds every batch against the most bytes after every row, by adding up its buffers: of
    15 s that 50 million rows took, 11 were that. The largest number turns it off.
    """
    before = spark.conf.get(_BATCH_BYTES, None)
    spark.conf.set(_BATCH_BYTES, 2**31 - 1)
    try:
        yield
    finally:
        if before is None:
            spark.conf.unset(_BATCH_BYTES)
        else:
            spark.conf.set(_BATCH_BYTES, before)


def _merge_tree(parts: DataFrame, columns: list[str], schema: StructType) -> DataFrame:
    """One sketch for each segment; no task ever holds those of all partitions."""
    from pyspark.sql import functions as F

    def merge_partition(batches: Iterable[pyarrow.RecordBatch]) -> Iterator[pyarrow.RecordBatch]:
        merged = _merged(batches, columns)
        if merged is not None:
            yield from _batches(merged, schema)

    quoted = ["`" + name.replace("`", "``") + "`" for name in columns]
    neighbours = parts.withColumn(_PART, F.floor(F.spark_partition_id() / _FAN_IN))
    first = neighbours.repartition(_PART, *quoted).drop(_PART).mapInArrow(merge_partition, schema)
    last = first.repartition(*quoted) if quoted else first.repartition(1)
    return last.mapInArrow(merge_partition, schema)


def _schema(segments: dict[str, DataType]) -> StructType:
    from pyspark.sql import types as T

    own = {
        "rows": T.LongType(),
        "nulls": T.LongType(),
        "users": T.LongType(),
        "hll": T.BinaryType(),
        "sample": T.BinaryType(),
    }
    for name in own.keys() & segments.keys():
        raise UsageError(f"segment column {name} has the name of a column of sketch tables; rename it")
    return T.StructType([T.StructField(name, kind) for name, kind in {**segments, **own}.items()])


def _batches(table: SketchTable, schema: StructType) -> Iterator[pyarrow.RecordBatch]:
    """The rows of a table in the types that Spark expects."""
    from pyspark.sql.pandas.types import to_arrow_schema

    arrow = table.to_arrow()
    # An empty partition knows no segments, nor the types of their columns.
    if len(arrow):
        yield from arrow.cast(to_arrow_schema(schema)).to_batches()


def _merged(batches: Iterable[pyarrow.RecordBatch], columns: list[str]) -> SketchTable | None:
    """All sketches of some batches, one for each segment, taken in batch by batch."""
    import pyarrow

    merged: SketchTable | None = None
    for batch in batches:
        rows = [pyarrow.table(batch)]
        if merged is not None:
            rows.append(merged.to_arrow().cast(rows[0].schema))
        merged = SketchTable.from_arrow(pyarrow.concat_tables(rows)).merge(columns)
    return merged
