"""The functions: data into sketches, sketches into answers."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, TypedDict, Union, Unpack, overload

from . import _overlap
from ._overlap import Sketch, Sketcher, SketchTable, UsageError
from ._results import Estimate, Pair, Records

Path = Union[str, os.PathLike[str]]
Columns = Union[str, Iterable[str], None]
Named = Union[Mapping[str, Sketch], Sequence[Sketch], SketchTable]


class SketchOptions(TypedDict, total=False):
    precision: int
    k: int
    hash: Literal["xxh3", "murmur3"]
    cast: Literal["integer", "string", "binary"] | None
    max_segments: int


class FileOptions(SketchOptions, total=False):
    threads: int | None
    max_page: int | None
    max_ratio: int | None
    max_value: int | None
    require_checksums: bool


@overload
def sketch(data: Any, id: str | None = None, by: None = None, **options: Unpack[FileOptions]) -> Sketch: ...
@overload
def sketch(data: Any, id: str | None, by: str | Iterable[str], **options: Unpack[FileOptions]) -> SketchTable: ...
@overload
def sketch(
    data: Any, id: str | None = None, *, by: str | Iterable[str], **options: Unpack[FileOptions]
) -> SketchTable: ...
def sketch(
    data: Any,
    id: str | None = None,
    by: Columns = None,
    *,
    precision: int = 16,
    k: int = 65_536,
    hash: Literal["xxh3", "murmur3"] = "xxh3",
    cast: Literal["integer", "string", "binary"] | None = None,
    max_segments: int = 10_000,
    threads: int | None = None,
    max_page: int | None = None,
    max_ratio: int | None = None,
    max_value: int | None = None,
    require_checksums: bool = False,
) -> Sketch | SketchTable:
    """The sketch of the users in some data; with ``by`` a table of sketches by segment.

    ``data`` is anything with the Arrow PyCapsule interface (frames, tables, readers, relations, arrays,
    series), or a path, a pattern, a folder, or a list of them: Parquet and sketch files, as the command
    line takes them. ``id`` is the column of the IDs: ``user_id``, unless it is named; of files, whichever
    usual name there is. The options are those of `Sketcher`.

    For files alone: ``threads`` (all else runs on the thread that calls), and what they may ask for: bytes
    of a page, bytes decompressed of one stored byte, bytes of an ID, each with the command line's default;
    ``require_checksums`` refuses pages without one.

    >>> import pyarrow as pa
    >>> table = pa.table({"user_id": [1, 2, 3, 3], "tier": ["a", "a", "b", "b"]})
    >>> sketch(table).users(), sketch(table, by="tier").labels
    (3, ['a', 'b'])
    """
    paths = _paths(data)
    columns = _columns(by)
    if paths is not None:
        table = _overlap.sketch_paths(
            paths,
            id,
            columns,
            precision=precision,
            k=k,
            hash=hash,
            cast=cast,
            max_segments=max_segments,
            threads=threads,
            max_page=max_page,
            max_ratio=max_ratio,
            max_value=max_value,
            require_checksums=require_checksums,
        )
        return table if columns else table[0]
    if require_checksums:
        raise UsageError("require_checksums is for files; Arrow data has no checksums")
    id = "user_id" if id is None else id
    sketcher = Sketcher(id, columns, precision=precision, k=k, hash=hash, cast=cast, max_segments=max_segments)
    table = sketcher.update(_only(data, [id, *columns])).finish_table()
    return table if columns else table[0]


def merge(sketches: Iterable[Sketch]) -> Sketch:
    """The sketch of the union of all sets.

    >>> import pyarrow as pa
    >>> merge(sketch(pa.table({"user_id": [day, 7]})) for day in range(3)).users()
    4
    """
    merged: Sketch | None = None
    for one in sketches:
        if not isinstance(one, Sketch):
            raise UsageError(f"a {type(one).__name__} is no Sketch: pass those of sketch(data) or of a table")
        merged = one if merged is None else merged.merge(one)
    if merged is None:
        raise UsageError("no sketches to merge")
    return merged


def estimate(a: Sketch, b: Sketch, confidence: float = 0.95) -> Pair:
    """Users of both, of each alone, of either, with intervals.

    >>> import pyarrow as pa
    >>> a, b = (sketch(pa.table({"user_id": ids})) for ids in ([1, 2, 3], [3, 4]))
    >>> estimate(a, b).overlap, estimate(a, b).union
    (1, 4)
    """
    return Pair(**_overlap.estimate(a, b, confidence))


def regions(sketches: Named, confidence: float = 0.95) -> Records:
    """Users in just these sketches and no others, for every choice of up to eight.

    >>> import pyarrow as pa
    >>> a, b = (sketch(pa.table({"user_id": ids})) for ids in ([1, 2, 3], [3, 4]))
    >>> [(row["sides"], row["users"]) for row in regions({"a": a, "b": b})]
    [(['a'], 2), (['b'], 1), (['a', 'b'], 1)]
    """
    names, values = _named(sketches)
    rows = _overlap.regions(values, confidence)
    return Records([{"sides": [names[i] for i in sides], "users": users} for sides, users in rows])


def matrix(sketches: Named, confidence: float = 0.95) -> Records:
    """Every two of many sketches: overlap, shares, Jaccard.

    >>> import pyarrow as pa
    >>> a, b = (sketch(pa.table({"user_id": ids})) for ids in ([1, 2, 3], [3, 4]))
    >>> matrix({"a": a, "b": b})
    a  b  overlap  share_of_a  share_of_b  jaccard
    a  b        1      0.3333      0.5000   0.2500
    """
    names, values = _named(sketches)
    keys = ("overlap", "share_of_a", "share_of_b", "jaccard")
    rows = _overlap.matrix(values, confidence)
    return Records([{"a": names[a], "b": names[b], **dict(zip(keys, numbers))} for a, b, numbers in rows])


def reach(
    sketches: Named,
    order: Literal["given", "greedy"] = "given",
    base: Any = None,
    confidence: float = 0.95,
) -> Records:
    """The reach of ever more sketches together; ``greedy`` adds the best next each time.

    >>> import pyarrow as pa
    >>> sides = {"a": [1], "b": [1, 2, 3], "c": [3, 4]}
    >>> sides = {name: sketch(pa.table({"user_id": ids})) for name, ids in sides.items()}
    >>> [(step["side"], step["reach"]) for step in reach(sides, order="greedy")]
    [('b', 3), ('c', 4), ('a', 4)]
    """
    names, values = _named(sketches)
    if order not in ("given", "greedy"):
        raise UsageError("order must be 'given' or 'greedy'")
    base = None if base is None else str(base)
    if base is not None and base not in names:
        raise UsageError(f"no sketch is called {base}; they are {', '.join(names)}")
    first = None if base is None else names.index(base)
    keys = ("users", "added", "reach")
    rows = _overlap.reach(values, order == "greedy", first, confidence)
    return Records(
        [
            {"side": names[side], **dict(zip(keys, numbers)), "duplication": duplication}
            for side, numbers, duplication in rows
        ]
    )


def read_sketches(path: Path) -> SketchTable:
    """The sketches of a file: a sketch table, or a ``.theta`` or ``.hll`` image of DataSketches."""
    return _overlap.read_sketches(path)


def write_sketches(sketches: Sketch | SketchTable, path: Path) -> int:
    """Writes a sketch file, whole or not at all; returns its size in bytes."""
    table = sketches if isinstance(sketches, SketchTable) else SketchTable.of(sketches)
    return table.write(path)


def _columns(by: Columns) -> list[str]:
    if by is None:
        return []
    names = [by] if isinstance(by, str) or not isinstance(by, Iterable) else list(by)
    if not all(isinstance(name, str) for name in names):
        raise UsageError(f"by is {by!r}, but must be the name of a column, or several names")
    return list(dict.fromkeys(names))


def _paths(data: Any) -> list[str] | None:
    paths = data if isinstance(data, (list, tuple)) else [data]
    if not paths or not all(isinstance(path, (str, os.PathLike)) for path in paths):
        return None
    return [os.fspath(path) for path in paths]


def _only(data: Any, columns: list[str]) -> Any:
    """Just these columns, where the library would otherwise convert or compute all of them."""
    library = type(data).__module__.partition(".")[0].lstrip("_") if hasattr(data, "__arrow_c_stream__") else ""
    if library not in ("pandas", "polars", "duckdb") or not set(columns) <= set(getattr(data, "columns", ())):
        return data
    if library == "duckdb":
        quoted = ('"' + column.replace('"', '""') + '"' for column in dict.fromkeys(columns))
        return data.project(", ".join(quoted))
    return data[list(dict.fromkeys(columns))]


def _named(sketches: Named) -> tuple[list[str], list[Sketch]]:
    if isinstance(sketches, SketchTable):
        return sketches.labels, sketches.sketches
    if isinstance(sketches, Mapping):
        return list(map(str, sketches)), list(sketches.values())
    return [str(place) for place in range(len(sketches))], list(sketches)
