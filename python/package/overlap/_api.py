"""The functions: data into sketches, sketches into answers."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any, Literal, TypedDict, Union, Unpack, overload

from . import _overlap
from ._batches import a as _a
from ._overlap import Sketch, Sketcher, SketchTable, UsageError
from ._report import Report
from ._results import Estimate, Pair, Records

Path = Union[str, os.PathLike[str]]
Columns = Union[str, Iterable[str], None]
Named = Union[Mapping[str, Sketch], Sequence[Sketch], SketchTable]
InputFormat = Literal["parquet", "csv", "json", "arrow"] | None
AsOf = Union[int, str, datetime, None]
Digest = Literal["sha256", "sha1", "md5"] | None


class SketchOptions(TypedDict, total=False):
    precision: int
    k: int
    hash: Literal["xxh3", "murmur3", "murmur3-utf16"]
    cast: Literal["integer", "string", "binary"] | None
    max_segments: int
    normalize: str | None
    region: str | None
    digest: Digest
    digested: Digest
    key_file: Path | None


class FileOptions(SketchOptions, total=False):
    threads: int | None
    max_page: int | None
    max_ratio: int | None
    max_value: int | None
    require_checksums: bool
    files: bool
    as_of: AsOf
    input_format: InputFormat
    delimiter: str | None
    no_header: bool
    null: str | Iterable[str] | None
    where: str | None


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
    hash: Literal["xxh3", "murmur3", "murmur3-utf16"] = "xxh3",
    cast: Literal["integer", "string", "binary"] | None = None,
    max_segments: int = 10_000,
    threads: int | None = None,
    max_page: int | None = None,
    max_ratio: int | None = None,
    max_value: int | None = None,
    require_checksums: bool = False,
    files: bool = False,
    as_of: AsOf = None,
    input_format: InputFormat = None,
    delimiter: str | None = None,
    no_header: bool = False,
    null: str | Iterable[str] | None = None,
    where: str | None = None,
    normalize: str | None = None,
    region: str | None = None,
    digest: Digest = None,
    digested: Digest = None,
    key_file: Path | None = None,
) -> Sketch | SketchTable:
    """The sketch of the users in some data; with ``by`` a table of sketches by segment.

    Args:
        data: Anything with the Arrow PyCapsule interface (frames, tables, readers, relations, arrays,
            series); a polars ``LazyFrame``, a pyarrow ``Dataset`` or ``Scanner``, or an iterator of tables
            or batches, which are read in batches and never collected whole (but of a ``Scanner`` over Parquet
            files pyarrow itself may keep a file: pass the ``Dataset``); or a path, a pattern, a folder, or a
            list of them: Parquet, CSV, TSV, JSON lines, Arrow and sketch files, packed or not, as the
            command line takes them.
        id: The column of the IDs. Without it ``user_id``; of files, whichever usual name there is.
        by: The segment columns, one name or several. Each combination of their values is a sketch.
        precision: log2 of the number of registers, 4 to 24.
        k: How many hashes the sample holds, 16 to 16,777,216.
        hash: ``"xxh3"``, or ``"murmur3"`` for sketches that Apache DataSketches reads; ``"murmur3-utf16"`` hashes text as
            Druid's and Hive's HLL sketches do.
        cast: Brings all IDs into one form: ``"integer"``, ``"string"`` or ``"binary"``.
        max_segments: More segments than this are refused.
        threads: For files: how many threads read (all else runs on the thread that calls).
        max_page: For files: bytes that a page may have.
        max_ratio: For files: how many times a page may grow when it is decompressed.
        max_value: For files: bytes that an ID may have.
        require_checksums: For files: refuses pages without a checksum.
        files: For files: reads those of Delta, Iceberg and Hudi tables as they lie, deleted rows included.
            Without it only the live rows of Delta and Iceberg tables are read, and Hudi tables are refused.
        as_of: For files: the version of Delta and Iceberg tables, a number, or a time as text or as an aware
            ``datetime``.
        input_format: For files: their format, ``"parquet"``, ``"csv"``, ``"json"`` (lines) or ``"arrow"``;
            without it the first bytes decide.
        delimiter: For CSV files: what separates fields, a character or ``"comma"``, ``"semicolon"``, ``"tab"``,
            ``"pipe"``, ``"space"``, or ``"none"`` for one ID a line; without it the first records decide.
        no_header: For CSV files: the first record is data; columns are called ``"1"``, ``"2"`` and so on.
        null: For text files: a text that means null where an ID is expected, or several.
        where: For files: takes only the rows that meet a condition in SQL, such as ``"country = 'CH' and
            day >= current_date - interval '30 days'"``.
        normalize: Brings IDs to one form by rules with commas between them, such as ``"email"`` or
            ``"trim,lower"`` (docs/identity.md). IDs that a rule can't read are nulls.
        region: The country of telephone numbers that don't say theirs, such as ``"CN"`` (with ``"phone"`` among the
            rules; docs/identity.md has the list).
        digest: Makes a digest of every ID in its form: ``"sha256"``, ``"sha1"`` or ``"md5"``.
        digested: The IDs are such digests already, as hexadecimal of either case, base64 or bytes.
        key_file: The file of a secret key, made by ``overlap key new``, that IDs are hashed with (docs/keys.md).

    Returns:
        A `Sketch`, or with ``by`` a `SketchTable`.

    Raises:
        UsageError: A column is missing, an option is out of range, or ``where`` isn't a condition over the
            columns that there are.
        InputError: The data can't be read, or its IDs are of a type that can't identify users.
        IncomparableError: The types of the IDs differ from file to file.
        LimitError: Too many segments, or a file asks for more than it may.

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
            files=files,
            as_of=_version(as_of),
            input_format=input_format,
            delimiter=delimiter,
            no_header=no_header,
            null=[null] if isinstance(null, str) else None if null is None else list(null),
            where=where,
            normalize=normalize,
            region=region,
            digest=digest,
            digested=digested,
            key_file=key_file,
        )
        return table if columns else table[0]
    if require_checksums:
        raise UsageError("require_checksums is for files; Arrow data has no checksums")
    if where is not None:
        raise UsageError("where is for files; filter Arrow data before it is sketched, as by frame.filter(...)")
    for_files = {"as_of": as_of, "input_format": input_format, "delimiter": delimiter, "null": null}
    given = [name for name, value in for_files.items() if value is not None] + ["no_header"] * no_header
    if given:
        raise UsageError(f"{given[0]} is for files, not for {_a(data)}")
    id = "user_id" if id is None else id
    sketcher = Sketcher(
        id, columns, precision=precision, k=k, hash=hash, cast=cast, max_segments=max_segments,
        normalize=normalize, region=region, digest=digest, digested=digested, key_file=key_file,
    )
    table = sketcher.update(_only(data, [id, *columns])).finish_table()
    return table if columns else table[0]


def _version(as_of: AsOf) -> str | None:
    """A version as the command line takes it."""
    if isinstance(as_of, datetime):
        if as_of.tzinfo is None:
            raise UsageError("as_of is a datetime without a time zone: add one, such as tzinfo=timezone.utc")
        return as_of.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")
    return None if as_of is None else str(as_of)


def merge(sketches: Iterable[Sketch]) -> Sketch:
    """The sketch of the union of all sets.

    Args:
        sketches: At least one; different sizes become the smallest of them.

    Returns:
        Their union.

    Raises:
        UsageError: There are none, or something else is among them.
        IncomparableError: Their hashes, or the types of their IDs, differ.

    >>> import pyarrow as pa
    >>> merge(sketch(pa.table({"user_id": [day, 7]})) for day in range(3)).users()
    4
    """
    merged: Sketch | None = None
    for place, one in enumerate(sketches):
        one = _sketch(f"sketches[{place}]", one)
        merged = one if merged is None else merged.merge(one)
    if merged is None:
        raise UsageError("no sketches to merge")
    return merged


class EstimateOptions(TypedDict, total=False):
    id: str | None
    precision: int | None
    k: int | None
    cast: Literal["integer", "string", "binary"] | None
    where: str | None
    normalize: str | None
    digest: Digest
    threads: int | None
    key_file: Path | None


@overload
def estimate(a: Sketch, b: Sketch, confidence: float = 0.95) -> Pair: ...
@overload
def estimate(
    a: Path | Sequence[Path], b: Path | Sequence[Path], confidence: float = 0.95, **options: Unpack[EstimateOptions]
) -> Pair: ...
def estimate(
    a: Any,
    b: Any,
    confidence: float = 0.95,
    *,
    id: str | None = None,
    precision: int | None = None,
    k: int | None = None,
    cast: Literal["integer", "string", "binary"] | None = None,
    where: str | None = None,
    normalize: str | None = None,
    digest: Digest = None,
    threads: int | None = None,
    key_file: Path | None = None,
) -> Pair:
    """Users of both, of each alone, of either, with intervals.

    Of two sides of files the numbers are those of ``overlap estimate``: data that isn't stored gets a larger
    sample than `sketch` makes, and a small side is held whole beside a larger one.

    Args:
        a: The first side: a sketch, as `sketch` makes it, or a path, a pattern, a folder, or a list of them.
        b: The second side, of the same kind.
        confidence: The level of the intervals, between 0.5 and 1.
        id: For files: the column of the IDs. Without it whichever usual name there is.
        precision: For files: log2 of the number of registers, 4 to 24.
        k: For files: how many hashes each sample holds. Without it as many as follow from the data.
        cast: For files: brings all IDs into one form.
        where: For files: takes only the rows that meet a condition in SQL.
        normalize: For files: brings IDs to one form by rules, such as ``"email"``.
        digest: For files: makes a digest of every ID in its form.
        threads: For files: how many threads read.
        key_file: For files: the file of a secret key that IDs are hashed with.

    Returns:
        A `Pair` with ``a``, ``b``, ``overlap``, ``only_a``, ``only_b``, ``union`` in users, and shares, gains
        and the Jaccard coefficient as fractions, each an `Estimate` with an interval.

    Raises:
        UsageError: ``a`` or ``b`` is neither, one is a sketch and the other isn't, or the level or an option is
            out of range.
        InputError: The files can't be read, or their IDs are of a type that can't identify users.
        IncomparableError: Their hashes, or the types of their IDs, differ.

    >>> import pyarrow as pa
    >>> a, b = (sketch(pa.table({"user_id": ids})) for ids in ([1, 2, 3], [3, 4]))
    >>> estimate(a, b).overlap, estimate(a, b).union
    (1, 4)
    """
    paths = _paths(a), _paths(b)
    if paths[0] is not None and paths[1] is not None:
        return Pair(
            **_overlap.estimate_paths(
                paths[0],
                paths[1],
                confidence,
                id=id,
                precision=precision,
                k=k,
                cast=cast,
                where=where,
                normalize=normalize,
                digest=digest,
                threads=threads,
                key_file=key_file,
            )
        )
    for_files = {
        "id": id, "precision": precision, "k": k, "cast": cast, "where": where, "normalize": normalize,
        "digest": digest, "threads": threads, "key_file": key_file,
    }
    given = [name for name, value in for_files.items() if value is not None]
    if given:
        raise UsageError(f"{given[0]} is for files, not for sketches")
    return Pair(**_overlap.estimate(_sketch("a", a), _sketch("b", b), confidence))


def probability_of_gain(a: Sketch, b: Sketch, more_than: int) -> float:
    """How likely the first side gains more than so many users by the second.

    Args:
        a: The sketch of the first side, as `sketch` makes it.
        b: That of the second side.
        more_than: A number of users whom the second side has and the first doesn't.

    Returns:
        The probability, from 0 to 1, that there are more than these; just 0 and 1 are certain.

    Raises:
        UsageError: ``a`` or ``b`` is no sketch, or the number is negative.
        IncomparableError: Their hashes, or the types of their IDs, differ.

    >>> import pyarrow as pa
    >>> a, b = (sketch(pa.table({"user_id": ids})) for ids in ([1, 2, 3], [3, 4, 5]))
    >>> probability_of_gain(a, b, 1), probability_of_gain(a, b, 2)
    (1.0, 0.0)
    """
    if more_than < 0:
        raise UsageError(f"more_than is {more_than}: a number of users is 0 or more")
    return _overlap.probability_of_gain(_sketch("a", a), _sketch("b", b), more_than)


def regions(sketches: Named, confidence: float = 0.95, top: int = 20) -> Records:
    """Users in just these sketches and no others: every choice of up to eight, the largest of more.

    Args:
        sketches: A dict of names, a list, or a `SketchTable`, whose labels are the names.
        confidence: The level of the intervals, between 0.5 and 1.
        top: How many regions of more than eight sketches are listed, the largest first.

    Returns:
        `Records` with the ``sides`` of each region and its ``users``. Those of up to eight sketches are of
        one fit: their sums are the users of every side, pair and formula. Those of more come from the
        common sample, each by itself.

    Raises:
        UsageError: No sketches, or something else among them, or ``top`` is less than 1.
        IncomparableError: Their hashes, or the types of their IDs, differ, or one of more than eight is
            an HLL sketch alone.

    >>> import pyarrow as pa
    >>> a, b = (sketch(pa.table({"user_id": ids})) for ids in ([1, 2, 3], [3, 4]))
    >>> [(row["sides"], row["users"]) for row in regions({"a": a, "b": b})]
    [(['a'], 2), (['b'], 1), (['a', 'b'], 1)]
    """
    if top < 1:
        raise UsageError(f"top is {top}: ask for at least one region")
    names, values = _named(sketches)
    rows = _overlap.regions(values, confidence, top)
    return Records([{"sides": [names[i] for i in sides], "users": users} for sides, users in rows])


def matrix(sketches: Named, confidence: float = 0.95) -> Records:
    """Every two of many sketches: overlap, shares, Jaccard.

    Args:
        sketches: A dict of names, a list, or a `SketchTable`, whose labels are the names.
        confidence: The level of the intervals, between 0.5 and 1.

    Returns:
        `Records` with the names ``a`` and ``b`` of every two, their ``overlap`` in users, ``share_of_a``,
        ``share_of_b`` and ``jaccard`` as fractions. Up to eight sketches are one fit.

    Raises:
        UsageError: Something else than sketches is among them.
        IncomparableError: Their hashes, or the types of their IDs, differ.

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


def diagnose(
    sides: Mapping[str, Path | Iterable[Path]],
    id: str | None = None,
    confidence: float = 0.95,
    threads: int | None = None,
    show_values: bool = False,
) -> dict[str, Any]:
    """How the IDs of files are written, and how many users meet under looser readings.

    Args:
        sides: Names, and for each a path, a pattern, a folder, or several, as `sketch` takes them.
        id: The column of the IDs. Without it whichever usual name there is.
        confidence: The level of the intervals.
        threads: How many threads read.
        show_values: Whether IDs that are likely placeholders are among the result, instead of only where the first
            row with each stands.

    Returns:
        What ``overlap diagnose --format json`` prints (docs/json.md): ``sides``, and for every two of them
        ``pairs`` with the overlap under each of ``readings``, and under ``settings`` what to pass to `sketch`.

    Raises:
        UsageError: A path or a column is missing.
        InputError: The data can't be read.
    """
    paths = [(name, [path] if isinstance(path, (str, os.PathLike)) else list(path)) for name, path in sides.items()]
    report: dict[str, Any] = json.loads(_overlap.diagnose_paths(paths, id, confidence, threads, show_values))
    return report


def reach(
    sketches: Named,
    order: Literal["given", "greedy"] = "given",
    base: Any = None,
    confidence: float = 0.95,
) -> Records:
    """How reach grows with each sketch; ``greedy`` adds the one with the most new users each time.

    Args:
        sketches: A dict of names, a list, or a `SketchTable`, whose labels are the names.
        order: ``"given"``, or ``"greedy"``: each time the one that adds most new users.
        base: The name of the sketch that comes first, whatever the order.
        confidence: The level of the intervals, between 0.5 and 1.

    Returns:
        `Records`, one a step: ``side``, its ``users``, those it ``added``, the ``reach`` so far, and the
        ``duplication``: how many sides reach a user on average.

    Raises:
        UsageError: An unknown order or base, or something else than sketches.
        IncomparableError: Their hashes, or the types of their IDs, differ.

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


def report(sketches: Named, confidence: float = 0.95) -> Report:
    """Everything about some sketches as one page: the answer in words, pictures, tables, formulas to try.

    Args:
        sketches: A dict of names, a list, or a `SketchTable`.
        confidence: The level of the intervals.

    Returns:
        The report, which shows itself in a notebook; ``html`` is the page, ``save(path)`` writes it, ``svg()`` is
        one of its pictures.

    Raises:
        UsageError: Without sketches, or with two of one name.
        IncomparableError: The IDs are of different kinds, or went through different hashes.

    >>> import pyarrow as pa
    >>> sides = {"a": [1, 2, 3], "b": [3, 4]}
    >>> page = report({name: sketch(pa.table({"user_id": ids})) for name, ids in sides.items()})
    >>> page, page.pictures
    (<Report of a, b>, ['venn', 'upset'])
    >>> page.to_dict()["union"]["value"]
    4
    """
    names, values = _named(sketches)
    return Report(_overlap.report(names, values, confidence))


def read_sketches(path: Path, key_file: Path | None = None) -> SketchTable:
    """The sketches of a file: a sketch table, or a ``.theta`` or ``.hll`` image of DataSketches.

    Args:
        path: The file.
        key_file: The file of a secret key: the sketches must have been made with it, and the file must be as
            it was written.

    Returns:
        Its sketches; a file of one sketch is a table of one row.

    Raises:
        InputError: It can't be read, holds no sketches, is damaged, or was changed after it was written.
        IncomparableError: The sketches were made with another key, or with none.

    `write_sketches` has an example.
    """
    return _overlap.read_sketches(path, key_file)


def write_sketches(sketches: Sketch | SketchTable, path: Path, key_file: Path | None = None) -> int:
    """Writes a sketch file, whole or not at all.

    Args:
        sketches: A sketch, or a table of them.
        path: The file; one that is there is replaced.
        key_file: The file of the secret key that the sketches were made with, if they were.

    Returns:
        Its size in bytes.

    Raises:
        UsageError: ``sketches`` is something else.
        IncomparableError: The sketches were made with another key, or with one that isn't named.
        OutputError: The file can't be written.

    >>> import pathlib, tempfile
    >>> import pyarrow as pa
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "shop.ovs"
    ...     size = write_sketches(sketch(pa.table({"user_id": [1, 2]})), path)
    ...     read_sketches(path)[0].users()
    2
    """
    table = sketches if isinstance(sketches, SketchTable) else SketchTable.of(_sketch("sketches", sketches))
    return table.write(path, key_file)


def set_store_options(options: Mapping[str, Any]) -> None:
    """Sets options of object stores for the whole process, in place of those that were set before.

    What isn't set is found as the clouds' own tools find it: environment, shared files, instance roles.

    Args:
        options: Keys of the Rust crate ``object_store`` and their values, such as ``region``, ``endpoint``,
            ``skip_signature`` (True reads public objects without credentials) or ``timeout`` (``"10m"``).

    Raises:
        UsageError: A key that no store knows.

    >>> set_store_options({"region": "eu-west-1", "timeout": "10m"})
    >>> set_store_options({})
    """
    text = {True: "true", False: "false"}
    pairs = [(key, text[value] if isinstance(value, bool) else str(value)) for key, value in options.items()]
    _overlap.set_store_options(pairs)


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


def _sketch(argument: str, value: Any) -> Sketch:
    """The value, which must be a sketch: people pass paths and frames."""
    if isinstance(value, Sketch):
        return value
    if isinstance(value, SketchTable):
        way = f"take one of its rows, such as {argument}[0], or all of them with merge({argument}.sketches)"
    elif isinstance(value, (str, os.PathLike)):
        way = f"pass sketch({os.fspath(value)!r})"
    elif isinstance(value, (Mapping, list, tuple)) and (sketches := _all_sketches(argument, value)):
        way = f"pass one of them, or all as one set with merge({sketches})"
    else:
        way = f"pass sketch({argument})"
    raise UsageError(f"{argument} is {_a(value)}, but must be a Sketch: {way}")


def _all_sketches(argument: str, values: Mapping[Any, Any] | list[Any] | tuple[Any, ...]) -> str | None:
    """How the values are named, if all of them are sketches."""
    named, name = (values.values(), f"{argument}.values()") if isinstance(values, Mapping) else (values, argument)
    return name if values and all(isinstance(value, Sketch) for value in named) else None


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
        names, values = list(map(str, sketches)), list(sketches.values())
        places = [f"sketches[{name!r}]" for name in sketches]
    elif isinstance(sketches, Iterable) and not isinstance(sketches, (str, bytes)):
        values = list(sketches)
        names = [str(place) for place in range(len(values))]
        places = [f"sketches[{name}]" for name in names]
    else:
        raise UsageError(f"sketches is {_a(sketches)}, but must be a dict of names, a list, or a SketchTable")
    return names, [_sketch(place, value) for place, value in zip(places, values)]
