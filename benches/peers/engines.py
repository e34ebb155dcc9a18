"""One engine answers one question about one pair: `engines.py KIND ENGINE A B CONDITION` prints its answers
(users of A, of B, of both, of either) and the seconds of the query without start-up and imports, as JSON.
Without a condition ("") all rows count.
"""

import json
import os
import sys
import time

COLUMN = "user_id"


def duckdb_connection():
    import duckdb

    connection = duckdb.connect()
    connection.execute("set threads = 2")
    return connection


def clause(where):
    return f"where {where}" if where else ""


def form_of(path):
    """The ending of a file without that of its packing."""
    return path.removesuffix(".gz").rpartition(".")[2]


def duckdb_table(connection, path):
    """A file as DuckDB reads it; Arrow files through pyarrow, mapped into memory."""
    if form_of(path) != "arrow":
        return f"'{path}'"
    import pyarrow.dataset

    name = "t" + str(abs(hash(path)))
    connection.register(name, pyarrow.dataset.dataset(path, format="ipc"))
    return name


def duckdb_rows(connection, a, b, where):
    a, b = duckdb_table(connection, a), duckdb_table(connection, b)
    return (
        f"(select {COLUMN}, 1 as side from {a} {clause(where)} "
        f"union all select {COLUMN}, 2 from {b} {clause(where)})"
    )


def duckdb_approx(connection, a, b, where):
    """Grouping sets: one pass, a sketch a side and one of both. Filtered aggregates are slower by a
    quarter, three queries one after the other by a half."""
    query = (
        f"select side, approx_count_distinct({COLUMN}) from {duckdb_rows(connection, a, b, where)} "
        "group by grouping sets ((side), ())"
    )
    users = dict(connection.execute(query).fetchall())
    return [users[1], users[2], users[1] + users[2] - users[None], users[None]]


def duckdb_exact(connection, a, b, where):
    """Users with the sides they are on, then counted: one hash table. Distinct counts and a semi
    join build three and take nearly twice as long."""
    query = (
        "select count(*) filter (where sides & 1 > 0), count(*) filter (where sides & 2 > 0), "
        "count(*) filter (where sides = 3), count(*) "
        f"from (select {COLUMN}, bit_or(side) as sides from {duckdb_rows(connection, a, b, where)} group by {COLUMN})"
    )
    return list(connection.execute(query).fetchone())


def polars_engine():
    os.environ["POLARS_MAX_THREADS"] = "2"
    import polars

    return polars


def polars_rows(polars, path, where):
    scans = {
        "parquet": polars.scan_parquet,
        "csv": polars.scan_csv,
        "jsonl": polars.scan_ndjson,
        "arrow": polars.scan_ipc,
    }
    rows = scans[form_of(path)](path)
    return (rows.filter(polars.sql_expr(where)) if where else rows).select(COLUMN)


def polars_approx(polars, a, b, where):
    """Three counts collected at once; one after the other they take a third longer. Streaming, which
    is three times as fast as in memory and less accurate."""
    frames = [polars_rows(polars, path, where) for path in (a, b)]
    frames.append(polars.concat(frames))
    counts = [frame.select(polars.col(COLUMN).approx_n_unique()) for frame in frames]
    a_users, b_users, either = (
        frame.item() for frame in polars.collect_all(counts, engine="streaming")
    )
    return [a_users, b_users, a_users + b_users - either, either]


def polars_exact(polars, a, b, where):
    """Users with the sides they are on; three `n_unique` take twice as long."""
    side = polars.col("side")
    sides = polars.concat(
        polars_rows(polars, path, where).with_columns(side=polars.lit(number, polars.UInt8))
        for number, path in ((1, a), (2, b))
    )
    users = sides.group_by(COLUMN).agg(side.bitwise_or())
    counts = users.select(
        a=(side & 1 > 0).sum(), b=(side & 2 > 0).sum(), both=(side == 3).sum(), either=polars.len()
    )
    return list(counts.collect(engine="streaming").row(0))


def clickhouse():
    import chdb

    return chdb


def clickhouse_row(chdb, query):
    answer = chdb.query(query + " settings max_threads = 2", "JSONCompactEachRow")
    return [int(number) for number in json.loads(answer.bytes())]


CLICKHOUSE_FORMATS = {
    "parquet": "Parquet",
    "csv": "CSVWithNames",
    "jsonl": "JSONEachRow",
    "arrow": "Arrow",
}


def clickhouse_rows(path, where):
    """A file as ClickHouse reads it; packings are known by the name."""
    return f"file('{path}', {CLICKHOUSE_FORMATS[form_of(path)]}) {clause(where)}"


def clickhouse_approx(chdb, a, b, where):
    """A state of uniqCombined64 a file, merged: every file is read once. `group by side with rollup`
    takes a quarter longer on integers. uniqTheta, which knows intersections, isn't in chdb."""

    def state(path, name):
        return f"(select uniqCombined64State({COLUMN}) as {name} from {clickhouse_rows(path, where)})"

    query = (
        "select finalizeAggregation(x), finalizeAggregation(y), "
        "arrayReduce('uniqCombined64Merge', [x, y]) "
        f"from {state(a, 'x')} as a cross join {state(b, 'y')} as b"
    )
    a_users, b_users, either = clickhouse_row(chdb, query)
    return [a_users, b_users, a_users + b_users - either, either]


def clickhouse_exact(chdb, a, b, where):
    """Users with the sides they are on; uniqExact takes longer by a third to two thirds."""
    rows = (
        f"(select {COLUMN}, 1::UInt8 as side from {clickhouse_rows(a, where)} "
        f"union all select {COLUMN}, 2::UInt8 from {clickhouse_rows(b, where)})"
    )
    query = (
        "select countIf(bitAnd(sides, 1) > 0), countIf(bitAnd(sides, 2) > 0), "
        "countIf(sides = 3), count() from "
        f"(select {COLUMN}, groupBitOr(side) as sides from {rows} group by {COLUMN})"
    )
    return clickhouse_row(chdb, query)


ENGINES = {
    "estimate": {
        "DuckDB": (duckdb_connection, duckdb_approx),
        "Polars": (polars_engine, polars_approx),
        "ClickHouse": (clickhouse, clickhouse_approx),
    },
    "exact": {
        "DuckDB": (duckdb_connection, duckdb_exact),
        "Polars": (polars_engine, polars_exact),
        "ClickHouse": (clickhouse, clickhouse_exact),
    },
}


def main():
    kind, engine, a, b, where = sys.argv[1:]
    start, run = ENGINES[kind][engine]
    session = start()
    begin = time.perf_counter()
    answers = [int(answer) for answer in run(session, a, b, where)]
    print(json.dumps({"answers": answers, "seconds": time.perf_counter() - begin}), flush=True)


if __name__ == "__main__":
    main()
