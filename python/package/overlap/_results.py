"""What comes out: small objects with value, lower and upper."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True)
class Estimate:
    """A number with its interval.

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
        return asdict(self)

    def to_arrow(self) -> Any:
        """One row of value, lower and upper as a pyarrow table."""
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
        """The rows as a pyarrow table; estimates are structs of value, lower and upper."""
        import pyarrow

        return pyarrow.Table.from_pylist(self.to_records())


@dataclass(frozen=True, repr=False)
class Pair(_Table):
    """Everything that two sketches say about each other, from one fit: a + b − overlap = union."""

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
        """Names to dicts of value, lower and upper; and the word for the overlap's quality."""
        return asdict(self)

    def to_records(self) -> list[dict[str, Any]]:
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
    """Rows of names and estimates: regions, a matrix's pairs, the steps of a reach curve."""

    records: list[dict[str, Any]]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.records)

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self.records[index]

    def to_dict(self) -> dict[str, Any]:
        return {"records": self.to_records()}

    def to_records(self) -> list[dict[str, Any]]:
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
