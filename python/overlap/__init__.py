"""How many users do two platforms share, and how many do they reach together?

Sketches of user IDs from anything that speaks Arrow (pyarrow, polars, pandas, DuckDB) or from files, and
what they answer, each number with an interval:

>>> import pyarrow as pa, overlap
>>> shop = overlap.sketch(pa.table({"user_id": range(0, 150_000)}))
>>> pay = overlap.sketch(pa.table({"user_id": range(100_000, 200_000)}))
>>> pair = overlap.estimate(shop, pay)
>>> pair.overlap.lower <= 50_000 <= pair.overlap.upper
True
>>> (shop | pay).users().lower <= 200_000 <= (shop | pay).users().upper
True
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Union

from ._overlap import (
    IncomparableError,
    InputError,
    LimitError,
    OutputError,
    OverlapError,
    Sketch,
    SketchTable,
    UsageError,
    _overlap_version,
)
from ._overlap import Sketcher as _Sketcher
from ._overlap import estimate as _estimate
from ._overlap import matrix as _matrix
from ._overlap import reach as _reach
from ._overlap import read_sketches as _read_sketches
from ._overlap import regions as _regions
from ._overlap import sketch_paths as _sketch_paths
from ._results import Estimate, Pair, Records

__version__ = _overlap_version
__all__ = [
    "Estimate",
    "IncomparableError",
    "InputError",
    "LimitError",
    "OutputError",
    "OverlapError",
    "Pair",
    "Records",
    "Sketch",
    "SketchTable",
    "Sketcher",
    "UsageError",
    "estimate",
    "matrix",
    "merge",
    "reach",
    "read_sketches",
    "regions",
    "sketch",
    "write_sketches",
]

Path = Union[str, os.PathLike]
Named = Union[Mapping[str, Sketch], Sequence[Sketch], SketchTable]


class Sketcher(_Sketcher):
    """Sketches of a stream in the making.

    ``id`` is the column of the IDs, ``by`` a column or columns whose values are sketched apart;
    ``precision``, ``k``, ``hash`` and ``cast`` are the command line's ``--precision``, ``--k``,
    ``--hash`` and ``--as``. A batch that is refused leaves the sketcher as it was.

    >>> import pyarrow as pa
    >>> sketcher = Sketcher("uid")
    >>> sketcher.update(pa.record_batch({"uid": [1, 2, None]})).update(pa.table({"uid": [2, 3]}))
    <Sketcher of 5 rows>
    >>> sketcher.finish().users()
    3
    """

    def __new__(cls, id: str = "user_id", by: Union[str, Iterable[str], None] = None, **options: Any):
        return super().__new__(cls, id, _columns(by), **options)

    def update(self, data: Any) -> Sketcher:
        """Takes in a batch, table, reader or frame, or (without ``by``) an array or series of IDs."""
        if hasattr(data, "__arrow_c_array__") or hasattr(data, "__arrow_c_stream__"):
            if _holds_rows(data):
                self.update_batches(data)
            else:
                self.update_ids(data)
            return self
        reader = _arrow_reader(data)
        return self.update(reader)

    def finish(self) -> Union[Sketch, SketchTable]:
        """The sketch, or with ``by`` the table of sketches; the sketcher is then spent."""
        table = self.finish_table()
        return table if self.by else table.sketches[0]

    def __repr__(self) -> str:
        return f"<Sketcher of {self.rows:,} rows>"


def sketch(
    data: Any,
    id: Union[str, None] = None,
    by: Union[str, Iterable[str], None] = None,
    *,
    threads: Union[int, None] = None,
    **options: Any,
) -> Union[Sketch, SketchTable]:
    """The sketch of the users in some data; with ``by`` a table of sketches by segment.

    ``data`` is anything with the Arrow PyCapsule interface, or a path, a glob, a folder, or a list of
    them: Parquet and sketch files, as the command line takes them. ``id`` is the column of the IDs
    (``user_id``; of files the only usual name there is). ``threads`` is for files.

    >>> import pyarrow as pa
    >>> table = pa.table({"user_id": [1, 2, 3, 3], "tier": ["a", "a", "b", "b"]})
    >>> sketch(table).users(), sketch(table, by="tier").labels
    (3, ['a', 'b'])
    """
    paths = _paths(data)
    if paths is not None:
        table = _sketch_paths(paths, id, _columns(by), threads=threads, **options)
        return table if _columns(by) else table.sketches[0]
    return Sketcher(id or "user_id", by, **options).update(data).finish()


def merge(sketches: Iterable[Sketch]) -> Sketch:
    """The sketch of the union of all sets.

    >>> import pyarrow as pa
    >>> merge(sketch(pa.table({"user_id": [day, 7]})) for day in range(3)).users()
    4
    """
    first, *rest = sketches
    for other in rest:
        first = first.merge(other)
    return first


def estimate(a: Sketch, b: Sketch, confidence: float = 0.95) -> Pair:
    """Users of both, of each alone, of either, with intervals.

    >>> import pyarrow as pa
    >>> a, b = (sketch(pa.table({"user_id": ids})) for ids in ([1, 2, 3], [3, 4]))
    >>> estimate(a, b).overlap, estimate(a, b).union
    (1, 4)
    """
    numbers = _estimate(a, b, confidence)
    quality = numbers.pop("quality")
    return Pair(**{name: Estimate(*number) for name, number in numbers.items()}, quality=quality)


def regions(sketches: Named, confidence: float = 0.95) -> Records:
    """Users in just these sketches and no others, for every choice of up to eight.

    >>> import pyarrow as pa
    >>> a, b = (sketch(pa.table({"user_id": ids})) for ids in ([1, 2, 3], [3, 4]))
    >>> [(row["sides"], row["users"].value) for row in regions({"a": a, "b": b})]
    [(['a'], 2.0), (['b'], 1.0), (['a', 'b'], 1.0)]
    """
    names, values = _named(sketches)
    rows = _regions(values, confidence)
    return Records(
        tuple({"sides": [names[i] for i in sides], "users": Estimate(*users)} for sides, users in rows)
    )


def matrix(sketches: Named, confidence: float = 0.95) -> Records:
    """Every two of many sketches: overlap, shares, Jaccard."""
    names, values = _named(sketches)
    _, pairs = _matrix(values, confidence)
    keys = ("overlap", "share_of_a", "share_of_b", "jaccard")
    return Records(
        tuple(
            {"a": names[a], "b": names[b], **{k: Estimate(*n) for k, n in zip(keys, numbers)}}
            for a, b, *numbers in pairs
        )
    )


def reach(
    sketches: Named, order: str = "given", base: Union[str, None] = None, confidence: float = 0.95
) -> Records:
    """The reach of ever more sketches together; ``order="greedy"`` adds the best next each time.

    >>> import pyarrow as pa
    >>> sides = {n: sketch(pa.table({"user_id": ids})) for n, ids in {"a": [1], "b": [1, 2, 3], "c": [3, 4]}.items()}
    >>> [(step["side"], step["reach"].value) for step in reach(sides, order="greedy")]
    [('b', 3.0), ('c', 4.0), ('a', 4.0)]
    """
    names, values = _named(sketches)
    if order not in ("given", "greedy"):
        raise UsageError("order must be 'given' or 'greedy'")
    if base is not None and base not in names:
        raise UsageError(f"no sketch is called {base}; they are {', '.join(names)}")
    first = None if base is None else names.index(base)
    steps = _reach(values, order == "greedy", first, confidence)
    return Records(
        tuple(
            {
                "side": names[side],
                "users": Estimate(*users),
                "added": Estimate(*added),
                "reach": Estimate(*total),
                "duplication": duplication,
            }
            for side, users, added, total, duplication in steps
        )
    )


def read_sketches(path: Path) -> SketchTable:
    """The sketches of a file: a sketch table, or a ``.theta`` or ``.hll`` image."""
    return _read_sketches(path)


def write_sketches(sketches: Union[Sketch, SketchTable], path: Path) -> int:
    """Writes a sketch file, whole or not at all; returns its size in bytes."""
    table = sketches if isinstance(sketches, SketchTable) else SketchTable.of(sketches)
    return table.write(path)


def _users(self: Sketch, confidence: float = 0.95) -> Estimate:
    """How many distinct users, with an interval."""
    return Estimate(*self._users(confidence))


def _repr(self: Sketch) -> str:
    return f"<Sketch of {self.users()} users>"


def _reduce(self: Sketch):
    return Sketch.from_blobs, (self.hll, self.sample, self.rows, self.nulls)


def _to_arrow(self: SketchTable) -> Any:
    """The table as pyarrow has it: segment columns, rows, nulls, users, hll, sample."""
    import pyarrow

    return pyarrow.table(self._to_arrow())


def _reduce_table(self: SketchTable):
    return SketchTable.from_arrow, (self.to_arrow(),)


def _getitem(self: SketchTable, label: Union[int, str]) -> Sketch:
    return self.sketches[self.labels.index(label) if isinstance(label, str) else label]


Sketch.users = _users
Sketch.__repr__ = _repr
Sketch._repr_html_ = lambda self: f"<code>{_repr(self)}</code>".replace("<Sketch", "&lt;Sketch")
Sketch.__reduce__ = _reduce
SketchTable.to_arrow = _to_arrow
SketchTable.__reduce__ = _reduce_table
SketchTable.__getitem__ = _getitem
SketchTable.__repr__ = lambda self: f"<SketchTable of {len(self)} by {', '.join(self.columns) or 'nothing'}>"


def _columns(by: Union[str, Iterable[str], None]) -> list[str]:
    if by is None:
        return []
    return [by] if isinstance(by, str) else list(by)


def _paths(data: Any) -> Union[list[str], None]:
    if isinstance(data, (str, os.PathLike)):
        return [os.fspath(data)]
    if isinstance(data, (list, tuple)) and data and all(isinstance(p, (str, os.PathLike)) for p in data):
        return [os.fspath(path) for path in data]
    return None


def _named(sketches: Named) -> tuple[list[str], list[Sketch]]:
    if isinstance(sketches, SketchTable):
        return sketches.labels, sketches.sketches
    if isinstance(sketches, Mapping):
        return list(sketches), list(sketches.values())
    return [str(place) for place in range(len(sketches))], list(sketches)


def _holds_rows(data: Any) -> bool:
    """Whether it exports rows of columns rather than an array of values."""
    return any(hasattr(data, name) for name in ("columns", "schema", "column_names"))


def _arrow_reader(data: Any) -> Any:
    """Data whose library offers Arrow under another name (older DuckDB, pandas)."""
    for name in ("fetch_arrow_reader", "to_arrow_reader", "to_arrow_table", "to_arrow"):
        if hasattr(data, name):
            return getattr(data, name)()
    raise InputError(
        f"a {type(data).__name__} offers no Arrow data; pass a table, frame, array or path, such as pyarrow.table(…)"
    )
