"""What comes out: small objects with value, lower and upper."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True)
class Estimate:
    """A number with its interval.

    Attributes:
        value: The best single number: users, or a fraction.
        lower: The lower limit of the interval.
        upper: The upper limit; equal to the others where the number is exact.

    >>> Estimate(62054.0, 61538.0, 62571.0)
    62,054 (61,538 – 62,571)
    >>> float(Estimate(0.5, 0.4, 0.6))
    0.5
    """

    value: float
    lower: float
    upper: float

    def __float__(self) -> float:
        return self.value

    def __repr__(self) -> str:
        if self.lower == self.upper:
            return _number(self.value)
        return f"{_number(self.value)} ({_number(self.lower)} – {_number(self.upper)})"

    def _repr_html_(self) -> str:
        return html.escape(repr(self))

    def to_dict(self) -> dict[str, float]:
        """The number as plain data.

        Returns:
            A dict of ``value``, ``lower`` and ``upper``.
        """
        return asdict(self)

    def to_arrow(self) -> Any:
        """The number as one row, in pyarrow, which has to be installed.

        Returns:
            A ``pyarrow.Table`` with the columns ``value``, ``lower`` and ``upper``.
        """
        import pyarrow

        return pyarrow.Table.from_pylist([self.to_dict()])


def _number(value: float) -> str:
    """Users are whole; shares and coefficients are fractions with digits."""
    return f"{value:,.0f}" if value == int(value) else f"{value:.4f}"


def _html(rows: list[tuple[str, ...]]) -> str:
    def cells(row: tuple[str, ...], tag: str) -> str:
        aligned = ["left"] + ["right"] * (len(row) - 1)
        styles = [f"text-align: {align}; white-space: nowrap" for align in aligned]
        return "".join(f'<{tag} style="{style}">{html.escape(cell)}</{tag}>' for style, cell in zip(styles, row))

    head, *body = rows
    lines = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in body)
    return f"<table><thead><tr>{cells(head, 'th')}</tr></thead><tbody>{lines}</tbody></table>"


class _Table:
    """What has rows to show and to hand on."""

    def _rows(self) -> list[tuple[str, ...]]:
        raise NotImplementedError

    def to_records(self) -> list[dict[str, Any]]:
        """The rows as plain data.

        Returns:
            A list of dicts.
        """
        raise NotImplementedError

    def _repr_html_(self) -> str:
        return _html(self._rows())

    def __repr__(self) -> str:
        rows = self._rows()
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        first, *rest = widths

        def line(row: tuple[str, ...]) -> str:
            cells = [row[0].ljust(first), *(c.rjust(w) for c, w in zip(row[1:], rest))]
            return "  ".join(cells).rstrip()

        return "\n".join(line(row) for row in rows)

    def to_arrow(self) -> Any:
        """The rows in pyarrow, which has to be installed.

        Returns:
            A ``pyarrow.Table``; estimates are structs of ``value``, ``lower`` and ``upper``.
        """
        import pyarrow

        return pyarrow.Table.from_pylist(self.to_records())


@dataclass(frozen=True, repr=False)
class Pair(_Table):
    """Everything that two sketches say about each other, from one fit: a + b − overlap = union.

    Attributes:
        a: Users of the first side.
        b: Users of the second side.
        overlap: Users of both.
        only_a: Users of the first side alone.
        only_b: Users of the second side alone.
        union: Users of either.
        share_of_a: The overlap as a fraction of ``a``.
        share_of_b: The overlap as a fraction of ``b``.
        gain_a: What ``a`` gains from ``b``: ``only_b`` as a fraction of ``a``.
        gain_b: What ``b`` gains from ``a``: ``only_a`` as a fraction of ``b``.
        jaccard: The overlap as a fraction of the union.
        overlap_coefficient: The overlap as a fraction of the smaller side.
        quality: How precise the overlap is, in a word.
    """

    a: Estimate
    b: Estimate
    overlap: Estimate
    only_a: Estimate
    only_b: Estimate
    union: Estimate
    share_of_a: Estimate
    share_of_b: Estimate
    gain_a: Estimate
    gain_b: Estimate
    jaccard: Estimate
    overlap_coefficient: Estimate
    quality: str

    def to_dict(self) -> dict[str, Any]:
        """The numbers as plain data.

        Returns:
            A dict of names to dicts of ``value``, ``lower`` and ``upper``, and ``quality``, a word.
        """
        return asdict(self)

    def to_records(self) -> list[dict[str, Any]]:
        """The numbers as rows.

        Returns:
            A dict of ``measure``, ``value``, ``lower`` and ``upper`` for each number.
        """
        names = [field.name for field in fields(self) if field.name != "quality"]
        return [{"measure": name, **getattr(self, name).to_dict()} for name in names]

    def _rows(self) -> list[tuple[str, ...]]:
        rows: list[tuple[str, ...]] = [("", "value", "lower", "upper")]
        for record in self.to_records():
            numbers = (_number(record[key]) for key in ("value", "lower", "upper"))
            rows.append((record["measure"], *numbers))
        return rows


@dataclass(frozen=True, repr=False)
class Records(_Table):
    """Rows of names and estimates: regions, a matrix's pairs, the steps of a reach curve.

    Attributes:
        records: The rows, each a dict. Iterating, ``len`` and indexing are those of this list.
    """

    records: list[dict[str, Any]]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.records)

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self.records[index]

    def to_dict(self) -> dict[str, Any]:
        """The rows as plain data in a dict.

        Returns:
            A dict of ``records`` to what `to_records` returns.
        """
        return {"records": self.to_records()}

    def to_records(self) -> list[dict[str, Any]]:
        """The rows as plain data.

        Returns:
            A dict for each row; estimates are dicts of ``value``, ``lower`` and ``upper``.
        """

        def plain(value: Any) -> Any:
            return value.to_dict() if isinstance(value, Estimate) else value

        return [{key: plain(value) for key, value in row.items()} for row in self.records]

    def _rows(self) -> list[tuple[str, ...]]:
        def text(value: Any) -> str:
            if isinstance(value, float):
                return f"{value:.3f}"
            return " & ".join(value) if isinstance(value, (list, tuple)) else str(value)

        if not self.records:
            return [("nothing",)]
        return [tuple(self.records[0]), *(tuple(map(text, row.values())) for row in self.records)]
