"""The laws of numbers about sides. Each looks at all reports of a case and yields what breaks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations_with_replacement
from math import isclose, sqrt

from .ask import Answer, Asked, Report
from .forms import LEFT_OUT, is_interval, is_rounding
from .make import Case

Law = Callable[[Asked], Iterator[str]]
LAWS: list[Law] = []

#: Ends of an interval at 95 % lie 1.96 standard errors from the value.
SIX_SIGMA = 6 / 1.96
# Users: where registers all but count a few users, an interval may be a point beside the truth.
FEW = 3


def law(function: Law) -> Law:
    LAWS.append(function)
    return function


def estimated(asked: Asked) -> Iterator[Report]:
    return (report for report in asked.reports if not report.exact)


def joint(asked: Asked) -> Iterator[Report]:
    return (report for report in asked.reports if report.joint)


def numbers_of(asked: Asked, *kinds: str) -> Iterator[tuple[Report, Answer]]:
    for report in estimated(asked):
        for answer in report.answers:
            if not kinds or answer.kind in kinds:
                yield report, answer


@law
def every_number_lies_in_its_interval(asked: Asked) -> Iterator[str]:
    """0 ≤ lower ≤ value ≤ upper, and no share is over 1."""
    for report, answer in numbers_of(asked):
        whole = answer.kind in ("share", "jaccard", "coefficient", "returned", "segment new_share")
        if not 0 <= answer.lower <= answer.value <= answer.upper or whole and answer.upper > 1:
            yield f"{report.source}: {answer}"


@law
def users_are_whole(asked: Asked) -> Iterator[str]:
    """Numbers of users and their intervals are whole numbers."""
    for report, answer in numbers_of(asked):
        if not answer.is_share and any(number != round(number) for number in answer.numbers):
            yield f"{report.source}: {answer}"


@law
def what_fits_its_sample_is_exact(asked: Asked) -> Iterator[str]:
    """A side of at most k users is counted in every report, and so is what such sides decide."""
    case = asked.case
    for report, answer in numbers_of(asked):
        if case.is_known(answer.of):
            truth = case.truth(answer.of)
            if max(abs(number - truth) for number in answer.numbers) > 1e-9 * max(1, truth):
                yield f"{report.source}: {answer}, truth {truth:g}, and sides that fit decide it"


@law
def a_promised_size_is_the_size(asked: Asked) -> Iterator[str]:
    """With `--unique` a side is its rows with an ID, exactly."""
    for report, answer in numbers_of(asked, "side"):
        for i in report.unique:
            if answer.of == asked.case.side(i) and answer.numbers != (asked.case.limit(i),) * 3:
                yield f"{report.source}: {answer} of {asked.case.limit(i):,} rows"


@law
def nobody_is_in_an_empty_side(asked: Asked) -> Iterator[str]:
    """A number of users in a side without users is 0, without an interval."""
    case = asked.case
    for report, answer in numbers_of(asked):
        if isinstance(answer.of, int) and any(
            not case.truth(case.side(i)) and not answer.of & ~case.side(i) for i in range(case.count)
        ):
            if answer.numbers != (0, 0, 0):
                yield f"{report.source}: {answer}"


@law
def counting_is_exact(asked: Asked) -> Iterator[str]:
    """`overlap exact` says the truth."""
    for report in asked.reports:
        for answer in report.answers if report.exact else ():
            truth = asked.case.truth(answer.of)
            if max(abs(number - truth) for number in answer.numbers) > 1e-9 * max(1, truth):
                yield f"{report.source}: {answer}, truth {truth:g}"


@law
def rows_and_nulls_are_counted(asked: Asked) -> Iterator[str]:
    """Every report that says rows and nulls of a side says the true ones."""
    for report in asked.reports:
        document = report.document if isinstance(report.document, dict) else {}
        for side in document.get("sides", []) if "trend" not in document.get("schema", "") else []:
            i = asked.place.get(side["name"])
            if i is not None and "rows" in side:
                wanted = len(asked.case.sides[i].rows), asked.case.sides[i].nulls
                if (side["rows"], side["nulls"]) != wanted:
                    yield f"{report.source}: {side['name']} has {side['rows']} rows, {side['nulls']} nulls, not {wanted}"


@law
def no_more_users_than_rows(asked: Asked) -> Iterator[str]:
    """No number of users of a side, nor its limit, is over the side's rows with an ID."""
    case = asked.case
    limits = [case.limit(i) for i in range(case.count)]
    for report, answer in numbers_of(asked):
        if isinstance(answer.of, int):
            pairs = combinations_with_replacement(report.sides, 2)
            within = [{i, j} for i, j in pairs if not answer.of & ~(case.side(i) | case.side(j))] + [set(report.sides)]
            limit = min(sum(limits[i] for i in sides) for sides in within)
        elif answer.of[0] in ("at least", "exactly"):
            limit = limits[answer.of[1]]
        elif answer.of[:2] in (("segment", "users"), ("segment", "overlap"), ("segment", "new")):
            limit = case.segment_limit(answer.of[3], answer.of[4])
        else:
            continue
        if answer.upper > limit or answer.value > limit:
            yield f"{report.source}: {answer} of {limit} rows"


@law
def no_part_exceeds_its_side(asked: Asked) -> Iterator[str]:
    """An overlap, or any other part of a side, and its limit are at most the side's."""
    for report in estimated(asked):
        sides = {answer.of: answer for answer in report.all("side")}
        for answer in report.answers:
            for of, side in sides.items() if isinstance(answer.of, int) else ():
                if not answer.of & ~of and (answer.value > side.value or answer.upper > side.upper):
                    yield f"{report.source}: {answer} of {side}"


@law
def no_number_exceeds_the_union(asked: Asked) -> Iterator[str]:
    """No number of users is over the union of all, nor is its limit over the union's (of three sides and more)."""
    for report in estimated(asked):
        union = next(iter(report.all("union")), None) or next(reversed(report.all("reach")), None)
        for answer in report.answers if union else ():
            if (
                isinstance(answer.of, int)
                and not answer.of & ~union.of
                and (answer.value > union.value or answer.upper > union.upper and len(report.sides) > 2)
            ):
                yield f"{report.source}: {answer} of {union}"


@law
def pairs_add_up(asked: Asked) -> Iterator[str]:
    """A + B − overlap = union, and only A + overlap = A, to the digit, in every report."""
    for report in estimated(asked):
        values = {answer.of: answer.value for answer in report.answers if isinstance(answer.of, int)}
        sides = list(dict.fromkeys(answer.of for answer in report.all("side")))
        for place, a in enumerate(sides):
            for b in sides[place + 1 :]:
                if (
                    a & b in values
                    and a | b in values
                    and a != b
                    and values[a] + values[b] - values[a & b] != values[a | b]
                ):
                    yield f"{report.source}: {values[a]:g} + {values[b]:g} − {values[a & b]:g} isn't {values[a | b]:g}"
                for x in (a & ~b, b & ~a):
                    side = a if x == a & ~b else b
                    if x in values and a & b in values and values[x] + values[a & b] != values[side]:
                        yield f"{report.source}: only {values[x]:g} + {values[a & b]:g} isn't {values[side]:g}"


def regions_by_order(asked: Asked) -> dict[object, tuple[str, dict[int, float]]]:
    """The regions of sides in the order given: whether the order matters is another law."""
    found = {}
    for report in joint(asked):
        if report.all("region"):
            regions = {answer.of: answer.value for answer in report.all("region")}
            found.setdefault((report.sides, report.unique), (report.source, regions))
    return found


def sums_of_regions(asked: Asked, *kinds: str) -> Iterator[str]:
    found = regions_by_order(asked)
    for report in joint(asked):
        source, regions = found.get((report.sides, report.unique), ("", None))
        if regions is None:
            continue
        for answer in report.all(*kinds):
            total = sum(value for of, value in regions.items() if not of & ~answer.of)
            if total != answer.value:
                yield f"{report.source}: {answer}, but its regions in {source} have {total:g}"


@law
def the_union_is_the_sum_of_its_regions(asked: Asked) -> Iterator[str]:
    """To the digit, whichever command says either."""
    yield from sums_of_regions(asked, "union")


@law
def a_side_is_the_sum_of_its_regions(asked: Asked) -> Iterator[str]:
    """To the digit, whichever command says either."""
    yield from sums_of_regions(asked, "side")


@law
def a_pair_is_the_sum_of_its_regions(asked: Asked) -> Iterator[str]:
    """Overlap, union and users of one alone, to the digit, whichever command says either."""
    yield from sums_of_regions(asked, "overlap", "pair's union", "only")


@law
def a_formula_is_the_sum_of_its_regions(asked: Asked) -> Iterator[str]:
    """To the digit; a formula that is a region or a pair has its number and interval, by the next law."""
    yield from sums_of_regions(asked, "formula")


@law
def one_number_for_one_question(asked: Asked) -> Iterator[str]:
    """Commands, sketches, `--by` and Python give one value and interval for one question about the same sides."""
    seen: dict[object, tuple[str, Answer]] = {}
    for report in joint(asked):
        if report.source in TURNED or report.source == "trend":
            continue
        for answer in report.answers:
            first, other = seen.setdefault((report.scope, answer.of), (report.source, answer))
            if other.numbers != answer.numbers:
                yield f"{first} says {other}, {report.source} says {answer}"


TURNED = ("estimate in another order", "regions in another order", "reach of two, turned", "estimate of two, turned")


def is_same(answer: Answer, other: Answer) -> bool:
    """Users to the digit; shares to six, as sums in another order differ in the last bits."""
    if not answer.is_share:
        return answer.numbers == other.numbers
    return all(isclose(x, y, rel_tol=1e-6, abs_tol=1e-9) for x, y in zip(answer.numbers, other.numbers))


def has_equal_sides(case: Case) -> bool:
    """Sides whose sketches are equal have no order of their own: a user may go to either."""
    pairs = ((a, b) for a in range(case.count) for b in range(a))
    return any(case.truth(case.side(a) ^ case.side(b)) == 0 for a, b in pairs)


def is_near(answer: Answer, other: Answer) -> bool:
    """Equal but for a few users or a hundredth of the interval's width."""
    width = max(a.upper - a.lower for a in (answer, other))
    slack = 0.01 * width + (0.0 if answer.is_share else FEW)
    return all(abs(x - y) <= slack or isclose(x, y, rel_tol=0.1) for x, y in zip(answer.numbers, other.numbers))


def against(asked: Asked, sources: tuple[str, ...]) -> Iterator[str]:
    """What some reports say otherwise than those in the first order."""
    first: dict[object, Answer] = {}
    for report in joint(asked):
        if report.source not in TURNED and report.source != "trend":
            for answer in report.answers:
                first.setdefault((report.scope, answer.of), answer)
    for report in joint(asked):
        for answer in report.answers if report.source in sources else ():
            other = first.get((report.scope, answer.of))
            same = is_near if report.source in TURNED and has_equal_sides(asked.case) else is_same
            if other and not same(answer, other):
                yield f"{report.source}: {answer}, else {other}"


@law
def the_order_of_sides_changes_nothing(asked: Asked) -> Iterator[str]:
    """Values and intervals are the same in whichever order the sides are named."""
    yield from against(asked, TURNED)


@law
def a_trend_says_what_reach_says(asked: Asked) -> Iterator[str]:
    """Days are sides: their users, what each adds, all so far and windows are those of other commands."""
    yield from against(asked, ("trend",))


@law
def reach_never_falls_and_is_what_was_added(asked: Asked) -> Iterator[str]:
    """Each step's reach is that before it and what it adds; the last is the union of all."""
    unions = {}
    for report in joint(asked):
        for union in report.all("union"):
            unions.setdefault(report.scope, union)
    for report in estimated(asked):
        steps = list(zip(report.all("added"), report.all("reach")))
        before = 0.0
        for added, reach in steps:
            if reach.value < before or before + added.value != reach.value:
                yield f"{report.source}: {before:g}, then {added} gives {reach}"
            before = reach.value
        union = unions.get(report.scope)
        if steps and union and report.joint and steps[-1][1].of == union.of and steps[-1][1].numbers != union.numbers:
            yield f"{report.source}: ends at {steps[-1][1]}, {union}"


@law
def greedy_reach_adds_the_most(asked: Asked) -> Iterator[str]:
    """No side that comes later would have added more, by the regions."""
    found = regions_by_order(asked)
    for report in joint(asked):
        source, regions = found.get((report.sides, report.unique), ("", None))
        if "greedy" not in report.source or regions is None:
            continue
        order, before = (
            [asked.case.side(asked.place[step["side"]]) for step in (report.document or {"steps": []})["steps"]],
            0,
        )
        for place, side in enumerate(order):
            gains = [
                sum(value for of, value in regions.items() if of & other and not of & before) for other in order[place:]
            ]
            if max(gains) > gains[0]:
                yield f"{report.source}: step {place + 1} adds {gains[0]:g}, but another {max(gains):g} by {source}"
            before |= side


@law
def shares_are_quotients(asked: Asked) -> Iterator[str]:
    """A share is the overlap by the side, a gain the users of one alone by the other, but for rounding."""
    for report in estimated(asked):
        values = {answer.of: answer.value for answer in report.answers if isinstance(answer.of, int)}
        for answer in report.all("share", "gain", "jaccard", "returned"):
            _, part, whole = answer.of
            if part not in values or whole not in values:
                continue
            quotient = values[part] / values[whole] if values[whole] else 0.0
            room = (0.5 + 0.5 * quotient) / max(values[whole], 1) + 1e-9
            if abs(quotient - answer.value) > room:
                yield f"{report.source}: {answer}, but {values[part]:g} / {values[whole]:g} = {quotient:g}"


@law
def frequencies_add_up(asked: Asked) -> Iterator[str]:
    """Users with exactly 1, 2, … rows add up to the side, n+ reach falls from it, the mean is rows by users."""
    case = asked.case
    for report in estimated(asked):
        values = {answer.of: answer for answer in report.answers}
        for i in range(case.count):
            if ("mean", i) not in values:
                continue
            side, mean = values[case.side(i)], values["mean", i]
            reach = [values["at least", i, rows] for rows in range(1, 11)]
            exactly = [values["exactly", i, rows].value for rows in range(1, 11)]
            where = f"{report.source}, {case.sides[i].name}"
            if sum(exactly) != side.value or reach[0].numbers != side.numbers:
                yield f"{where}: {sum(exactly):g} and {reach[0]} for {side}"
            if any(x.value < y.value or x.upper < y.upper for x, y in zip(reach, reach[1:])):
                yield f"{where}: n+ reach rises: {[x.numbers for x in reach]}"
            if any(reach[n].value != sum(exactly[n:]) for n in range(10)):
                yield f"{where}: n+ reach isn't the sum of exactly n: {[x.value for x in reach]}, {exactly}"
            wanted = case.limit(i) / side.value if side.value else 0.0
            if abs(mean.value - wanted) > 1e-6 * max(1, wanted) + wanted / max(side.value, 1):
                yield f"{where}: {mean}, but rows by users is {wanted:g}"
            if side.value and mean.lower < 1 - 1e-9:
                yield f"{where}: {mean}: fewer rows than users"


@law
def segments_add_up(asked: Asked) -> Iterator[str]:
    """A segment's users are those of the overlap and the new ones; none has more users than its rows."""
    for report in estimated(asked):
        values = {answer.of: answer for answer in report.answers if not isinstance(answer.of, int)}
        for of, users in values.items():
            if of[:2] != ("segment", "users"):
                continue
            new, overlap = (values["segment", what, *of[2:]] for what in ("new", "overlap"))
            if new.value + overlap.value != users.value or max(new.upper, overlap.upper) > users.upper:
                yield f"{report.source}, {of[4]}: {new}, {overlap}, {users}"


@law
def every_form_says_the_same(asked: Asked) -> Iterator[str]:
    """CSV has JSON's numbers; tables and Markdown print them, and their intervals, rounded."""
    yield from (problem for problem in asked.problems if LEFT_OUT not in problem)
    for report in asked.reports:
        for printed in report.printed:
            if not is_rounding(printed.text, printed.answer.value) or not is_interval(printed):
                yield f"{report.source}, {printed.form}: {printed.text} ({printed.interval}) for {printed.answer}"


@law
def no_form_leaves_out_what_was_asked(asked: Asked) -> Iterator[str]:
    """Sides, unions, overlaps, formulas and frequencies stand in tables and in Markdown alike."""
    yield from (problem for problem in asked.problems if LEFT_OUT in problem)


@law
def stored_sketches_are_those_of_data(asked: Asked) -> Iterator[str]:
    """Python makes of Arrow data and of files what the program stored."""
    yield from asked.differences


@law
def one_number_prints_one_way(asked: Asked) -> Iterator[str]:
    """One number with one interval has the same digits wherever it is printed."""
    seen: dict[object, tuple[str, str]] = {}
    for report in asked.reports:
        for printed in report.printed:
            if not printed.by_rule:
                continue
            where = f"{report.source}, {printed.form}"
            unit = printed.text.endswith(" %"), printed.answer.is_share
            first, text = seen.setdefault((unit, *printed.answer.numbers), (where, printed.text))
            if text != printed.text:
                yield f"{first}: {text}, {where}: {printed.text}, for {printed.answer}"


@law
def alone_and_together_meet(asked: Asked) -> Iterator[str]:
    """Two sides asked alone, or one, may differ from all together, but the intervals meet."""
    case = asked.case
    together = {
        answer.of: answer
        for report in joint(asked)
        if len(report.sides) == case.count and not report.unique
        for answer in report.answers
    }
    for report in estimated(asked):
        if report.joint and len(report.sides) == case.count or report.unique:
            continue
        for answer in report.answers:
            other = together.get(answer.of)
            if (
                other
                and isinstance(answer.of, int)
                and not (other.lower <= answer.upper + FEW and answer.lower <= other.upper + FEW)
            ):
                yield f"{report.source}: {answer}, together {other}"


@law
def truth_is_within_six_standard_errors(asked: Asked) -> Iterator[str]:
    """No number of users is wildly wrong (on the scale of square roots, where counts have one spread)."""
    seen = set()
    for report, answer in numbers_of(asked):
        if answer.is_share or (answer.of, answer.numbers) in seen or min(answer.numbers) < 0:
            continue
        seen.add((answer.of, answer.numbers))
        truth = asked.case.truth(answer.of)
        lower, value, upper = map(sqrt, (answer.lower, answer.value, answer.upper))
        low = max(0.0, value - SIX_SIGMA * (value - lower)) if answer.lower else 0.0
        high = value + SIX_SIGMA * (upper - value)
        if not low**2 - FEW <= truth <= high**2 + FEW:
            yield f"{report.source}: {answer}, truth {truth:g}"


def coverage(asked: Asked) -> Iterator[tuple[str, bool]]:
    """Whether each interval that isn't a point holds the truth; each number once."""
    seen = set()
    for report in estimated(asked):
        for answer in report.answers:
            key = report.unique, len(report.sides), answer.kind, answer.of, answer.numbers
            if key in seen or answer.lower == answer.upper and asked.case.is_known(answer.of):
                continue
            seen.add(key)
            truth = asked.case.truth(answer.of)
            inside = answer.lower - 1e-9 <= truth <= answer.upper + 1e-9
            scope = ("2 sides" if len(report.sides) == 2 else "3 to 8 sides") + " --unique" * bool(report.unique)
            yield f"{answer.kind}, {scope}" if report.joint else answer.kind, inside
