"""Which rows a condition takes: what DuckDB counts of the same rows, in every format, or a refusal by name."""

import datetime as dt
import decimal
import random

import overlap
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest

duckdb = pytest.importorskip("duckdb")

ROWS = 2000
EXPRESSIONS = 150
FORMATS = ["parquet", "duckdb.parquet", "csv", "jsonl", "arrow"]
UTC = dt.timezone.utc

# What a refusal may say; anything else is a fault of the filter.
REASONS = [
    "division by zero",
    "out of range",
    "can't be divided",
    "a value without type can't be compared with a value without type",
    "a value that is no",
    "no column u",
    "where is wanted",
    "where a number is wanted",
    "a value without type + an interval",
    "a value without type - an interval",
    "a value without type - a date",
    "a date - a value without type",
    "a value without type - a value without type",
]


def rows(rng: random.Random) -> pa.Table:
    """Rows of all types, sorted by `s` so that row groups can be ruled out, with nulls everywhere else."""

    def maybe(value):
        return None if rng.random() < 0.1 else value

    base = dt.datetime(2026, 1, 1)
    table = {"user_id": [], "s": [], "i": [], "w": [], "dec": [], "f": [], "g": [], "t": [], "b": []}
    table |= {"day": [], "ts": [], "tz": [], "u": []}
    words = ["alpha", "Beta", "gamma", "ALPHA", "a_b", "50%", "", "delta x", "Zürich"]
    for row in range(ROWS):
        ts = base + dt.timedelta(microseconds=rng.choice([0, 1, 500_000]), minutes=rng.randrange(60 * 24 * 90))
        table["user_id"].append(row)
        table["s"].append(row // 4)
        table["i"].append(maybe(rng.randrange(-20, 20)))
        table["w"].append(maybe(rng.choice([0, 1, -1, 2**40, -(2**53) - 1, 2**62])))
        table["dec"].append(maybe(decimal.Decimal(rng.randrange(-5000, 5000)).scaleb(-2)))
        table["f"].append(maybe(rng.randrange(-40, 40) / 4))
        table["g"].append(maybe(rng.choice([0.1, 0.3, 0.1 + 0.2, 1e-7, 2.5, -0.0, 1234567.875])))
        table["t"].append(maybe(rng.choice(words)))
        table["b"].append(maybe(rng.random() < 0.5))
        table["day"].append(maybe(base.date() + dt.timedelta(days=row // 25)))
        table["ts"].append(maybe(ts))
        table["tz"].append(maybe(ts.replace(tzinfo=UTC)))
        table["u"].append({"a": maybe(rng.randrange(5)), "x": {"name": maybe(rng.choice(words))}})
    types = {
        "user_id": pa.int64(), "s": pa.int32(), "i": pa.int16(), "w": pa.int64(),
        "dec": pa.decimal128(12, 2), "f": pa.float64(), "g": pa.float64(), "t": pa.string(), "b": pa.bool_(),
        "day": pa.date32(), "ts": pa.timestamp("us"), "tz": pa.timestamp("us", tz="UTC"),
        "u": pa.struct([("a", pa.int32()), ("x", pa.struct([("name", pa.string())]))]),
    }  # fmt: skip
    return pa.table({name: pa.array(table[name], types[name]) for name in types})


class Expressions:
    """Conditions at random, each as we write it and as DuckDB does."""

    def __init__(self, rng: random.Random):
        self.rng = rng

    def condition(self, depth: int = 3) -> tuple[str, str]:
        kind = self.rng.random()
        if depth and kind < 0.35:
            (a, x), (b, y) = self.condition(depth - 1), self.condition(depth - 1)
            op = self.rng.choice(["AND", "OR"])
            return f"({a}) {op} ({b})", f"({x}) {op} ({y})"
        if depth and kind < 0.45:
            a, x = self.condition(depth - 1)
            return f"NOT ({a})", f"NOT ({x})"
        if depth and kind < 0.5:
            a, x = self.condition(depth - 1)
            tail = self.rng.choice(["IS TRUE", "IS NOT TRUE", "IS FALSE", "IS NULL", "IS NOT NULL"])
            return f"({a}) {tail}", f"({x}) {tail}"
        makers = [self.number, self.number, self.text, self.date, self.moment, self.boolean, self.null, self.nested]
        return self.rng.choice(makers)()

    def tail(self, literal) -> str:
        """A comparison with constants that `literal` makes."""
        kind = self.rng.random()
        negated = self.rng.choice(["", "NOT "])
        if kind < 0.6:
            return f"{self.rng.choice(['=', '<>', '!=', '<', '<=', '>', '>='])} {literal()}"
        if kind < 0.75:
            return f"{negated}BETWEEN {literal()} AND {literal()}"
        if kind < 0.9:
            items = [literal() for _ in range(self.rng.randrange(1, 5))]
            items += ["NULL"] if self.rng.random() < 0.1 else []
            return f"{negated}IN ({', '.join(items)})"
        return f"IS {negated}DISTINCT FROM {literal()}"

    def number(self):
        column = self.rng.choice(["user_id", "s", "i", "w", "dec", "f", "g"])

        def literal():
            return str(self.rng.choice([0, 1, -3, 7, 250, 499, 2**40, 2.5, -0.25, 0.3, 12.34, 1000]))

        kind = self.rng.random()
        if kind < 0.5 or column in ("w", "g"):
            ours = theirs = f"{column} {self.tail(literal)}"
        elif kind < 0.7:
            op = self.rng.choice(["+", "-", "*"])
            ours = theirs = f"{column} {op} {self.rng.choice([1, 2, -3, 1.5])} {self.tail(literal)}"
        elif kind < 0.8:
            other = self.rng.choice(["s", "i", "f", "dec"])
            ours = theirs = f"{column} {self.rng.choice(['<', '>=', '='])} {other} + 1"
        elif column in ("user_id", "s", "i"):
            divisor = self.rng.choice(["3", "7", "-4", "i"])
            tail = self.tail(literal)
            if self.rng.random() < 0.5:
                column = f"CAST({column} AS bigint)"
            if divisor == "i":
                guard = "i <> 0 AND "
                divisor = "i::bigint"
            else:
                guard = ""
            op = self.rng.choice(["/", "%"])
            ours = f"{guard}{column} {op} {divisor} {tail}"
            theirs = f"{guard}{column} {'//' if op == '/' else '%'} {divisor} {tail}"
        else:
            to = self.rng.choice(["int", "double precision", "numeric(14, 1)"])
            ours = theirs = f"{column}::{to} {self.tail(literal)}"
        return ours, theirs

    def text(self):
        def literal():
            return "'" + self.rng.choice(["alpha", "Beta", "b", "", "50%", "Zürich", "delta x", "zzz"]) + "'"

        if self.rng.random() < 0.5:
            ours = f"t {self.tail(literal)}"
        else:
            op = self.rng.choice(["LIKE", "NOT LIKE", "ILIKE", "NOT ILIKE"])
            pattern = self.rng.choice(["a%", "%a", "%l_h%", "_eta", "%", "", "beta", "Z_rich"])
            ours = f"t {op} '{pattern}'"
            if self.rng.random() < 0.2:
                ours = f"t {op} '%!_%' ESCAPE '!'"
        return ours, ours

    def date(self):
        def literal():
            day = dt.date(2026, 1, 1) + dt.timedelta(days=self.rng.randrange(-5, 100))
            forms = [f"date '{day}'", f"DATE '{day}'", f"'{day}'::date", f"CAST('{day}' AS date)", f"'{day}'"]
            return self.rng.choice(forms)

        kind = self.rng.random()
        if kind < 0.6:
            ours = f"day {self.tail(literal)}"
        elif kind < 0.75:
            span = self.rng.choice(["30 days", "1 month", "2 weeks", "1 month 3 days", "12 hours"])
            ours = f"day::date {self.rng.choice('+-')} interval '{span}' >= timestamp '2026-02-10 06:00:00'"
        elif kind < 0.9:
            ours = f"day::date - date '2026-01-20' {self.rng.choice(['<', '>', '='])} {self.rng.randrange(-10, 40)}"
        else:
            ours = f"day {self.rng.choice(['<=', '>'])} timestamp '2026-02-01 00:00:01'"
        return ours, ours

    def moment(self):
        column = self.rng.choice(["ts", "tz"])

        def literal():
            time = dt.datetime(2026, 1, 1) + dt.timedelta(minutes=self.rng.randrange(60 * 24 * 90))
            if column == "ts":
                return f"timestamp '{time}'"
            return self.rng.choice([f"timestamptz '{time}+00'", f"timestamptz '{time}+02:00'"])

        kind = self.rng.random()
        if kind < 0.6:
            ours = f"{column} {self.tail(literal)}"
        elif kind < 0.8:
            to = "timestamp" if column == "ts" else "timestamptz"
            ours = f"{column}::{to} - interval '1 day 2 hours' < {literal()}"
        elif column == "ts":
            ours = f"ts::timestamp::date = date '2026-02-{self.rng.randrange(1, 28):02}'"
        else:
            ours = f"{column} > {self.rng.choice(['current_timestamp', 'now()'])} - interval '20 years'"
        return ours, ours

    def boolean(self):
        ours = self.rng.choice(["b", "NOT b", "b = true", "b <> false", "b IS NOT FALSE", "b IS TRUE", "b IS NULL"])
        return ours, ours

    def null(self):
        column = self.rng.choice(["i", "w", "dec", "f", "t", "b", "day", "ts", "tz", "user_id"])
        ours = f"{column} IS {self.rng.choice(['', 'NOT '])}NULL"
        return ours, ours

    def nested(self):
        if self.rng.random() < 0.5:
            ours = f"u.a {self.tail(lambda: str(self.rng.randrange(6)))}"
        else:
            ours = f"u.x.name {self.tail(lambda: repr(self.rng.choice(['alpha', 'gamma', 'x'])))}"
        return ours, ours


def write(table: pa.Table, folder, connection) -> dict[str, str]:
    """The same rows in every format."""
    paths = {form: str(folder / f"rows.{form}") for form in FORMATS}
    pq.write_table(table, paths["parquet"], row_group_size=300, compression="snappy")
    with pa.OSFile(paths["arrow"], "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table, max_chunksize=700)
    connection.register("arrow_rows", table)
    connection.execute("CREATE OR REPLACE TABLE rows AS SELECT * FROM arrow_rows")
    connection.execute(f"COPY rows TO '{paths['duckdb.parquet']}' (FORMAT parquet, ROW_GROUP_SIZE 2048)")
    connection.execute(f"COPY (SELECT * EXCLUDE u FROM rows) TO '{paths['csv']}' (FORMAT csv, HEADER)")
    connection.execute(f"COPY rows TO '{paths['jsonl']}' (FORMAT json)")
    return paths


@pytest.mark.parametrize("seed", range(4))
def test_rows_taken_are_those_that_duckdb_counts(seed, tmp_path):
    rng = random.Random(seed)
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("SET TimeZone = 'UTC'")
    paths = write(rows(rng), tmp_path, connection)
    expressions, compared, refused, differ = Expressions(rng), 0, {form: 0 for form in FORMATS}, []
    for _ in range(EXPRESSIONS):
        ours, theirs = expressions.condition()
        try:
            expected = connection.execute(f"SELECT count(*) FROM rows WHERE {theirs}").fetchone()[0]
        except duckdb.Error:
            expected = None
        for form, path in paths.items():
            try:
                taken = overlap.sketch(path, "user_id", where=ours, precision=4, k=16, threads=1).rows
            except (overlap.UsageError, overlap.InputError) as error:
                refused[form] += 1
                if not any(reason in str(error) for reason in REASONS):
                    differ.append((form, ours, expected, str(error)))
                continue
            # DuckDB divides by zero before it asks whether a row gets that far.
            if expected is not None:
                compared += 1
                if taken != expected:
                    differ.append((form, ours, expected, taken))
    assert not differ, f"{len(differ)} differ, such as {differ[:5]}"
    assert compared > 0.9 * EXPRESSIONS * len(FORMATS)
    # Typed formats refuse next to nothing; text has no nested columns, or no types to compare two by.
    assert all(refused[form] <= 0.05 * EXPRESSIONS for form in ("parquet", "duckdb.parquet", "arrow")), refused
    assert all(refused[form] <= 0.5 * EXPRESSIONS for form in ("csv", "jsonl")), refused


def test_a_condition_is_for_files(table):
    with pytest.raises(overlap.UsageError, match="where is for files"):
        overlap.sketch(table, where="tier = 'T1'")


def test_a_fault_marks_the_place_and_names_where(tmp_path, table):
    path = tmp_path / "a.parquet"
    pq.write_table(table, path)
    with pytest.raises(overlap.UsageError, match="no column tear(.|\n)*\n  tear = 'T1'\n  \\^\\^\\^\\^$"):
        overlap.sketch(path, where="tear = 'T1'")
    with pytest.raises(overlap.UsageError, match="^`?where`?: expected"):
        overlap.sketch(path, where="tier =")
