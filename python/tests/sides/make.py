"""Random sides whose truth is known, as Parquet files.

A user is a place in a universe; a side is the set of places it has, with duplicates and nulls in its
rows. A set of users is named by the exclusive regions it consists of: an `int` with bit m set for the
region of those that are in just the sides of mask m. Whatever a report calls a number (a side, an
overlap, a step of reach, a formula), two numbers of one such `int` answer one question.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from functools import cache, cached_property, reduce
from itertools import product
from operator import or_
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

NAMES = "abcdefgh"
SIZES = [(4, 16), (12, 16), (6, 64), (10, 64), (8, 256), (10, 1024), (16, 1024), (12, 4096), (16, 65_536)]
SIZE_CHANCES = [0.15, 0.1, 0.15, 0.1, 0.15, 0.12, 0.08, 0.1, 0.05]
SEGMENTS = ["T1", "T2", "T3", None]
FIRST_DAY = datetime.date(2026, 1, 1)
COMBINED_ROWS_MAX = 400_000


@cache
def side_set(side: int, count: int) -> int:
    """All users of a side, as a set of regions of `count` sides."""
    return sum(1 << mask for mask in range(1, 1 << count) if mask >> side & 1)


@dataclass
class Side:
    """The rows of one side: `rows` holds a user's place for each row, or −1 for null."""

    name: str
    rows: np.ndarray
    segments: np.ndarray
    stored: bool

    @property
    def users(self) -> np.ndarray:
        return np.unique(self.rows[self.rows >= 0])

    @property
    def nulls(self) -> int:
        return int((self.rows < 0).sum())


@dataclass
class Case:
    """Some sides, and what is true of them."""

    number: int
    precision: int
    k: int
    text: bool
    salt: int
    sides: list[Side]
    rng: np.random.Generator
    folder: Path
    regions: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        masks = np.zeros(
            1 + max((int(side.rows.max(initial=-1)) for side in self.sides), default=0) + 1, dtype=np.int64
        )
        self.member = masks
        for i, side in enumerate(self.sides):
            masks[side.users] |= 1 << i
        self.regions = np.bincount(masks, minlength=1 << len(self.sides))
        self._truth: dict[object, float] = {}

    @property
    def count(self) -> int:
        return len(self.sides)

    @property
    def all(self) -> int:
        """Everybody."""
        return (1 << (1 << self.count)) - 2

    def side(self, i: int) -> int:
        return side_set(i, self.count)

    def union(self, sides) -> int:
        return reduce(or_, map(self.side, sides), 0)

    def fits(self, i: int) -> bool:
        """Whether the sample holds all users of a side, so that it is counted."""
        return self.truth(self.side(i)) <= self.k

    def limit(self, i: int) -> int:
        """A side's rows with an ID: it can't have more users."""
        return len(self.sides[i].rows) - self.sides[i].nulls

    def truth(self, of) -> float:
        """What is asked for, by counting: a set of regions, a quotient of two, or a number of a side."""
        if of not in self._truth:
            self._truth[of] = self._count(of)
        return self._truth[of]

    def _count(self, of) -> float:
        if isinstance(of, int):
            return sum(int(self.regions[mask]) for mask in np.flatnonzero(self.regions).tolist() if of >> mask & 1)
        match of:
            case ("ratio", part, whole):
                return self.truth(part) / self.truth(whole) if self.truth(whole) else 0.0
            case ("coefficient", part, a, b):
                smaller = min(self.truth(a), self.truth(b))
                return self.truth(part) / smaller if smaller else 0.0
            case ("mean", side):
                users = self.truth(self.side(side))
                return self.limit(side) / users if users else 0.0
            case ("at least", side, rows):
                return int((self._repeats(side) >= rows).sum())
            case ("exactly", side, rows):
                repeats = self._repeats(side)
                return int((repeats == rows).sum() if rows < 10 else (repeats >= rows).sum())
            case ("segment", what, ours, partner, segment):
                return self._segment(what, ours, partner, segment)
        raise ValueError(of)

    def _repeats(self, side: int) -> np.ndarray:
        rows = self.sides[side].rows
        return np.unique(rows[rows >= 0], return_counts=True)[1]

    def _segment(self, what: str, ours: int, partner: int, segment: str | None) -> float:
        def users(i: int) -> np.ndarray:
            side = self.sides[i]
            rows = side.rows[side.segments == SEGMENTS.index(segment)]
            return np.unique(rows[rows >= 0])

        theirs = users(partner)
        new = int((self.member[theirs] >> ours & 1 == 0).sum())
        return {
            "ours": lambda: len(users(ours)),
            "users": lambda: len(theirs),
            "overlap": lambda: len(theirs) - new,
            "new": lambda: new,
            "new_share": lambda: new / len(theirs) if len(theirs) else 0.0,
            "gain": lambda: new / max(1, self.truth(self.side(ours))) if self.truth(self.side(ours)) else 0.0,
        }[what]()

    def segment_limit(self, side: int, segment: str | None) -> int:
        rows = self.sides[side].rows[self.sides[side].segments == SEGMENTS.index(segment)]
        return int((rows >= 0).sum())

    @cached_property
    def _names(self) -> dict[int, str]:
        """Sets of users that have a name: regions, what two sides make, sides."""
        names = {
            1 << mask: "just " + " & ".join(s.name for i, s in enumerate(self.sides) if mask >> i & 1)
            for mask in range(1, 1 << self.count)
        }
        for i, j in product(range(self.count), repeat=2):
            (a, x), (b, y) = ((self.sides[i].name, self.side(i)), (self.sides[j].name, self.side(j)))
            names |= {x & ~y: f"{a} - {b}", x & y: f"{a} & {b}", x | y: f"{a} | {b}"}
        names |= {self.side(i): self.sides[i].name for i in range(self.count)}
        return names | {0: "nobody", self.all: "all"}

    def describe(self, of) -> str:
        """What a number is a number of, for people."""
        if isinstance(of, int):
            return self._names.get(of) or f"{of.bit_count()} regions"
        match of:
            case ("ratio", part, whole):
                return f"{self.describe(part)} by {self.describe(whole)}"
            case ("coefficient", part, _, _):
                return self.describe(part)
            case ("segment", _, ours, partner, segment):
                return f"{segment} of {self.sides[partner].name} beside {self.sides[ours].name}"
            case (_, side, *rows):
                return " ".join([self.sides[side].name, *(f"with {n} rows" for n in rows)])
        raise ValueError(of)

    def is_known(self, of) -> bool:
        """Whether sides that fit their samples decide the number, so that no estimate is needed."""
        if isinstance(of, int):
            if any(of & ~self.side(i) == 0 and not self.truth(self.side(i)) for i in range(self.count)):
                return True
            return all(self._without(i, of) == of for i in range(self.count) if not self.fits(i))
        match of:
            case ("ratio", part, whole):
                return self.is_known(part) and self.is_known(whole)
            case ("coefficient", part, a, b):
                return self.is_known(part) and self.is_known(a) and self.is_known(b)
            case ("mean" | "at least" | "exactly", side, *_):
                return self.fits(side)
            case ("segment", _, ours, partner, _):
                return self.fits(ours) and self.fits(partner)
        return False

    def _without(self, i: int, of: int) -> int:
        """The regions of `of` with each user's being in side `i` turned round."""
        inside = self.side(i)
        return (of & ~inside) << (1 << i) | (of & inside) >> (1 << i)

    # Files.

    def ids(self, rows: np.ndarray) -> pa.Array:
        """Users as IDs: numbers without order, or text."""
        numbers = (rows.astype(np.uint64) + np.uint64(self.salt)) * np.uint64(0x9E37_79B9_7F4A_7C15)
        numbers ^= numbers >> np.uint64(29)
        ids = pa.array(numbers.view(np.int64))
        if self.text:
            ids = pc.binary_join_element_wise("user", pc.cast(ids, pa.string()), ":")
        return pc.if_else(pa.array(rows < 0), pa.scalar(None, ids.type), ids)

    def table(self, i: int) -> pa.Table:
        side = self.sides[i]
        segments = pa.array(SEGMENTS, pa.string()).take(pa.array(side.segments))
        return pa.table({"user_id": self.ids(side.rows), "tier": segments})

    def data(self, i: int) -> Path:
        return self.folder / f"{self.sides[i].name}.parquet"

    def sketch(self, i: int) -> Path:
        return self.folder / f"{self.sides[i].name}.ovs"

    def is_combined(self) -> bool:
        """Whether one file holds all sides as segments: not where a side without rows would be missing."""
        rows = [len(side.rows) for side in self.sides]
        return min(rows) > 0 and sum(rows) <= COMBINED_ROWS_MAX

    def write(self) -> None:
        options = {
            "row_group_size": int(self.rng.choice([1_000, 20_000, 1_000_000])),
            "use_dictionary": bool(self.rng.random() < 0.5),
            "compression": str(self.rng.choice(["none", "snappy", "zstd"])),
        }
        tables = [self.table(i) for i in range(self.count)]
        for i, table in enumerate(tables):
            pq.write_table(table, self.data(i), **options)
        if self.is_combined():
            tables = [
                table.append_column("side", pa.array([self.sides[i].name] * len(table), pa.string())).append_column(
                    "day", pa.array([FIRST_DAY + datetime.timedelta(i)] * len(table), pa.date32())
                )
                for i, table in enumerate(tables)
            ]
            pq.write_table(pa.concat_tables(tables), self.folder / "all.parquet", **options)


def make(seed: int, number: int, folder: Path, largest: float = 6.0) -> Case:
    """The case of this seed and number; sizes up to 10^`largest`."""
    rng = np.random.default_rng([seed, number])
    precision, k = SIZES[rng.choice(len(SIZES), p=SIZE_CHANCES)]
    count = int(rng.choice(range(2, 9), p=[0.2, 0.3, 0.18, 0.12, 0.09, 0.06, 0.05]))
    large = rng.random() < 0.05
    scale = 10 ** (rng.uniform(4.7, largest) if large and largest > 4.7 else rng.uniform(1, min(largest, 4.7)))
    universe = max(2, int(scale * rng.choice([1.0, 1.2, 2.0, 10.0])))
    fresh = universe  # where users begin that no side has had
    sets: list[np.ndarray] = []
    for _ in range(count):
        kinds = ["random", "similar", "tiny", "disjoint", "empty", "nulls"]
        chances = [6.0, 3.0, 1.5, 1.0, 0.6, 0.4]
        if sets:
            kinds += ["equal", "subset", "superset", "union"]
            chances += [1.0, 1.5, 1.0, 0.7]
        kind = rng.choice(kinds, p=np.array(chances) / sum(chances))
        other = sets[rng.integers(len(sets))] if sets else np.zeros(0, np.int64)
        size = min(universe, int(scale * 10 ** -rng.choice([0.0, rng.uniform(0, 0.5), rng.uniform(0, 3)])))
        match kind:
            case "random":
                users = rng.choice(universe, size, replace=False)
            case "similar":
                base = other if len(other) else rng.choice(universe, size, replace=False)
                users = np.union1d(
                    base[rng.random(len(base)) < rng.choice([0.5, 0.9, 0.99])], rng.choice(universe, size // 10)
                )
            case "tiny":
                users = rng.choice(universe, min(universe, int(rng.integers(1, 40))), replace=False)
            case "disjoint":
                users, fresh = np.arange(fresh, fresh + size), fresh + size
            case "equal":
                users = other
            case "subset":
                users = other[rng.random(len(other)) < rng.uniform(0.01, 1)]
            case "superset":
                users = np.union1d(other, rng.choice(universe, size))
            case "union":
                users = np.unique(np.concatenate(sets))
            case _:
                users = np.zeros(0, np.int64)
        sets.append(users.astype(np.int64))
        if kind == "nulls":
            sets[-1] = np.full(1, -1)
    stored = rng.choice(["data", "stored", "mixed"])
    sides = []
    for i, users in enumerate(sets):
        if len(users) and users[0] < 0:
            rows = np.full(int(rng.integers(1, 50)), -1)
        else:
            rows = with_repeats(rng, users)
        is_stored = stored == "stored" or stored == "mixed" and rng.random() < 0.5
        sides.append(Side(NAMES[i], rows, rng.integers(0, rng.integers(1, len(SEGMENTS) + 1), len(rows)), is_stored))
    text, salt = bool(rng.random() < 0.3), int(rng.integers(2**62))
    return Case(number, precision, k, text, salt, sides, rng, folder)


def with_repeats(rng: np.random.Generator, users: np.ndarray) -> np.ndarray:
    """A row or several of each user, and rows without one, in no order."""
    if rng.random() < 0.5:
        rows = users
    else:
        rows = np.repeat(users, 1 + rng.poisson(rng.uniform(0, 2), len(users)))
    nulls = int(len(rows) * rng.choice([0, 0.01, 0.2]))
    rows = np.concatenate([rows, np.full(nulls, -1)]).astype(np.int64)
    rng.shuffle(rows)
    return rows
