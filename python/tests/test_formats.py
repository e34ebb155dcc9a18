"""Every way to write the same users: CSV, JSON lines and Arrow files, generated, against Python.

Whatever a file is, the program counts what Python's csv, json and pyarrow read in it, or refuses it
by name. Never another number.
"""

import bz2
import csv
import gzip
import io
import json
import lzma
import random
import subprocess

import pyarrow as pa
import pytest

SEEDS = 120  # files of each format
PACKINGS = {
    "plain": bytes,
    "gzip": gzip.compress,
    "members": lambda text: gzip.compress(text[: len(text) // 3])
    + gzip.compress(text[len(text) // 3 :]),
    "bzip2": bz2.compress,
    "xz": lzma.compress,
}
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16"]
REFUSED = {2, 3, 4}


@pytest.fixture(scope="module")
def count(binary):
    """Rows, nulls and users of a file, or the message with which it is refused."""

    def count(path, *arguments):
        arguments = [binary, "exact", str(path), "--format", "json", *arguments]
        done = subprocess.run(arguments, capture_output=True, text=True)
        if done.returncode in REFUSED:
            assert path.name in done.stderr and "panicked" not in done.stderr, done.stderr
            return done.stderr
        assert done.returncode == 0, done.stderr
        side = json.loads(done.stdout)["sides"][0]
        return side["rows"], side["nulls"], side["users"]["value"]

    return count


def an_id(rng):
    kind = rng.randrange(6)
    if kind == 0:
        return str(rng.randrange(50))
    if kind == 1:
        return rng.choice(["", " ", "007", "null", "é", "𝄞", "NULL", "ÿ"])
    if kind == 2:
        return "".join(rng.choice('ab,;|\t"\n') for _ in range(rng.randrange(1, 8)))
    if kind == 3:
        return rng.choice(['say "hi"', '"', '""', "a\nb", "a\r\nb", "line\n", '",\n"'])
    return f"user-{rng.randrange(80)}"


def filler(rng):
    return rng.choice(["", "x", 'a "quoted" word', "two\nlines", "a,b;c|d\te", "ü", "1.5"])


@pytest.mark.parametrize("seed", range(SEEDS))
def test_csv_is_what_pythons_csv_reads(seed, count, tmp_path):
    rng = random.Random(seed)
    delimiter = rng.choice(",;\t|")
    width = rng.randrange(2, 5)
    at = rng.randrange(width)
    out = io.StringIO()
    quoting = rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
    line_end = rng.choice(["\n", "\r\n"])
    writer = csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator=line_end)
    writer.writerow(["user_id" if column == at else f"c{column}" for column in range(width)])
    # Some are longer than what is looked at first, and than a block.
    rows = rng.choice([0, 1, 5, 60, 60, 60, 3_000, 40_000])
    for _ in range(rows):
        row = [an_id(rng) if column == at else filler(rng) for column in range(width)]
        writer.writerow(row)
    text = out.getvalue()
    encoding = rng.choice(ENCODINGS)
    packing = rng.choice(list(PACKINGS))
    path = tmp_path / "users.csv"
    path.write_bytes(PACKINGS[packing](text.encode(encoding)))

    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    ids = [row[at] for row in reader][1:]
    # Python doesn't tell the empty text, which is quoted, from nothing.
    nulls = 0 if quoting == csv.QUOTE_ALL else ids.count("")
    users = len(set(ids)) - (1 if nulls else 0)
    arguments = [] if rng.randrange(2) else ["--delimiter", {"\t": "tab"}.get(delimiter, delimiter)]
    found = count(path, *arguments)
    if isinstance(found, str):
        # Too few records to tell the delimiter.
        assert "delimiter" in found and not arguments, found
        found = count(path, "--delimiter", {"\t": "tab"}.get(delimiter, delimiter))
    assert found == (len(ids), nulls, users), (encoding, packing)


def a_value(rng, depth=0):
    kind = rng.randrange(8 if depth < 3 else 6)
    if kind == 6:
        return [a_value(rng, depth + 1) for _ in range(rng.randrange(3))]
    if kind == 7:
        return {an_id(rng): a_value(rng, depth + 1) for _ in range(rng.randrange(3))}
    return [None, True, rng.random(), rng.randrange(-9, 10**15), an_id(rng), "\\\"{}[]:,"][kind]


@pytest.mark.parametrize("seed", range(SEEDS))
def test_json_lines_are_what_pythons_json_reads(seed, count, tmp_path):
    rng = random.Random(1_000 + seed)
    nested = rng.randrange(2)
    numbers = rng.randrange(2)
    ascii_only = bool(rng.randrange(2))
    separators = rng.choice([None, (",", ":"), (" , ", "\t: ")])
    line_end = rng.choice(["\n", "\r\n", "\n\n"])
    rows = rng.choice([1, 5, 60, 60, 60, 3_000, 20_000])
    lines = []
    for _ in range(rows):
        record = {"a": a_value(rng), "z": a_value(rng)}
        value = rng.randrange(-(2**63), 2**63) if numbers else an_id(rng)
        if rng.randrange(9):
            key = rng.choice([None, value, value, value])
            inner = {"x": a_value(rng), "id": key}
            record["user" if nested else "user_id"] = inner if nested else key
        keys = list(record)
        rng.shuffle(keys)
        record = {key: record[key] for key in keys}
        lines.append(json.dumps(record, ensure_ascii=ascii_only, separators=separators))
    text = line_end.join(lines) + rng.choice(["", line_end])
    encoding = rng.choice(ENCODINGS)
    packing = rng.choice(list(PACKINGS))
    path = tmp_path / "users.jsonl"
    path.write_bytes(PACKINGS[packing](text.encode(encoding)))

    records = [json.loads(line) for line in text.split("\n") if line.strip()]
    if nested:
        ids = [(record.get("user") or {}).get("id") for record in records]
    else:
        ids = [record.get("user_id") for record in records]
    found = count(path, "--id", "user.id" if nested else "user_id")
    if isinstance(found, str):
        assert all(value is None for value in ids) and "no column" in found, found
        return
    nulls = ids.count(None)
    assert found == (len(ids), nulls, len(set(ids) - {None})), (encoding, packing)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_broken_json_lines_are_refused_where_python_refuses_them(seed, count, tmp_path):
    rng = random.Random(2_000 + seed)
    lines = [json.dumps({"user_id": i, "x": a_value(rng)}).encode() for i in range(30)]
    broken = rng.randrange(1, 30)
    line = bytearray(lines[broken])
    at = rng.randrange(len(line))
    line[at : at + rng.randrange(2)] = rng.choice([b"", b'"', b"{", b"}", b",", b"\\", b"x", b"1"])
    lines[broken] = bytes(line)
    path = tmp_path / "users.jsonl"
    path.write_bytes(b"\n".join(lines))

    def strict(text):
        pairs = json.loads(text, object_pairs_hook=list, parse_constant=lambda word: 1 / 0)
        assert isinstance(pairs, list) and text.strip()[:1] == b"{"
        ids = [value for key, value in pairs if key == "user_id"]
        assert len(ids) < 2 and all(type(value) in (int, type(None)) for value in ids)
        return ids[0] if ids else None

    found = count(path, "--id", "user_id")
    try:
        ids = [strict(line) for line in lines]
    except (ValueError, AssertionError, ZeroDivisionError):
        assert isinstance(found, str) and f"line {broken + 1}" in found, found
        return
    if isinstance(found, str):
        # Python takes half of a surrogate pair and numbers of any length.
        assert "surrogate" in found or "38 digits" in found, found
        return
    assert found == (30, ids.count(None), len(set(ids) - {None}))


def a_column(rng, rows):
    values = [None if rng.randrange(8) == 0 else rng.randrange(100) for _ in range(rows)]
    texts = [None if value is None else f"user-{value}-{'x' * (value % 20)}" for value in values]
    small = [pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint32(), pa.uint64()]
    strings = [pa.string(), pa.large_string(), pa.string_view()]
    binaries = [pa.binary(), pa.large_binary(), pa.binary_view()]
    kind = rng.randrange(5)
    if kind == 0:
        return pa.array(values, rng.choice(small))
    if kind == 1:
        return pa.array(texts, rng.choice(strings))
    if kind == 2:
        return pa.array([text and text.encode() for text in texts], rng.choice(binaries))
    if kind == 3:
        return pa.array(texts, pa.string()).dictionary_encode()
    return pa.array(values, pa.int64()).cast(pa.decimal128(20, 0))


@pytest.mark.parametrize("seed", range(SEEDS))
def test_arrow_is_what_pyarrow_reads(seed, count, tmp_path):
    rng = random.Random(3_000 + seed)
    rows = rng.choice([0, 1, 7, 1_000, 70_000])
    ids = a_column(rng, rows)
    nested = rng.randrange(3) == 0
    others = {"views": pa.array(["a long text that is no inline view"] * rows, pa.string_view())}
    others["lists"] = pa.array([[1, 2]] * rows, pa.list_(pa.int32()))
    others["floats"] = pa.array([0.5] * rows)
    user = pa.StructArray.from_arrays([others["floats"], ids], ["x", "id"])
    columns = {**others, "user" if nested else "user_id": user if nested else ids}
    names = list(columns)
    rng.shuffle(names)
    table = pa.table({name: columns[name] for name in names})
    packing = rng.choice([None, "lz4", "zstd"])
    options = pa.ipc.IpcWriteOptions(compression=packing)
    path = tmp_path / "users.arrow"
    make = rng.choice([pa.ipc.new_file, pa.ipc.new_stream])
    with make(str(path), table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=rng.choice([1 + rows // 3, 1_000_000]))
    found = count(path, "--id", "user.id" if nested else "user_id")
    values = ids.to_pylist()
    assert found == (rows, values.count(None), len(set(values) - {None})), (make, packing)
