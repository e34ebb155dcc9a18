"""Sketches by Spark: one for each partition and segment where the data is, merged in a tree.

IDs are never shuffled; what travels is a sketch of a quarter of a megabyte at most for each partition and
segment. The workers need this package and pyarrow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ._api import Columns, _columns
from ._overlap import Sketcher, SketchTable, UsageError

if TYPE_CHECKING:
    import pyarrow
    from pyspark.sql import DataFrame
    from pyspark.sql.types import StructType

__all__ = ["read", "sketch"]

# The partitions whose sketches one task merges: 32 MB of them at most, at the default size.
_FAN_IN = 128

_PART = "_overlap_part"


def sketch(df: DataFrame, id: str = "user_id", by: Columns = None, **options: Any) -> DataFrame:
    """The sketch table of a DataFrame: one row a segment, one row in all without ``by``.

    Lazy, as DataFrames are. ``sketch(df).write.parquet("shop.ovs")`` is a sketch table for the command
    line and for ``overlap.sketch``; `read` brings it to the driver. Tasks that are tried again, or run
    twice on speculation, change nothing: Spark takes the result of one of them. Options are those of
    ``overlap.Sketcher``.
    """
    from pyspark.sql import functions as F

    columns = _columns(by)
    missing = [name for name in [id, *columns] if name not in df.columns]
    if missing:
        raise UsageError(f"no column {missing[0]}; the columns are {', '.join(df.columns)}")
    Sketcher(id, columns, **options)  # wrong options are wrong here, not on the workers
    needed = df.select(*dict.fromkeys([id, *columns]))
    schema = _schema(needed, columns)

    def sketch_partition(batches: Iterable[pyarrow.RecordBatch]) -> Iterator[pyarrow.RecordBatch]:
        sketcher = Sketcher(id, columns, **options)
        for batch in batches:
            sketcher.update(batch)
        yield from _batches(sketcher.finish_table(), schema)

    def merge_partition(batches: Iterable[pyarrow.RecordBatch]) -> Iterator[pyarrow.RecordBatch]:
        merged = _merged(batches, columns)
        if merged is not None:
            yield from _batches(merged, schema)

    quoted = [_quoted(name) for name in columns]
    parts = needed.mapInArrow(sketch_partition, schema)
    if not columns:
        # Spark doesn't even start what is known to have no rows; nobody is an answer too.
        nobody = Sketcher(id, **options).finish_table().to_arrow()
        parts = parts.unionAll(df.sparkSession.createDataFrame(nobody, schema))
    parts = parts.withColumn(_PART, F.floor(F.spark_partition_id() / _FAN_IN))
    # Sketches of neighbouring partitions meet first, so that no task ever holds all of them.
    parts = parts.repartition(_PART, *quoted).drop(_PART).mapInArrow(merge_partition, schema)
    last = parts.repartition(*quoted) if quoted else parts.repartition(1)
    return last.mapInArrow(merge_partition, schema)


def read(df: DataFrame, theta_column: str | None = None, hll_column: str | None = None) -> SketchTable:
    """The sketches of a small DataFrame, brought to the driver.

    Of sketches that Spark's own ``theta_sketch_agg`` or ``hll_sketch_agg`` made, name the columns.
    """
    return SketchTable.from_arrow(df.toArrow(), theta_column, hll_column)


def _schema(df: DataFrame, columns: list[str]) -> StructType:
    from pyspark.sql import types as T

    fields = [T.StructField(name, df.schema[name].dataType) for name in columns]
    for name, kind in [
        ("rows", T.LongType()),
        ("nulls", T.LongType()),
        ("users", T.LongType()),
        ("hll", T.BinaryType()),
        ("sample", T.BinaryType()),
    ]:
        if name in columns:
            raise UsageError(f"segment column {name} has the name of a column of sketch tables; rename it")
        fields.append(T.StructField(name, kind))
    return T.StructType(fields)


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


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
