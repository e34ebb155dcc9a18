"""What the program and the Python module say of a case: numbers, each with what it is a number of."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from . import forms
from .make import FIRST_DAY, Case


class Answer(NamedTuple):
    """A number of a report. `of` names it (see `make`), `kind` is the row of the coverage table."""

    kind: str
    of: Any
    value: float
    lower: float
    upper: float
    name: str = ""

    @property
    def numbers(self) -> tuple[float, float, float]:
        return self.value, self.lower, self.upper

    @property
    def is_share(self) -> bool:
        return not isinstance(self.of, int) and (
            self.of[0] in ("ratio", "coefficient", "mean")
            or self.of[:2] in (("segment", "new_share"), ("segment", "gain"))
        )

    def __str__(self) -> str:
        value, lower, upper = (f"{number:,.6g}" if self.is_share else f"{number:,.10g}" for number in self.numbers)
        return f"{self.kind} of {self.name}: {value} ({lower} – {upper})"


@dataclass
class Report:
    """One invocation: `sides` are those that were fitted together, in the order given."""

    source: str
    sides: tuple[int, ...]
    answers: list[Answer]
    document: Any = None
    printed: list[forms.Printed] = field(default_factory=list)
    #: Numbers of one set of sides are the same in all reports that are `joint`.
    joint: bool = True
    exact: bool = False
    #: Sides of which one row a user was promised, so that their sizes are known.
    unique: tuple[int, ...] = ()

    @property
    def scope(self) -> tuple[frozenset[int], tuple[int, ...]]:
        """What was fitted together, in whatever order."""
        return frozenset(self.sides), self.unique

    def of(self, of: Any) -> Answer | None:
        return next((answer for answer in self.answers if answer.of == of), None)

    def all(self, *kinds: str) -> list[Answer]:
        return [answer for answer in self.answers if answer.kind in kinds]


class Failed(Exception):
    """The program ended otherwise than with 0."""


class Asked:
    """Asks about one case and keeps the reports."""

    def __init__(self, case: Case, binary: str, with_python: bool) -> None:
        self.case, self.binary, self.with_python = case, binary, with_python
        self.reports: list[Report] = []
        #: What forms say otherwise than JSON, and what sketches of data are otherwise than stored ones.
        self.problems: list[str] = []
        self.differences: list[str] = []
        self.place = {side.name: i for i, side in enumerate(case.sides)}
        self.calls = 0

    def add(self, report: Report) -> Report:
        """Keeps a report, with names for people."""
        report.answers = [answer._replace(name=self.case.describe(answer.of)) for answer in report.answers]
        self.reports.append(report)
        return report

    def run(self, *arguments: object) -> str:
        self.calls += 1
        command = [self.binary, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise Failed(f"{' '.join(command)}: exit {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def options(self) -> list[object]:
        return ["--precision", self.case.precision, "--k", self.case.k, "--threads", 1 + self.case.number % 2]

    def inputs(self, sides, stored: bool | None = None) -> list[str]:
        """The sides as arguments: all data, all stored, or each as the case has it."""

        def path(i: int) -> Path:
            is_stored = self.case.sides[i].stored if stored is None else stored
            return self.case.sketch(i) if is_stored else self.case.data(i)

        return [f"{self.case.sides[i].name}={path(i)}" for i in sides]

    def ask(self, source: str, command: str, sides, *more: object, all_forms=False, inputs=None, unique=()) -> Report:
        """One report, and the same in every form."""
        sides = tuple(sides)
        inputs = self.inputs(sides) if inputs is None else inputs
        options = [] if command == "exact" else self.options()
        words = [command, *inputs, *options, *more]
        document = json.loads(self.run(*words, "--format", "json"))
        exact = command == "exact"
        answers = self.answers(command, document, sides)
        report = self.add(Report(source, sides, answers, document, joint=not exact, exact=exact, unique=tuple(unique)))
        if all_forms:
            lines = list(csv.DictReader(io.StringIO(self.run(*words, "--format", "csv"))))
            printed = forms.Forms(self.case, self.place, report, command)
            printed.check_csv(lines)
            for form in ("table", "markdown"):
                printed.read(form, self.run(*words, "--format", form))
            report.printed = printed.printed
            self.problems += [f"{source}: {problem}" for problem in printed.problems]
        return report

    # What each document says.

    def answers(self, command: str, document: Any, sides: tuple[int, ...]) -> list[Answer]:
        readers = {
            "estimate": self._estimate,
            "exact": self._estimate,
            "verify": lambda document, sides: self._estimate(document["estimate"]["report"], sides),
            "regions": self._regions,
            "matrix": self._matrix,
            "reach": self._reach,
            "trend": self._trend,
        }
        return readers[command](document, sides)

    def _sides(self, document: Any) -> list[Answer]:
        answers = []
        for side in document["sides"]:
            i = self.place[side["name"]]
            answers.append(number("side", self.case.side(i), side["users"]))
            if "frequency" in side:
                frequency = side["frequency"]
                answers.append(number("mean rows", ("mean", i), frequency["mean"]))
                for rows, (reach, exactly) in enumerate(zip(frequency["reach"], frequency["exactly"]), 1):
                    answers.append(number("n+ reach", ("at least", i, rows), reach))
                    answers.append(number("n rows", ("exactly", i, rows), exactly))
        return answers

    def _estimate(self, document: Any, sides: tuple[int, ...]) -> list[Answer]:
        answers = self._sides(document)
        answers.append(number("union", self.case.union(sides), document["union"]))
        names = [self.case.sides[i].name for i in sides]
        for pair in document.get("pairs", [{**document, "a": names[0], "b": names[1]}]):
            answers += self._pair(pair, ("union",))
        for formula in document.get("formulas", []):
            answers.append(number("formula", self.formulas[formula["formula"]], formula["users"]))
        if "segments" in document:
            ours, partner = sides
            for row in document["segments"]["rows"]:
                for field_, what in [
                    ("users_of_ours", "ours"),
                    *((f, f) for f in ("users", "overlap", "new", "new_share", "gain")),
                ]:
                    if row.get(field_) is not None:
                        of = ("segment", what, ours, partner, row["segment"][0])
                        answers.append(number(f"segment {what}", of, row[field_]))
        return answers

    def _pair(self, pair: Any, unions: tuple[str, ...] = ()) -> list[Answer]:
        a, b = (self.case.side(self.place[pair[name]]) for name in ("a", "b"))
        both = a & b
        names = {
            "overlap": ("overlap", both),
            "only_a": ("only", a & ~b),
            "only_b": ("only", b & ~a),
            "union": ("pair's union", a | b),
            "share_of_a": ("share", ("ratio", both, a)),
            "share_of_b": ("share", ("ratio", both, b)),
            "gain_a": ("gain", ("ratio", b & ~a, a)),
            "gain_b": ("gain", ("ratio", a & ~b, b)),
            "jaccard": ("jaccard", ("ratio", both, a | b)),
            "overlap_coefficient": ("coefficient", ("coefficient", both, *sorted((a, b)))),
        }
        return [number(*names[name], pair[name]) for name in names if name in pair]

    def region(self, names: list[str], sides) -> int:
        """Those that are in just these of some sides, whatever others there are."""
        inside = [self.place[name] for name in names]
        of = self.case.all
        for i in sides:
            of &= self.case.side(i) if i in inside else ~self.case.side(i)
        return of

    def _regions(self, document: Any, sides: tuple[int, ...]) -> list[Answer]:
        answers = self._sides(document)
        answers.append(number("union", self.case.union(sides), document["union"]))
        for region in document["regions"]:
            answers.append(number("region", self.region(region["sides"], sides), region["users"]))
        return answers

    def _matrix(self, document: Any, _: tuple[int, ...]) -> list[Answer]:
        answers = self._sides(document)
        for pair in document["pairs"]:
            answers += self._pair(pair)
        return answers

    def _reach(self, document: Any, _: tuple[int, ...]) -> list[Answer]:
        return self.reach_steps(
            (step["side"], step["users"], step["added"], step["reach"]) for step in document["steps"]
        )

    def reach_steps(self, steps) -> list[Answer]:
        answers, before = [], 0
        for name, users, added, reach in steps:
            side = self.case.side(self.place[name])
            answers.append(number("side", side, users))
            answers.append(number("added", side & ~before, added))
            before |= side
            answers.append(number("reach", before, reach))
        return answers

    def _trend(self, document: Any, sides: tuple[int, ...]) -> list[Answer]:
        """Of sides as days: what each measure is in terms of them."""
        answers: list[Answer] = []
        side = self.case.side
        for place, day in enumerate(document["days"]):
            assert day["day"] == str(FIRST_DAY.replace(day=FIRST_DAY.day + place))
            window = self.case.union([place, place - 1][: 1 + (place > 0)])
            before = self.case.union([place - 2, place - 3]) if place >= 3 else 0
            what = {
                "users": ("side", side(place)),
                "new": ("added", side(place) & ~self.case.union(range(place))),
                "cumulative": ("reach", self.case.union(range(place + 1))),
                "returned": ("returned", ("ratio", side(place) & side(max(place - 1, 0)), side(max(place - 1, 0)))),
                "users_2d": ("window", window),
                "returned_2d": ("returned", ("ratio", window & before, before)),
            }
            for measure in day["measures"]:
                if measure["value"] is not None:
                    answers.append(number(*what[measure["measure"]], measure["value"]))
        return answers

    formulas: dict[str, int] = {}


def number(kind: str, of: Any, estimate: Any) -> Answer:
    """A number as JSON or as Python has it."""
    if isinstance(estimate, dict):
        return Answer(kind, of, estimate["value"], estimate["lower"], estimate["upper"])
    return Answer(kind, of, estimate.value, estimate.lower, estimate.upper)


def formula(case: Case, depth: int = 0) -> tuple[str, int]:
    """A random set formula, and the regions that it consists of."""
    rng = case.rng
    if depth == 3 or depth and rng.random() < 0.4:
        i = int(rng.integers(case.count))
        return case.sides[i].name, case.side(i)
    (a, x), (b, y) = formula(case, depth + 1), formula(case, depth + 1)
    operator, of = [("&", x & y), ("|", x | y), ("-", x & ~y), ("^", x ^ y)][rng.integers(4)]
    text = f"{a} {operator} {b}"
    return (f"({text})" if depth else text), of


def named_formulas(case: Case) -> dict[str, int]:
    """A pair and a region as formulas."""
    (a, x), (b, y), *others = ((case.sides[i].name, case.side(i)) for i in case.rng.permutation(case.count))
    region = x & y
    for _, side in others:
        region &= ~side
    return {f"{a} & {b}": x & y, " - ".join([f"({a} & {b})", *(name for name, _ in others)]): region}


def everything(case: Case, binary: str, with_python: bool) -> Asked:
    """Every command about the case, every form once."""
    asked = Asked(case, binary, with_python)
    rng, sides = case.rng, range(case.count)
    case.write()
    for i in sides:
        asked.run("sketch", asked.inputs([i], stored=False)[0], *asked.options(), "-o", case.sketch(i))
    asked.formulas = dict(formula(case) for _ in range(2)) | named_formulas(case)
    expressions = [word for text in asked.formulas for word in ("--expr", text)]
    asked.ask("estimate", "estimate", sides, *expressions, all_forms=True)
    asked.ask("regions", "regions", sides, all_forms=True)
    asked.ask("matrix", "matrix", sides, all_forms=True)
    asked.ask("reach", "reach", sides, all_forms=True)
    asked.ask("reach --order greedy", "reach", sides, "--order", "greedy", all_forms=True)
    asked.ask("exact", "exact", sides, all_forms=True, inputs=asked.inputs(sides, stored=False))
    asked.ask(
        "estimate of data --frequency",
        "estimate",
        sides,
        "--frequency",
        all_forms=True,
        inputs=asked.inputs(sides, stored=False),
    )
    asked.ask("estimate of sketches", "estimate", sides, inputs=asked.inputs(sides, stored=True))
    asked.ask("regions of sketches", "regions", sides, inputs=asked.inputs(sides, stored=True))
    asked.ask("verify", "verify", sides, inputs=asked.inputs(sides, stored=False))
    unique = [i for i in sides if len(case.sides[i].users) == case.limit(i)]
    if unique:
        promised = [f"--unique={case.sides[i].name}" for i in unique]
        asked.ask("estimate --unique", "estimate", sides, *promised, *expressions, all_forms=True, unique=unique)
        asked.ask("regions --unique", "regions", sides, *promised, unique=unique)
    turned = [int(i) for i in rng.permutation(case.count)]
    asked.ask("estimate in another order", "estimate", turned, *expressions)
    asked.ask("regions in another order", "regions", turned)
    if case.is_combined():
        file = [case.folder / "all.parquet"]
        asked.ask("matrix --by", "matrix", sides, "--by", "side", inputs=file)
        asked.ask("reach --by", "reach", sides, "--by", "side", inputs=file)
        asked.ask("trend", "trend", sides, "--by", "day", "--windows", 2, inputs=[f"t={file[0]}"], all_forms=True)
    two = sorted(int(i) for i in rng.choice(case.count, 2, replace=False)) if case.count > 2 else [0, 1]
    pair(asked, two)
    inspect(asked)
    if with_python:
        from . import module

        module.ask(asked, two)
    return asked


def pair(asked: Asked, two: list[int]) -> None:
    """Two of the sides alone, in every command."""
    data = asked.inputs(two, stored=False)
    a, b = (asked.case.sides[i].name for i in two)
    kept, asked.formulas = (
        asked.formulas,
        {
            f"{a} & {b}": asked.case.side(two[0]) & asked.case.side(two[1]),
            f"{a} - {b}": asked.case.side(two[0]) & ~asked.case.side(two[1]),
        },
    )
    expressions = [word for text in asked.formulas for word in ("--expr", text)]
    asked.ask("estimate of two", "estimate", two, *expressions, all_forms=True)
    asked.ask("regions of two", "regions", two)
    asked.ask("matrix of two", "matrix", two)
    asked.ask("reach of two", "reach", two)
    asked.ask("reach of two, turned", "reach", two[::-1])
    asked.ask("estimate of two, turned", "estimate", two[::-1])
    asked.ask("estimate --by", "estimate", two, "--by", "tier", inputs=data, all_forms=True)
    asked.formulas = kept


def inspect(asked: Asked) -> None:
    """What sketch files disclose: each side alone."""
    case = asked.case
    files = [case.sketch(i) for i in range(case.count)]
    document = json.loads(asked.run("inspect", *files, "--format", "json"))
    answers = [
        number("side alone", case.side(i), file["sketches"][0]["users"]) for i, file in enumerate(document["files"])
    ]
    report = asked.add(Report("inspect", tuple(range(case.count)), answers, document, joint=False))
    printed = forms.Forms(case, asked.place, report, "inspect")
    printed.check_csv(list(csv.DictReader(io.StringIO(asked.run("inspect", *files, "--format", "csv")))))
    for form in ("table", "markdown"):
        printed.read(form, asked.run("inspect", *files, "--format", form))
    report.printed = printed.printed
    asked.problems += [f"inspect: {problem}" for problem in printed.problems]
