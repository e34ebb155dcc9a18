"""Sketches and exact numbers with noise, which strangers may have (docs/noise.md)."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from typing import Any, Literal, Union

from . import _overlap

Path = Union[str, os.PathLike[str]]


def noisy_sketch(
    data: Path | Iterable[Path],
    output: Path,
    epsilon: float,
    *,
    grid: int = 18,
    id: str | None = None,
    cast: Literal["integer", "string", "binary"] | None = None,
    where: str | None = None,
    normalize: str | None = None,
    digest: Literal["sha256", "sha1", "md5"] | None = None,
    threads: int | None = None,
    budget_file: Path | None = None,
    budget: float | None = None,
) -> dict[str, Any]:
    """Writes a sketch of files that is ε-differentially private for every user.

    Args:
        data: A path, a pattern, a folder, or several, as `sketch` takes them; all of it becomes one side.
        output: The file to write, which must end in ``.ovn`` to be compared.
        epsilon: How private, from 0.01 to 10; smaller is more private. Every further file of the same users spends as
            much again.
        grid: log2 of the number of buckets, 10 to 22; the same on both sides.
        id: The column of the IDs. Without it whichever usual name there is.
        cast: Brings all IDs into one form.
        where: Takes only the rows that meet a condition in SQL.
        normalize: Brings IDs to one form by rules, as in `sketch`.
        digest: Makes a digest of every ID.
        threads: How many threads read.
        budget_file: A ledger that adds up what was spent, and refuses more than its budget.
        budget: The budget of a new ledger.

    Returns:
        What ``overlap sketch --epsilon --json`` prints (docs/json.md).

    Raises:
        UsageError: An option is out of range, or the data holds sketches.
        InputError: The data can't be read, or the budget has no room.
        OutputError: A file can't be written.
    """
    paths = [data] if isinstance(data, (str, os.PathLike)) else list(data)
    text = _overlap.noisy_sketch(
        paths,
        output,
        epsilon,
        grid=grid,
        id=id,
        cast=cast,
        where=where,
        normalize=normalize,
        digest=digest,
        threads=threads,
        budget_file=budget_file,
        budget=budget,
    )
    report: dict[str, Any] = json.loads(text)
    return report


def estimate_noisy(a: Path, b: Path, confidence: float = 0.95) -> dict[str, Any]:
    """Sizes and overlap of two sketches with noise, with intervals that include the noise.

    Args:
        a: The file of the first side.
        b: That of the second side.
        confidence: The level of the intervals.

    Returns:
        What ``overlap estimate --format json`` prints (docs/json.md).

    Raises:
        InputError: A file is no whole sketch with noise.
        IncomparableError: The files are of different sizes, or of different kinds of IDs.
    """
    report: dict[str, Any] = json.loads(_overlap.estimate_noisy(a, b, confidence))
    return report


def exact_noisy(
    sides: Mapping[str, Path | Iterable[Path]],
    epsilon: float,
    *,
    id: str | None = None,
    cast: Literal["integer", "string", "binary"] | None = None,
    where: str | None = None,
    normalize: str | None = None,
    digest: Literal["sha256", "sha1", "md5"] | None = None,
    threads: int | None = None,
    confidence: float = 0.95,
    budget_file: Path | None = None,
    budget: float | None = None,
) -> dict[str, Any]:
    """Counts the users of up to eight sides and of everything they share, with noise: numbers that may be published.

    Args:
        sides: The name of each side, and its files: a path, a pattern, a folder, or several.
        epsilon: How private all numbers together are for one user, from 0.01 to 10; smaller is more private. Every
            further answer about the same users spends as much again.
        id: The column of the IDs. Without it whichever usual name there is.
        cast: Brings all IDs into one form.
        where: Takes only the rows that meet a condition in SQL.
        normalize: Brings IDs to one form by rules, as in `sketch`.
        digest: Makes a digest of every ID.
        threads: How many threads read and count.
        confidence: The level of the intervals, which include the noise.
        budget_file: A ledger that adds up what was spent, and refuses more than its budget.
        budget: The budget of a new ledger.

    Returns:
        What ``overlap exact --epsilon --format json`` prints (docs/json.md).

    Raises:
        UsageError: An option is out of range, or the data holds sketches.
        InputError: The data can't be read, or the budget has no room.
        OutputError: The ledger can't be written.
    """
    arguments = []
    for name, files in sides.items():
        for file in [files] if isinstance(files, (str, os.PathLike)) else files:
            arguments.append(f"{name}={os.fspath(file)}")
    text = _overlap.exact_noisy(
        arguments,
        epsilon,
        id=id,
        cast=cast,
        where=where,
        normalize=normalize,
        digest=digest,
        threads=threads,
        confidence=confidence,
        budget_file=budget_file,
        budget=budget,
    )
    report: dict[str, Any] = json.loads(text)
    return report
