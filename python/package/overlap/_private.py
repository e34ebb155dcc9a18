"""Private overlap: three messages between two partners, none of whom sees a sketch of the other."""

from __future__ import annotations

import json
import os
from typing import Any, Union

from . import _overlap
from ._overlap import Sketch, SketchTable

Path = Union[str, os.PathLike[str]]


def private_offer(
    sketch: Sketch | SketchTable,
    output: Path,
    name: str,
    secret: Path | None = None,
    min_users: int = 1_000,
    epsilon: float | None = None,
) -> dict[str, Any]:
    """Writes the first message of a run: the blinded sample of one's own users (docs/private.md).

    Args:
        sketch: One's own sketch, as `overlap.sketch` makes it, or a table of sketches by segment.
        output: The message, which goes to the partner.
        name: The name of one's own side, which the partner gets to know.
        secret: The secret file, which goes to nobody. Without it the output's name with ``.secret`` behind it.
        min_users: A side, or a segment, of fewer users is refused.
        epsilon: The ε of the noise on the number of common users; the same on both sides.

    Returns:
        What ``overlap private offer --json`` prints: ``message``, ``side``, ``file``, ``bytes``, ``secret``.

    Raises:
        UsageError: An option is out of range, or the sample is too large.
        IncomparableError: The sketch has no sample.
        InputError: There are too few users.
        OutputError: A file can't be written.
    """
    report: dict[str, Any] = json.loads(_overlap.private_offer(sketch, output, name, secret, min_users, epsilon))
    return report


def private_answer(
    offer: Path,
    sketch: Sketch | SketchTable,
    output: Path,
    name: str,
    secret: Path | None = None,
    min_users: int = 1_000,
    epsilon: float | None = None,
) -> dict[str, Any]:
    """Writes the second message: the partner's offer, blinded once more, and the blinded sample of one's own users.

    Args:
        offer: The partner's offer.
        sketch: One's own sketch, or a table of sketches by the same segment columns as the partner's.
        output: The message, which goes to the partner.
        name: The name of one's own side.
        secret: The secret file, as in `private_offer`.
        min_users: A side, or a segment, of fewer users is refused, on either side.
        epsilon: That of the offer.

    Returns:
        What ``overlap private answer --json`` prints.

    Raises:
        IncomparableError: The offer was made with other options, or by another version.
        InputError: The offer is damaged or impossible, or a side has too few users.
        OutputError: A file can't be written.
    """
    report: dict[str, Any] = json.loads(
        _overlap.private_answer(offer, sketch, output, name, secret, min_users, epsilon)
    )
    return report


def private_finish(
    message: Path, secret: Path, output: Path | None = None, confidence: float = 0.95
) -> dict[str, Any]:
    """Ends a run: makes the result of an answer, or reads a result.

    Args:
        message: The partner's answer, or the result if the offer was the partner's.
        secret: One's own secret file. It takes one answer.
        output: Of an answer, the file for the result, which the partner needs.
        confidence: The level of the intervals.

    Returns:
        What ``overlap private finish --format json`` prints (docs/json.md): under ``answers`` one ``report``, or one
        for each ``segment``.

    Raises:
        UsageError: The output is missing.
        IncomparableError: The message is of another run.
        InputError: The message is damaged or impossible, or the secret file took an answer before.
        OutputError: The result can't be written.
    """
    report: dict[str, Any] = json.loads(_overlap.private_finish(message, secret, output, confidence))
    return report
