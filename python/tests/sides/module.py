"""The Python module's answers about a case."""

from __future__ import annotations

from typing import Any

from .ask import Asked, Report, number


def ask(asked: Asked, two: list[int]) -> None:
    """Sketches of data and stored ones, and every question about them."""
    import overlap

    case = asked.case
    size = {"precision": case.precision, "k": case.k}
    stored = [overlap.read_sketches(case.sketch(i))[0] for i in range(case.count)]
    made = [overlap.sketch(case.table(i) if i % 2 else case.data(i), id="user_id", **size) for i in range(case.count)]
    for i in range(case.count):
        # Arrow data without an ID doesn't say of which kind its IDs are, a file does.
        if made[i] != stored[i] and (case.truth(case.side(i)) or not i % 2):
            asked.differences.append(f"Python: the sketch of {case.sides[i].name} differs from the stored one")
    names = [side.name for side in case.sides]
    sketches = dict(zip(names, made))
    sides = tuple(range(case.count))

    answers = [number("region", asked.region(row["sides"], sides), row["users"]) for row in overlap.regions(sketches)]
    asked.add(Report("Python regions", sides, answers))
    asked.add(Report("Python matrix", sides, matrix(asked, overlap.matrix(sketches))))
    for order in ("given", "greedy"):
        steps = overlap.reach(sketches, order=order)
        answers = asked.reach_steps((step["side"], step["users"], step["added"], step["reach"]) for step in steps)
        asked.add(Report(f"Python reach {order}", sides, answers))

    a, b = two
    pair = overlap.estimate(stored[a], made[b])
    named: dict[str, Any] = {name: getattr(pair, name) for name in pair.to_dict()}
    answers = asked._pair({**named, "a": names[a], "b": names[b]})
    answers += [number("side", case.side(side), named[name]) for name, side in (("a", a), ("b", b))]
    asked.add(Report("Python estimate of two", (a, b), answers))
    alone = [number("side alone", case.side(i), sketch.users()) for i, sketch in enumerate(made)]
    asked.add(Report("Python users", sides, alone, joint=False))


def matrix(asked: Asked, rows: Any) -> list:
    answers = []
    for row in rows:
        answers += asked._pair(row)
    return answers
