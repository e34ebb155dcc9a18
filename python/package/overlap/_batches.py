"""Data that comes in batches, so that it is never in memory as a whole."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterable, Iterator
from typing import Any

from ._overlap import InputError


def batches(data: Any, columns: Iterable[str]) -> Iterator[Any] | None:
    """The parts of lazy data and of iterators, each of which exports Arrow data; None for other data.

    Lazy frames and datasets compute and read only ``columns``. If one of them is missing, their part has
    all columns and no rows, for the sketcher to name them.
    """
    library = type(data).__module__.partition(".")[0]
    needed = list(dict.fromkeys(columns))
    if library == "polars" and isinstance(data, Iterator):  # its frames, since a stream hides columns of objects
        return _each(data)
    if _exports(data):
        return None
    if library == "polars" and hasattr(data, "collect_schema"):
        return _of_polars(data, needed)
    if library == "pyarrow" and hasattr(data, "scanner"):
        return iter([_of_dataset(data, needed)])
    if library == "pyarrow" and hasattr(data, "to_reader"):
        return iter([data.to_reader()])
    if isinstance(data, Iterator):
        return _each(data)
    if isinstance(data, (list, tuple)) and data and all(map(_exports, data)):
        return iter(data)
    return None


def a(value: Any) -> str:
    """The class of a value with its article."""
    name = type(value).__name__
    return f"an {name}" if name[:1].lower() in "aeio" else f"a {name}"


def _exports(data: Any) -> bool:
    return hasattr(data, "__arrow_c_stream__") or hasattr(data, "__arrow_c_array__")


def _of_polars(lazy: Any, needed: list[str]) -> Iterator[Any]:
    """An empty frame, which has the types, and then what the streaming engine computes."""
    if not hasattr(lazy, "collect_batches"):
        raise InputError(
            f"{a(lazy)} of this polars can't be read in batches: install polars 1.34 or later, or collect the"
            f" columns that are needed and pass sketch(lazy.select({needed}).collect())"
        )
    try:
        if not set(needed) <= set(lazy.collect_schema().names()):
            yield lazy.clear().collect()
            return
        lazy = lazy.select(needed)
        yield lazy.clear().collect()
        yield from lazy.collect_batches()
    except Exception as error:
        raise InputError(f"the LazyFrame can't be read: {error}") from error


def _of_dataset(dataset: Any, needed: list[str]) -> Any:
    """A reader of the columns. Parquet files aren't buffered before they are read, as pyarrow does it, since the
    buffers stay until a file is at its end (apache/arrow#39808).
    """
    options: dict[str, Any] = {}
    if set(needed) <= set(dataset.schema.names):
        options["columns"] = needed
    usual = getattr(getattr(dataset, "format", None), "default_fragment_scan_options", None)
    keys = ("parquet_decryption_config", "decryption_properties")  # which a copy would lose
    if hasattr(usual, "pre_buffer") and all(getattr(usual, key, None) is None for key in keys):
        options["fragment_scan_options"] = copy.copy(usual)
        options["fragment_scan_options"].pre_buffer = False
    return dataset.scanner(**options).to_reader()


def _each(parts: Iterator[Any]) -> Iterator[Any]:
    """The items of an iterator, which must be Arrow data."""
    count = 0
    for part in parts:
        if not _exports(part):
            way = "pass list(…) of it" if isinstance(part, (str, os.PathLike)) else "it must give tables or batches"
            raise InputError(f"{a(parts)} gives {a(part)}, which offers no Arrow data: {way}")
        count += 1
        yield part
    if not count:
        raise InputError(f"{a(parts)} gives nothing: an iterator can be read only once")
