"""Pairs of files of user IDs whose numbers of users are known.

`pairs.py NAME FOLDER ROWS` prints the paths of a pair, written if they aren't there, its truth, and the
condition that its rows have to meet (none, if all count).
"""

import json
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
from forms import FORMS, ROW_GROUP

PLAIN = {"use_dictionary": False, "compression": "none"}


def spread(numbers):
    """Random-looking 64-bit IDs, different for different numbers (the finaliser of SplitMix64)."""
    x = numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        x = (x ^ (x >> np.uint64(shift))) * np.uint64(factor)
    return (x ^ (x >> np.uint64(31))).view(np.int64)


def texts(numbers):
    """IDs as 32 hexadecimal digits."""
    halves = np.stack([spread(numbers), spread(numbers + (1 << 40))], axis=1)
    digits = halves.tobytes().hex().encode()
    offsets = np.arange(0, len(digits) + 1, 32, dtype=np.int32)
    return pa.StringArray.from_buffers(len(numbers), pa.py_buffer(offsets), pa.py_buffer(digits))


def uuids(numbers):
    """IDs as UUIDs of 36 characters."""
    digits = np.frombuffer(texts(numbers).buffers()[2], dtype=np.uint8).reshape(-1, 32)
    text = np.full((len(numbers), 36), ord("-"), dtype=np.uint8)
    for start, end, at in ((0, 8, 0), (8, 12, 9), (12, 16, 14), (16, 20, 19), (20, 32, 24)):
        text[:, at : at + end - start] = digits[:, start:end]
    offsets = np.arange(0, text.size + 1, 36, dtype=np.int32)
    return pa.StringArray.from_buffers(len(numbers), pa.py_buffer(offsets), pa.py_buffer(text.tobytes()))


def wide(ids, start):
    """The IDs of rows from `start` on with two other columns: a city, and an amount in cents."""
    rows = np.arange(start, start + len(ids))
    cities = pa.array(["Berlin", "Lyon", "Porto", "Gdansk", "Utrecht", "Graz", "Bergen"])
    city = cities.take(pa.array(rows * 5 % 7))
    return pa.table({"user_id": ids, "city": city, "cents": pa.array(rows * 7919 % 100_000)})


class Distinct:
    """Each user once a side, half of them on both sides; `form` is the ending of the files."""

    def __init__(self, ids, rows, form="parquet", is_wide=False, **write):
        self.ids, self.rows, self.write = ids, rows, write
        self.form, self.is_wide = form, is_wide

    def chunk(self, side, start, end):
        return self.ids(np.arange(start, end) + side * (self.rows // 2))

    def truth(self):
        half = self.rows // 2
        return [self.rows, self.rows, self.rows - half, self.rows + half]


class Filtered:
    """Each user once a side, beside a tier (0 to 9), whether it is active (a third), and a day, a hundred
    of which follow one another; `where` takes some of the rows, those that `taken` says. Every second row
    is of the same user on both sides."""

    def __init__(self, rows, where, taken, files):
        self.rows, self.where, self.taken, self.files, self.write = rows, where, taken, files, {}
        self.row_group = max(1, rows // 100)
        self.form, self.is_wide = "parquet", False

    def numbers(self, side, start, end):
        rows = np.arange(start, end)
        return np.where(rows % 2 == 0, rows, rows + side * self.rows)

    def chunk(self, side, start, end):
        numbers = self.numbers(side, start, end)
        days = np.datetime64("2026-01-01") + np.arange(start, end) * 100 // self.rows
        columns = {
            "user_id": pa.array(spread(numbers)),
            "city_tier": pa.array((numbers % 10).astype(np.int32)),
            "active": pa.array(numbers % 3 == 0),
            "day": pa.array(days.astype("datetime64[D]")),
        }
        return pa.table(columns)

    def truth(self):
        taken = np.zeros((2, 2 * self.rows), dtype=bool)
        for side in (0, 1):
            numbers, rows = self.numbers(side, 0, self.rows), np.arange(self.rows)
            taken[side, numbers] = self.taken(numbers, rows * 100 // self.rows)
        both, either = taken[0] & taken[1], taken[0] | taken[1]
        return [int(x.sum()) for x in (taken[0], taken[1], both, either)]


class Log:
    """Rows of users who come again and again, half of the users on both sides."""

    def __init__(self, users, rows, skewed):
        self.users, self.rows, self.skewed, self.write = users, rows, skewed, {}
        self.form, self.is_wide = "parquet", False

    def numbers(self, side, start, end):
        share = np.random.default_rng([7, side, start]).random(end - start)
        return (self.users * (share**2 if self.skewed else share)).astype(np.int64)

    def chunk(self, side, start, end):
        return pa.array(spread(self.numbers(side, start, end) + side * (self.users // 2)))

    def truth(self):
        seen = np.zeros((2, self.users + self.users // 2), dtype=bool)
        for side in (0, 1):
            for start in range(0, self.rows, ROW_GROUP):
                numbers = self.numbers(side, start, min(self.rows, start + ROW_GROUP))
                seen[side, numbers + side * (self.users // 2)] = True
        both, either = seen[0] & seen[1], seen[0] | seen[1]
        return [int(x.sum()) for x in (seen[0], seen[1], both, either)]


def all_pairs(rows):
    def integers(n):
        return pa.array(spread(n))

    def sequence(n):
        return pa.array(n * 7 + 1_000_000)

    delta = {"use_dictionary": False, "column_encoding": {"user_id": "DELTA_BINARY_PACKED"}}
    return {
        "u64_none": Distinct(integers, rows, **PLAIN),
        "u64_snappy": Distinct(integers, rows, **PLAIN | {"compression": "snappy"}),
        "u64_zstd": Distinct(integers, rows, **PLAIN | {"compression": "zstd"}),
        "dups": Log(rows // 10, rows, skewed=True),
        "dict": Log(min(100_000, rows), rows, skewed=False),
        "str": Distinct(texts, rows * 3 // 10),
        "seq": Distinct(sequence, rows),
        "delta": Distinct(sequence, rows, **delta),
        "small": Distinct(integers, min(1_000_000, rows)),
        "billion": Distinct(integers, rows * 10, **PLAIN),
        "active": Filtered(
            rows, "city_tier >= 4 AND active", lambda n, day: (n % 10 >= 4) & (n % 3 == 0), "filtered"
        ),
        "days": Filtered(rows, "day >= date '2026-04-08'", lambda n, day: day >= 97, "filtered"),
        "all_days": Filtered(rows, "", lambda n, day: day >= 0, "filtered"),
        # A fifth of the rows: text is larger, and slower for everybody.
        "csv": Distinct(integers, rows // 5, "csv", is_wide=True),
        "csv_uuid": Distinct(uuids, rows // 5, "csv", is_wide=True),
        "csv_gz": Distinct(integers, rows // 5, "csv.gz", is_wide=True),
        "jsonl": Distinct(integers, rows // 5, "jsonl", is_wide=True),
        "arrow": Distinct(integers, rows // 5, "arrow", is_wide=True),
        "plain": Distinct(integers, rows // 5, is_wide=True, **PLAIN),
    }


def make(name, folder, rows):
    """The paths of a pair and its truth; writes what isn't there."""
    pair = all_pairs(rows)[name]
    folder = Path(folder) / str(rows)
    folder.mkdir(parents=True, exist_ok=True)
    files = getattr(pair, "files", name)
    paths = [folder / f"{files}_{side}.{pair.form}" for side in "ab"]
    for side, path in enumerate(paths):
        if not path.exists():
            unfinished = path.with_name(path.name + ".unfinished")
            write(pair, side, unfinished)
            unfinished.rename(path)
    known = folder / f"{name}.json"
    if not known.exists():
        known.write_text(json.dumps(pair.truth()))
    return [str(path) for path in paths], json.loads(known.read_text()), getattr(pair, "where", "")


def write(pair, side, path):
    writer, row_group = None, getattr(pair, "row_group", ROW_GROUP)
    for start in range(0, pair.rows, row_group):
        rows = pair.chunk(side, start, min(pair.rows, start + row_group))
        if pair.is_wide:
            rows = wide(rows, start)
        table = rows if isinstance(rows, pa.Table) else pa.table({"user_id": rows})
        writer = writer or FORMS[pair.form](path, table.schema, pair.write)
        writer.write(table)
    writer.close()


if __name__ == "__main__":
    name, folder, rows = sys.argv[1:]
    files, truth, where = make(name, folder, int(rows))
    print(json.dumps({"files": files, "truth": truth, "where": where}))
