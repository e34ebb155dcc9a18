"""Sketch two columns in DuckDB and estimate, beside `approx_count_distinct` of both and of their union.

    python duckdb_extension.py EXTENSION A.parquet B.parquet [COLUMN]

A run of each in turn, five times, of which the first doesn't count; medians and their ratio. `benches/peers/pairs.py u64_none FOLDER 50000000`
writes a pair of files.
"""

import statistics
import sys
import time

import duckdb

extension, a, b = sys.argv[1:4]
column = sys.argv[4] if len(sys.argv) > 4 else "user_id"
db = duckdb.connect(config={"allow_unsigned_extensions": True, "threads": 2})
db.execute(f"LOAD '{extension}'")
QUERIES = {
    "overlap_estimate": f"""
        SELECT e.a.value, e.b.value, e."union".value, e.overlap.value FROM (
            SELECT overlap_estimate(x.s, y.s) AS e
            FROM (SELECT overlap_sketch({column}) AS s FROM '{a}') x, (SELECT overlap_sketch({column}) AS s FROM '{b}') y)
    """,
    "approx_count_distinct": f"""
        SELECT (SELECT approx_count_distinct({column}) FROM '{a}'), (SELECT approx_count_distinct({column}) FROM '{b}'),
            (SELECT approx_count_distinct({column}) FROM (SELECT {column} FROM '{a}' UNION ALL SELECT {column} FROM '{b}'))
    """,
}
seconds = {name: [] for name in QUERIES}
for _ in range(5):
    for name, query in QUERIES.items():
        start = time.perf_counter()
        numbers = db.execute(query).fetchall()[0]
        seconds[name].append(time.perf_counter() - start)
        print(f"{name}: {seconds[name][-1]:.3f} s", *(f"{number:,.0f}" for number in numbers))
medians = {name: statistics.median(runs[1:]) for name, runs in seconds.items()}
print(medians, f"ratio {medians['overlap_estimate'] / medians['approx_count_distinct']:.2f}")
