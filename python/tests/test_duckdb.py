"""DuckDB's extension: sketches and estimates in SQL are what the program says of the same data."""

import json
import os
import threading
import time
from pathlib import Path

import overlap
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

duckdb = pytest.importorskip("duckdb")

ROOT = Path(__file__).resolve().parents[2]
SHOP, PAY = ROOT / "data" / "shop.parquet", ROOT / "data" / "pay.parquet"
FIELDS = "rows, nulls, users, hll, sample"


@pytest.fixture(scope="session")
def extension() -> Path:
    """What `cargo xtask duckdb --debug` builds."""
    found = Path(os.environ.get("OVERLAP_DUCKDB", ROOT / "target" / "duckdb" / "overlap.duckdb_extension"))
    assert found.exists(), f"no extension at {found}: cargo xtask duckdb --debug, or set OVERLAP_DUCKDB"
    return found


@pytest.fixture
def db(extension):
    with connect(extension) as connection:
        yield connection


def connect(extension, **settings):
    connection = duckdb.connect(config={"allow_unsigned_extensions": True, **settings})
    connection.execute(f"LOAD '{extension}'")
    return connection


def refusal(db, query, *parameters) -> str:
    with pytest.raises(duckdb.Error) as caught:
        db.execute(query, *parameters).fetchall()
    return str(caught.value)


def record(db, query):
    """The only row of a query, by the names of its columns."""
    result = db.execute(query)
    names = [column[0] for column in result.description]
    (row,) = result.fetchall()
    return dict(zip(names, row))


def in_sql(row):
    """The sketch of a row with its fields, as Python's."""
    return overlap.Sketch.from_blobs(row["hll"], row["sample"], row["rows"], row["nulls"])


GROUPED = [
    (SHOP, ["city_tier"]),
    (PAY, ["city_tier"]),
    (SHOP, ["last_active"]),
    (PAY, ["last_active"]),
    (SHOP, ["city_tier", "last_active"]),
    (PAY, ["city_tier", "last_active"]),
    (SHOP, ["last_active", "city_tier"]),
    (PAY, ["last_active", "city_tier"]),
    (SHOP, []),
    (PAY, []),
]


@pytest.mark.parametrize("size", [None, (12, 512)], ids=["default", "small"])
@pytest.mark.parametrize(("path", "by"), GROUPED, ids=lambda value: getattr(value, "stem", None) or "+".join(value) or "all")
def test_grouped_sketches_are_byte_for_byte_the_program_s(db, run, tmp_path, path, by, size):
    stored = tmp_path / "side.ovs"
    options = [] if size is None else ["--precision", size[0], "--k", size[1]]
    run("sketch", path, "--by", ",".join(by), *options, "-o", stored) if by else run(
        "sketch", path, *options, "-o", stored
    )
    more = "" if size is None else f", {size[1]}, {size[0]}"
    columns = "".join(f"{name}, " for name in by)
    grouped = f"GROUP BY {', '.join(by)}" if by else ""
    db.execute(f"CREATE TABLE ours AS SELECT {columns}unnest(overlap_sketch(user_id{more})) FROM '{path}' {grouped}")
    order = ", ".join([*by, "rows"])
    wanted = pq.read_table(stored).to_pylist()
    names = ", ".join([*by, FIELDS])
    found = db.execute(f"SELECT {names} FROM ours ORDER BY {order}").fetchall()
    assert len(found) == len(wanted) > 0
    theirs = db.execute(f"SELECT {names} FROM read_parquet('{stored}') ORDER BY {order}").fetchall()
    assert found == theirs


def test_a_table_of_sketches_is_a_file_for_the_program(db, run, tmp_path):
    for path in (SHOP, PAY):
        db.execute(
            f"COPY (SELECT city_tier, unnest(overlap_sketch(user_id)) FROM '{path}' GROUP BY city_tier) "
            f"TO '{tmp_path / path.stem}.ovs' (FORMAT parquet)"
        )
    files = [tmp_path / "shop.ovs", tmp_path / "pay.ovs"]
    ours = json.loads(run("estimate", *files, "--format", "json"))
    k = ["--k", "65536"]
    theirs = json.loads(run("estimate", SHOP, PAY, *k, "--format", "json"))
    for number in ["overlap", "only_a", "only_b", "union", "share_of_a", "jaccard"]:
        assert ours[number] == theirs[number], number


def test_an_estimate_is_the_program_s_with_every_number(db, run, tmp_path):
    files = [tmp_path / "shop.ovs", tmp_path / "pay.ovs"]
    for path, stored in zip((SHOP, PAY), files):
        run("sketch", path, "-o", stored, "--precision", 12, "--k", 1024)
    printed = json.loads(run("estimate", *files, "--format", "json"))
    pair = overlap.estimate(*(overlap.sketch(path) for path in files))
    row = db.execute(f"SELECT overlap_estimate(a, b) FROM read_parquet('{files[0]}') a, read_parquet('{files[1]}') b").fetchone()[0]
    assert not row["exact"] and row["matches"] > 0
    for name in ["a", "b", "only_a", "only_b", "overlap", "union", "share_of_a", "share_of_b", "jaccard"]:
        wanted = getattr(pair, name)
        assert (row[name]["value"], row[name]["lower"], row[name]["upper"]) == (
            wanted.value,
            wanted.lower,
            wanted.upper,
        ), name
    assert row["share_of_a"] == printed["share_of_a"] and row["jaccard"] == printed["jaccard"]
    assert {end: round(number) for end, number in row["overlap"].items()} == printed["overlap"]
    narrow = db.execute(
        f"SELECT (overlap_estimate(a, b, 0.8)).overlap FROM read_parquet('{files[0]}') a, read_parquet('{files[1]}') b"
    ).fetchone()[0]
    assert row["overlap"]["lower"] < narrow["lower"] < narrow["upper"] < row["overlap"]["upper"]


TYPES = {
    "TINYINT": [-128, 0, 127],
    "SMALLINT": [-(2**15), 7],
    "INTEGER": [-(2**31), 7],
    "BIGINT": [-(2**63), 7, 2**63 - 1],
    "UTINYINT": [0, 255],
    "USMALLINT": [0, 2**16 - 1],
    "UINTEGER": [0, 2**32 - 1],
    "UBIGINT": [0, 2**63, 2**64 - 1],
    "HUGEINT": [-(2**127), -1, 0, 2**64, 2**127 - 1],
    "UHUGEINT": [0, 2**64, 2**127 - 1],
}


@pytest.mark.parametrize("kind", TYPES)
def test_integers_are_the_same_users_whatever_their_width(db, kind):
    values = TYPES[kind]
    found = in_sql(record(db, f"SELECT unnest(overlap_sketch(x::{kind})) FROM (VALUES {sql_rows(values)}) t(x)"))
    wide = pa.array([*map(str, values), None])
    sketcher = overlap.Sketcher("x", cast="integer").update(wide)
    assert (found.hll, found.sample, found.rows, found.nulls) == (
        (wanted := sketcher.finish()).hll,
        wanted.sample,
        len(values) + 1,
        1,
    )


def sql_rows(values):
    return ", ".join(f"({'NULL' if value is None else repr(str(value))})" for value in [*values, None])


def test_decimals_without_places_are_integers(db):
    for kind in ["DECIMAL(4, 0)", "DECIMAL(9, 0)", "DECIMAL(18, 0)", "DECIMAL(38, 0)"]:
        sketches = [
            db.execute(f"SELECT overlap_sketch(x::{to}) FROM (VALUES (1), (-42), (999)) t(x)").fetchone()[0]
            for to in (kind, "BIGINT")
        ]
        assert sketches[0] == sketches[1], kind


def test_texts_blobs_and_uuids_are_those_of_arrow(db):
    texts = ["", "ann", "Zürich", "0123456789ab", "0123456789abc", "x" * 5000, "y" * 200_000, None]
    table = pa.table({"t": texts, "b": [None if t is None else t.encode() for t in texts]})
    db.register("ids", table)
    for column in "tb":
        row = record(db, f"SELECT unnest(overlap_sketch({column})) FROM ids")
        wanted = overlap.sketch(table, id=column)
        assert (row["hll"], row["sample"]) == (wanted.hll, wanted.sample), column
    uuids = ["00000000-0000-0000-0000-000000000000", "f47ac10b-58cc-4372-a567-0e02b2c3d479", "80000000-0000-0000-0000-000000000001"]
    values = ", ".join(f"('{uuid}'::UUID)" for uuid in uuids)
    row = record(db, f"SELECT unnest(overlap_sketch(x)) FROM (VALUES {values}) t(x)")
    wanted = overlap.sketch(pa.table({"x": [bytes.fromhex(u.replace("-", "")) for u in uuids]}), id="x")
    assert (row["hll"], row["sample"]) == (wanted.hll, wanted.sample)


def test_spellings_of_texts_travel(db, texts):
    db.register("ids", texts)
    row = record(db, "SELECT unnest(overlap_sketch(user_id)) FROM ids")
    assert len(row["spelling"]) > 100
    assert in_sql(row).users().value == overlap.sketch(texts).users().value


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("SELECT overlap_sketch(1.5::DOUBLE)", "DOUBLE, which can't identify users"),
        ("SELECT overlap_sketch(1.5::DECIMAL(4, 2))", "DECIMAL with places"),
        ("SELECT overlap_sketch(true)", "BOOLEAN, which"),
        ("SELECT overlap_sketch(DATE '2026-01-01')", "DATE, which"),
        ("SELECT overlap_sketch([1, 2])", "LIST, which"),
        ("SELECT overlap_sketch({'a': 1})", "STRUCT, which"),
        ("SELECT overlap_sketch((2::UHUGEINT ** 127)::UHUGEINT)", "larger than 2^127"),
        ("SELECT overlap_sketch(1, 3)", "k is 3, but must be 16 to 16777216"),
        ("SELECT overlap_sketch(1, 64, 99)", "precision is 99"),
        ("SELECT overlap_sketch(1, NULL)", "k must be"),
        ("SELECT overlap_sketch(x, 64 + x) FROM range(3) t(x)", "the same in every row"),
        ("SELECT overlap_users(7)", "no sketch"),
        ("SELECT overlap_users({'a': 1})", "no sketch"),
        ("SELECT overlap_users({'hll': 'text'})", "hll of a sketch must be a BLOB"),
        ("SELECT overlap_users({'hll': 'nonsense'::BLOB})", "corrupt"),
        ("SELECT overlap_merge({'hll': 'nonsense'::BLOB})", "corrupt"),
        ("SELECT overlap_estimate(a, a, 1.5) FROM (SELECT overlap_sketch(1) a)", "between 0.5 and 1"),
        (
            "SELECT overlap_estimate(a, b) FROM (SELECT overlap_sketch(1) a, overlap_sketch('1') b)",
            "integer ids can't be compared with string ids; sketch the data of both again with id::VARCHAR",
        ),
    ],
)
def test_what_is_wrong_is_said_in_a_query_s_words(db, query, words):
    text = refusal(db, query)
    assert words in text and "--" not in text
    assert db.execute("SELECT overlap_users(overlap_sketch(1))").fetchone() == (1,)


def test_nulls_and_nobody(db):
    row = db.execute("SELECT unnest(overlap_sketch(x)) FROM (VALUES (NULL::BIGINT), (NULL)) t(x)").fetchone()
    assert row[:3] == (2, 2, 0)
    assert db.execute("SELECT unnest(overlap_sketch(x)) FROM range(0) t(x)").fetchone()[:3] == (0, 0, 0)
    assert db.execute("SELECT (overlap_sketch(NULL)).nulls").fetchone() == (1,)
    assert db.execute("SELECT overlap_merge(NULL), overlap_users(NULL), overlap_inspect(NULL)").fetchone() == (None,) * 3
    assert db.execute("SELECT overlap_estimate(overlap_sketch(1), NULL)").fetchone() == (None,)
    assert db.execute("SELECT overlap_merge(s) FROM (SELECT overlap_sketch(1) s) WHERE false").fetchone() == (None,)
    nobody = db.execute("SELECT (overlap_estimate(overlap_sketch(x), overlap_sketch(x))).exact FROM range(0) t(x)").fetchone()
    assert nobody == (True,)


def test_filters_distinct_and_null_groups(db):
    db.execute("CREATE TABLE t AS SELECT x, x % 3 AS g, x % 7 AS h FROM range(10000) t(x)")
    found = db.execute(
        "SELECT overlap_users(overlap_sketch(x) FILTER (h = 1)), overlap_users(overlap_sketch(DISTINCT h)), "
        "(overlap_sketch(DISTINCT h)).rows, overlap_users(overlap_sketch(x) FILTER (x < 0)) FROM t"
    ).fetchone()
    assert found == (1429, 7, 7, 0)
    by_filter = db.execute("SELECT g, overlap_sketch(x) FILTER (h = 1) FROM t GROUP BY g ORDER BY g").fetchall()
    by_where = db.execute("SELECT g, overlap_sketch(x) FROM t WHERE h = 1 GROUP BY g ORDER BY g").fetchall()
    assert by_filter == by_where


def test_fields_of_a_struct_may_come_from_anywhere(db):
    """Filters, constants and joins leave vectors that aren't flat below a STRUCT."""
    db.execute("CREATE TABLE s AS SELECT g, unnest(overlap_sketch(x)) FROM (SELECT x, x % 500 AS g FROM range(20000) t(x) WHERE x % 500 <= x // 40) GROUP BY g")
    wanted = dict(db.execute("SELECT g, users FROM s").fetchall())
    assert len(wanted) == 500 and len(set(wanted.values())) > 30
    for query in [
        "SELECT g, overlap_users({'hll': hll, 'sample': sample}) FROM s WHERE g % 3 = 1",
        "SELECT g, overlap_users(s) FROM s WHERE g % 3 = 1",
        "SELECT g, overlap_users({'hll': NULL::BLOB, 'sample': sample, 'rows': rows, 'nulls': 0}) FROM s WHERE g % 3 = 1",
        "SELECT a.g, overlap_users(a) FROM s a JOIN (SELECT g FROM s ORDER BY users LIMIT 170) b ON a.g = b.g",
        "SELECT g, (overlap_estimate(s, c)).a.value::BIGINT FROM s, (SELECT s AS c FROM s WHERE g = 7) WHERE g % 3 = 1",
        "SELECT g, overlap_users(overlap_merge(s)) FROM s WHERE g % 3 = 1 GROUP BY g",
        "SELECT g, overlap_users(overlap_merge({'hll': hll, 'sample': sample})) FROM s WHERE g % 3 = 1 GROUP BY g",
        "SELECT g, overlap_users(CASE WHEN g % 3 = 1 THEN s END) FROM s WHERE g % 3 = 1",
    ]:
        found = db.execute(query).fetchall()
        assert len(found) >= 160, query
        assert all(wanted[g] == users for g, users in found), query


def test_merged_groups_are_the_sketch_of_all_rows(db):
    db.execute("CREATE TABLE t AS SELECT hash(x % 300000)::UBIGINT AS id, x % 40 AS g FROM range(1000000) t(x)")
    whole = record(db, "SELECT unnest(overlap_sketch(id)) FROM t")
    merged = record(db, "SELECT unnest(overlap_merge(s)) FROM (SELECT overlap_sketch(id) AS s FROM t GROUP BY g)")
    assert in_sql(whole) == in_sql(merged) and whole["users"] != 300_000


@pytest.mark.parametrize("threads", [1, 4])
def test_many_groups_take_little_memory_and_lose_no_one(extension, threads):
    with connect(extension, threads=threads) as db:
        db.execute("CREATE TABLE t AS SELECT x // 3 AS g, x AS id FROM range(60000) t(x)")
        total = db.execute(
            "SELECT count(*), sum(overlap_users(s)), min(s.rows), max(s.rows) "
            "FROM (SELECT g, overlap_sketch(id) AS s FROM t GROUP BY g)"
        ).fetchone()
        assert total == (20_000, 60_000, 3, 3)


@pytest.mark.parametrize("kind", ["BIGINT", "VARCHAR", "UUID", "HUGEINT"])
def test_threads_change_nothing(extension, kind):
    sketches = []
    for threads in (1, 4):
        with connect(extension, threads=threads) as db:
            value = "md5(x::VARCHAR)::UUID" if kind == "UUID" else f"(x * 7919)::{kind}"
            db.execute(f"CREATE TABLE t AS SELECT {value} AS id, (x % 3)::VARCHAR AS g FROM range(400000) t(x)")
            sketches.append(db.execute(f"SELECT g, {FIELDS} FROM (SELECT g, unnest(overlap_sketch(id)) FROM t GROUP BY g) ORDER BY g").fetchall())
    assert len(sketches[0]) == 3 and sketches[0] == sketches[1]


def test_windows_are_the_sketches_of_their_frames(db):
    db.execute("CREATE TABLE t AS SELECT x AS day, x % 2 AS p, (x * x) % 101 AS id FROM range(300) t(x)")
    for frame in [
        "PARTITION BY p ORDER BY day ROWS BETWEEN 6 PRECEDING AND CURRENT ROW",
        "ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW",
        "ORDER BY day ROWS BETWEEN 20 PRECEDING AND 5 PRECEDING",
        "PARTITION BY p",
        "",
    ]:
        found = db.execute(
            f"SELECT overlap_users(overlap_sketch(id) OVER ({frame})), count(DISTINCT id) OVER ({frame}) FROM t"
        ).fetchall()
        assert len(found) == 300 and all(ours == theirs for ours, theirs in found), frame


def test_an_inspected_sketch_says_what_it_is(db):
    row = db.execute("SELECT overlap_inspect(overlap_sketch(x::VARCHAR, 512, 10)) FROM range(5000) t(x)").fetchone()[0]
    assert (row["id_type"], row["hash"], row["precision"], row["k"], row["sampled"]) == ("string", "xxh3", 10, 512, 512)
    assert not row["exact"] and row["rows"] == 5000 and row["key_fingerprint"] is None
    assert row["users"]["lower"] <= 5000 <= row["users"]["upper"] and 0.05 < row["theta"] < 0.2


def test_a_query_can_be_interrupted(db):
    db.execute("SET threads = 2")
    timer = threading.Timer(0.5, db.interrupt)
    timer.start()
    start = time.monotonic()
    with pytest.raises(duckdb.InterruptException):
        db.execute("SELECT overlap_sketch(hash(x)) FROM range(100000000000) t(x)").fetchall()
    assert time.monotonic() - start < 30
    timer.join()
    assert db.execute("SELECT overlap_users(overlap_sketch(1))").fetchone() == (1,)


def test_queries_that_fail_leak_nothing(db):
    """A state of each group is freed when its query fails, as it is when the query ends."""

    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

    if not Path("/proc/self/statm").exists():
        pytest.skip("memory is read from /proc")
    fails = "SELECT g, overlap_sketch(x) FROM (SELECT x, x % 200 AS g FROM range(400000) t(x)) WHERE CASE WHEN x = 399999 THEN error('stop') ELSE true END GROUP BY g"
    whole = "SELECT count(s) FROM (SELECT overlap_sketch(x) AS s FROM range(400000) t(x) GROUP BY x % 200)"
    for query in (fails, whole):
        run = (lambda: refusal(db, fails)) if query is fails else (lambda: db.execute(whole).fetchall())
        for _ in range(3):
            run()
        before = resident()
        for _ in range(10):
            run()
        # The states of one such query are some 20 MB and more.
        assert resident() - before < 60_000_000
