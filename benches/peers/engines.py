"""One engine answers one question about one pair: `engines.py ENGINE A B` prints its answers (users
of A, of B, of both, of either) and the seconds of the query without start-up and imports, as JSON.
"""

import json
import sys
import time

COLUMN = "user_id"


def duckdb_connection():
    import duckdb

    connection = duckdb.connect()
    connection.execute("set threads = 2")
    return connection


def duckdb_rows(a, b):
    return (
        f"(select {COLUMN}, 1 as side from '{a}' union all select {COLUMN}, 2 from '{b}')"
    )


def duckdb_approx(connection, a, b):
    """One pass of filtered aggregates; three queries one after the other read everything twice and
    are slower by a tenth to a half, most where decoding costs most."""
    count = f"approx_count_distinct({COLUMN})"
    query = (
        f"select {count} filter (where side = 1), {count} filter (where side = 2), {count} "
        f"from {duckdb_rows(a, b)}"
    )
    a_users, b_users, either = connection.execute(query).fetchone()
    return [a_users, b_users, a_users + b_users - either, either]


def duckdb_exact(connection, a, b):
    """Users with the sides they are on, then counted: one hash table. Two counts and a semi join
    build three."""
    query = (
        "select count(*) filter (where sides & 1 > 0), count(*) filter (where sides & 2 > 0), "
        "count(*) filter (where sides = 3), count(*) "
        f"from (select {COLUMN}, bit_or(side) as sides from {duckdb_rows(a, b)} group by {COLUMN})"
    )
    return list(connection.execute(query).fetchone())


def duckdb_exact_join(connection, a, b):
    """Distinct counts and a semi join, as most people would write it."""

    def one(query):
        return connection.execute(query).fetchone()[0]

    a_users, b_users = (one(f"select count(distinct {COLUMN}) from '{p}'") for p in (a, b))
    both = one(
        f"select count(*) from (select distinct {COLUMN} from '{a}') "
        f"semi join (select distinct {COLUMN} from '{b}') using ({COLUMN})"
    )
    return [a_users, b_users, both, a_users + b_users - both]


def polars_frames():
    import polars

    return polars


def polars_counts(polars, a, b, count):
    frames = [polars.scan_parquet(path).select(COLUMN) for path in (a, b)]
    frames.append(polars.concat(frames))
    a_users, b_users, either = (
        frame.select(count(polars.col(COLUMN))).collect(engine="streaming").item()
        for frame in frames
    )
    return [a_users, b_users, a_users + b_users - either, either]


def polars_approx(polars, a, b):
    return polars_counts(polars, a, b, lambda column: column.approx_n_unique())


def polars_exact(polars, a, b):
    return polars_counts(polars, a, b, lambda column: column.n_unique())


def clickhouse():
    import chdb

    return chdb


def clickhouse_row(chdb, query):
    answer = chdb.query(query + " settings max_threads = 2", "JSONCompactEachRow")
    return [int(number) for number in json.loads(answer.bytes())]


def clickhouse_approx(chdb, a, b):
    """Mergeable states of uniqCombined64, so that every file is read once. uniqTheta, which knows
    intersections, isn't built into chdb; uniqHLL12 is as fast and less accurate."""

    def state(path):
        return f"(select uniqCombined64State({COLUMN}) as s from file('{path}', Parquet))"

    query = (
        f"with x as {state(a)}, y as {state(b)} select finalizeAggregation(x.s), "
        "finalizeAggregation(y.s), (select uniqCombined64Merge(s) from "
        "(select s from x union all select s from y)) from x, y"
    )
    a_users, b_users, either = clickhouse_row(chdb, query)
    return [a_users, b_users, a_users + b_users - either, either]


def clickhouse_exact(chdb, a, b):
    rows = (
        f"(select {COLUMN}, 1 as side from file('{a}', Parquet) "
        f"union all select {COLUMN}, 2 from file('{b}', Parquet))"
    )
    query = (
        f"select uniqExactIf({COLUMN}, side = 1), uniqExactIf({COLUMN}, side = 2), "
        f"uniqExact({COLUMN}) from {rows}"
    )
    a_users, b_users, either = clickhouse_row(chdb, query)
    return [a_users, b_users, a_users + b_users - either, either]


ENGINES = {
    "estimate": {
        "DuckDB": (duckdb_connection, duckdb_approx),
        "Polars": (polars_frames, polars_approx),
        "ClickHouse": (clickhouse, clickhouse_approx),
    },
    "exact": {
        "DuckDB": (duckdb_connection, duckdb_exact),
        "DuckDB, join": (duckdb_connection, duckdb_exact_join),
        "Polars": (polars_frames, polars_exact),
        "ClickHouse": (clickhouse, clickhouse_exact),
    },
}


def main():
    kind, engine, a, b = sys.argv[1:]
    start, run = ENGINES[kind][engine]
    session = start()
    begin = time.perf_counter()
    answers = [int(answer) for answer in run(session, a, b)]
    print(json.dumps({"answers": answers, "seconds": time.perf_counter() - begin}), flush=True)


if __name__ == "__main__":
    main()
