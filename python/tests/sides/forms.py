"""The forms of a report: CSV says what JSON says, and tables and Markdown print those numbers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from .make import SEGMENTS

if TYPE_CHECKING:
    from .ask import Answer, Report
    from .make import Case

INTERVAL = re.compile(r"^(\d[\d,.]*) – (\d[\d,.]*)( %)?$")
NUMBER = re.compile(r"^\+?\d[\d,.]*( %)?$")
WITH_INTERVAL = re.compile(r"^([^()]*[^() ])(?: \(([^()]+)\))?$")

LEFT_OUT = "leaves out a number of kind"


class Printed(NamedTuple):
    """A number as a form prints it; `interval` is `None` where the form has no room for it."""

    form: str
    answer: Answer
    text: str
    interval: str | None
    #: Whether decimals follow from the number and its interval, as everywhere but in a few columns.
    by_rule: bool = True


class Forms:
    """Reads the forms of one report against its JSON."""

    def __init__(self, case: Case, place: dict[str, int], report: Report, command: str) -> None:
        self.case, self.place, self.report = case, place, report
        self.command = "estimate" if command == "exact" else command
        self.printed: list[Printed] = []
        self.problems: list[str] = []
        self.known = {(answer.kind, answer.of): answer for answer in report.answers}
        self.names = [case.sides[i].name for i in report.sides]

    # CSV.

    def check_csv(self, lines: list[dict[str, str]]) -> None:
        """Every line's numbers are those of JSON."""
        before = len(self.problems)
        if not lines and self.command != "trend":
            self.problems.append("csv: no line")
        for line in lines:
            for kind, of, columns in self._csv_columns(line):
                found = tuple(float(line[column]) for column in columns)
                answer = self.known.get((kind, of))
                wanted = answer.numbers[: len(found)] if answer else None
                if found != wanted and not (len(found) == 3 and kind == "rows" and found == (of,) * 3):
                    self.problems.append(f"csv: {dict(line)} where JSON says {answer}")
        del self.problems[before + 5 :]

    def _csv_columns(self, line: dict[str, str]) -> Any:
        three = ("value", "lower", "upper")

        def estimate(name: str) -> tuple[str, str, str]:
            return name, f"{name}_lower", f"{name}_upper"

        match self.command:
            case "estimate":
                kind, of = self._measure(line["measure"], line["a"], line["b"], line.get("segment"))
                return [(kind, of, three)]
            case "regions":
                return [("region", self._region(line["sides"].split("&")), three)]
            case "matrix":
                pair = [
                    (*self._pair_measure(name, line["a"], line["b"]), estimate(name))
                    for name in ("overlap", "share_of_a", "share_of_b", "jaccard")
                ]
                return pair + [("side", self._side(line[s]), (f"users_{s}",)) for s in ("a", "b")]
            case "reach":
                steps = self.report.document["steps"][: int(line["step"])]
                if steps[-1]["side"] != line["side"]:
                    self.problems.append(f"csv: step {line['step']} is {line['side']}, in JSON {steps[-1]['side']}")
                *before, last = (self._side(step["side"]) for step in steps)
                all_before = 0
                for side in before:
                    all_before |= side
                return [
                    ("side", last, estimate("users")),
                    ("added", last & ~all_before, estimate("added")),
                    ("reach", last | all_before, estimate("reach")),
                ]
            case "trend":
                return [(*self._trend_measure(line["day"], line["measure"]), three)]
            case _:
                name = line["file"].rsplit("/", 1)[-1].removesuffix(".ovs")
                return [("side alone", self._side(name), ("users", "lower", "upper"))]

    def _measure(self, measure: str, a: str, b: str, segment: str | None) -> tuple[str, Any]:
        if measure in ("rows", "nulls"):
            side = self.case.sides[self.place[a]]
            return "rows", float(len(side.rows) if measure == "rows" else side.nulls)
        if measure == "users":
            return "side", self._side(a)
        if measure == "mean_rows":
            return "mean rows", ("mean", self.place[a])
        if plus := re.fullmatch(r"users_(\d+)_plus", measure):
            return "n+ reach", ("at least", self.place[a], int(plus[1]))
        if measure == "union":
            return "union", self.case.union(self.report.sides)
        if measure == "formula":
            return next(
                (
                    (x.kind, x.of)
                    for x, f in zip(self.report.all("formula"), self.report.document["formulas"])
                    if f["formula"] == a
                ),
                ("formula", None),
            )
        if measure.startswith("segment_"):
            ours, partner = self.report.sides
            what = measure.removeprefix("segment_")
            if what == "users" and self.place[a] == ours:
                what = "ours"
            value = segment if segment in SEGMENTS else None
            return f"segment {what}", ("segment", what, ours, partner, value)
        return self._pair_measure(measure, a, b)

    def _pair_measure(self, measure: str, a: str, b: str) -> tuple[str, Any]:
        x, y = self._side(a), self._side(b)
        both = x & y
        return {
            "overlap": ("overlap", both),
            "only_a": ("only", x & ~y),
            "only_b": ("only", y & ~x),
            "pair_union": ("pair's union", x | y),
            "share_of_a": ("share", ("ratio", both, x)),
            "share_of_b": ("share", ("ratio", both, y)),
            "gain_a": ("gain", ("ratio", y & ~x, x)),
            "gain_b": ("gain", ("ratio", x & ~y, y)),
            "jaccard": ("jaccard", ("ratio", both, x | y)),
            "overlap_coefficient": ("coefficient", ("coefficient", both, *sorted((x, y)))),
        }[measure]

    def _trend_measure(self, day: str, measure: str) -> tuple[str, Any]:
        # The readers put a day's measures down in the order of the document.
        place = 0
        for document in self.report.document["days"]:
            for found in document["measures"]:
                if found["value"] is None:
                    continue
                if (document["day"], found["measure"]) == (day, measure):
                    answer = self.report.answers[place]
                    return answer.kind, answer.of
                place += 1
        return measure, None

    def _side(self, name: str) -> int:
        return self.case.side(self.place[name])

    def _region(self, names: list[str]) -> int:
        inside = [self.place[name] for name in names]
        of = self.case.all
        for i in self.report.sides:
            of &= self.case.side(i) if i in inside else ~self.case.side(i)
        return of

    # Tables and Markdown.

    def read(self, form: str, text: str) -> None:
        """Finds every number of a form, and says which are missing."""
        self.form, self.found = form, set()
        for block in re.split(r"\n\s*\n", text.strip("\n")):
            rows = [self._cells(line) for line in block.splitlines() if not line.startswith("|--")]
            try:
                self._block(rows, block.splitlines())
            except (ValueError, IndexError, KeyError) as error:
                self.problems.append(f"{form}: can't be read ({error!r}): {block.splitlines()[-1]}")
        missing = {kind for kind, of in self.known if (kind, of) not in self.found} & self._wanted()
        for kind in sorted(missing):
            self.problems.append(f"{form}: {LEFT_OUT} '{kind}'")

    def _wanted(self) -> set[str]:
        kinds = {
            "estimate": {
                "side",
                "overlap",
                "union",
                "pair's union",
                "share",
                "jaccard",
                "formula",
                "n+ reach",
                "mean rows",
                "segment new",
            },
            "regions": {"region", "union"},
            "matrix": {"side", "overlap", "share"},
            "reach": {"side", "added", "reach"},
            "inspect": {"side alone"},
            "trend": {"side", "added", "reach"},
        }[self.command]
        if self.command == "matrix" and self.form == "markdown":
            kinds -= {"overlap", "share"}  # pairs that share nobody are left out
        return kinds - ({"pair's union"} if len(self.report.sides) == 2 else set())

    def _cells(self, line: str) -> list[str]:
        if line.startswith("|"):
            return [
                cell for cell in (cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)) if cell
            ]
        return re.split(r"\s{2,}", line.strip())

    def _block(self, rows: list[list[str]], lines: list[str]) -> None:
        head = rows[0]
        if self.command == "inspect":
            self._inspect(rows, lines)
        elif "nulls" in head:
            for name, _, _, *rest in rows[1:]:
                if name in self.place:
                    self._take("side", self._side(name), rest)
        elif head[0] == "only in":
            for name, *rest in rows[1:]:
                union = name == "all"
                kind = "union" if union else "region"
                of = self.case.union(self.report.sides) if union else self._region(name.split(" & "))
                rest = self._take(kind, of, rest)
                if not union:
                    self._derived(
                        rest[0], self.known[kind, of], self.known["union", self.case.union(self.report.sides)]
                    )
        elif head[:3] == ["side", "users", "new"]:
            self._reach(rows[1:])
        elif head[:3] == ["a", "b", "overlap"]:
            for row in rows[1:]:
                self._pair_row(head, row)
        elif head[0] in ("users of both", "share of row's users"):
            self._square(head, rows[1:])
        elif head[0] == "rows":
            self._frequencies(head, rows[1:])
        elif head[0] == "tier":
            self._segments(rows[1:])
        elif head[0] == "day":
            self._trend_rows(head, rows[1:])
        elif match := re.fullmatch(r"(\w) and (\w)", head[0]):
            self._pair_block(match[1], match[2], rows[1:])
        elif head[0] == "users":
            for name, *rest in rows[1:]:
                if self.command == "matrix":
                    self._take("side", self._side(name), rest)
                else:
                    self._pair_block(*self.names, rows=[[name, *rest]])
        else:
            self._sentences(lines)

    def _take(self, kind: str, of: Any, cells: list[str], interval: bool = True, by_rule: bool = True) -> list[str]:
        """One number, its interval if it has one there; returns the cells that are left."""
        answer = self.known.get((kind, of))
        if answer is None or not cells or not NUMBER.match(cells[0]):
            raise ValueError(f"{kind} {cells}")
        text, *rest = cells
        shown: str | None = None
        if interval:
            shown, rest = (rest[0], rest[1:]) if rest and INTERVAL.match(rest[0]) else ("", rest)
        self.found.add((kind, of))
        self.printed.append(Printed(self.form, answer, text.lstrip("+"), shown, by_rule))
        return rest

    def _pair_row(self, head: list[str], row: list[str]) -> None:
        a, b, *rest = row
        rest = self._take(*self._pair_measure("overlap", a, b), rest)
        for measure, column in (
            ("share_of_a", "of a"),
            ("share_of_b", "of b"),
            ("pair_union", "union"),
            ("jaccard", "Jaccard"),
        ):
            if column in head:
                rest = self._take(*self._pair_measure(measure, a, b), rest, interval=False)

    def _pair_block(self, a: str, b: str, rows: list[list[str]]) -> None:
        names = {
            "overlap": "overlap",
            f"only {a}": "only_a",
            f"only {b}": "only_b",
            "union": "pair_union",
            f"share of {a}": "share_of_a",
            f"share of {b}": "share_of_b",
            f"reach that {a} gains": "gain_a",
            f"reach that {b} gains": "gain_b",
            "Jaccard": "jaccard",
        }
        for name, *rest in rows:
            if name == "quality":
                continue
            rest = self._take(*self._pair_measure(names[name], a, b), rest)
            if name == "union" and len(self.names) == 2:
                self.found.add(("union", self.case.union(self.report.sides)))
            if name == "overlap" and rest:
                shares = re.fullmatch(r"(\S+ %) of (\w), (\S+ %) of (\w)", rest[0])
                if not shares or shares.group(2, 4) != (a, b):
                    raise ValueError(rest[0])
                self._take(*self._pair_measure("share_of_a", a, b), [shares[1]], interval=False)
                self._take(*self._pair_measure("share_of_b", a, b), [shares[3]], interval=False)

    def _square(self, head: list[str], rows: list[list[str]]) -> None:
        for row in rows:
            for other, cell in zip(head[1:], row[1:]):
                if cell != "–":
                    measure = "overlap" if head[0] == "users of both" else "share_of_a"
                    self._take(*self._pair_measure(measure, row[0], other), [cell], interval=False)

    def _reach(self, rows: list[list[str]]) -> None:
        before = 0
        for step, row in zip(self.report.document["steps"], rows, strict=True):
            name, *rest = row
            if name != step["side"]:
                raise ValueError(f"{name} for {step['side']}")
            side = self._side(name)
            rest = self._take("side", side, rest, interval=False)
            rest = self._take("added", side & ~before, rest)
            before |= side
            rest = self._take("reach", before, rest[1:])
            if len(rest) != 1 or abs(float(rest[0]) - step["duplication"]) > 0.000501:
                raise ValueError(f"duplication {rest}, in JSON {step['duplication']}")

    def _frequencies(self, head: list[str], rows: list[list[str]]) -> None:
        names = [name for name in head[1:] if name in self.place]
        for what, *rest in rows:
            for name in names:
                i = self.place[name]
                if what == "mean":
                    rest = self._take("mean rows", ("mean", i), rest, by_rule=False)
                else:
                    rest = self._take("n+ reach", ("at least", i, int(what.rstrip("+"))), rest)

    def _segments(self, rows: list[list[str]]) -> None:
        ours, partner = self.report.sides
        for segment, *rest in rows:
            if segment.startswith("new:"):
                return
            value = segment if segment in SEGMENTS else None
            for what in ("ours", "users", "new", "new_share"):
                rest = self._take(
                    f"segment {what}", ("segment", what, ours, partner, value), rest, interval=what == "new"
                )
            self._derived(
                rest[0], self.known["segment new", ("segment", "new", ours, partner, value)], self._only_partner()
            )
            self._take("segment gain", ("segment", "gain", ours, partner, value), rest[1:], interval=False)

    def _only_partner(self) -> Answer:
        ours, partner = map(self.case.side, self.report.sides)
        return self.known["only", partner & ~ours]

    def _derived(self, cell: str, part: Answer, whole: Answer) -> None:
        """A column of shares that JSON doesn't have."""
        if not is_rounding(cell, part.value / max(whole.value, 1)):
            self.problems.append(f"{self.form}: {cell} for {part.value:g} by {whole.value:g}")

    def _trend_rows(self, head: list[str], rows: list[list[str]]) -> None:
        for day, *cells in rows:
            for column, cell in zip(head[1:], cells, strict=True):
                if cell != "–":
                    self._take(*self._trend_measure(day, column.replace(" ", "_")), [cell], interval=False)

    def _inspect(self, rows: list[list[str]], lines: list[str]) -> None:
        if match := re.match(r"(?:.*/)?(\w)\.ovs: ", lines[0]):
            self.file = match[1]
        if rows[0][0] == "sketch":
            _, _, _, *rest = rows[1]
            self._take("side alone", self._side(self.file), rest)

    def _sentences(self, lines: list[str]) -> None:
        for line in lines:
            if match := re.fullmatch(r"\+(.+) reach for (\w) from (\w)(.*)", line):
                measure = "gain_a" if match[2] == self.names[0] else "gain_b"
                self._line(self._pair_measure(measure, *self.names), match[1] + match[4])
            elif match := re.fullmatch(r"Jaccard (.+)", line):
                self._line(self._pair_measure("jaccard", *self.names), match[1])
            elif match := re.fullmatch(r"[Uu]nion of all:? (.+)", line):
                self._line(("union", self.case.union(self.report.sides)), match[1])
            elif ": " in line and (formula := self._formula(line.rsplit(": ", 1)[0])):
                self._line(formula, line.rsplit(": ", 1)[1])

    def _formula(self, text: str) -> tuple[str, Any] | None:
        text = text.replace("\\|", "|")
        formulas = self.report.document.get("formulas", []) if isinstance(self.report.document, dict) else []
        if text not in [formula["formula"] for formula in formulas]:
            return None
        return self._measure("formula", text, "", None)

    def _line(self, measure: tuple[str, Any], text: str) -> None:
        match = WITH_INTERVAL.match(text)
        if not match:
            raise ValueError(text)
        left = self._take(*measure, [part for part in match.groups() if part])
        if left:
            raise ValueError(text)


def is_rounding(text: str, value: float) -> bool:
    """Whether the text is the number with as many decimals as it has."""
    percent = text.endswith(" %")
    digits = text.removesuffix(" %").replace(",", "").lstrip("+")
    decimals = len(digits.partition(".")[2])
    value *= 100 if percent else 1
    return abs(float(digits) - value) <= 0.5 * 10**-decimals + 1e-9 * max(1.0, abs(value))


def is_interval(printed: Printed) -> bool:
    """Whether the printed interval is that of the number: blank where it is a point."""
    answer = printed.answer
    if printed.interval is None:
        return True
    if printed.interval == "":
        return answer.lower == answer.upper
    match = INTERVAL.match(printed.interval)
    unit = match[3] or "" if match else ""
    return (
        bool(match)
        and answer.lower != answer.upper
        and is_rounding(match[1] + unit, answer.lower)
        and is_rounding(match[2] + unit, answer.upper)
    )
