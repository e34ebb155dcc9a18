"""Parquet files of every form that pyarrow and DuckDB write: `overlap exact` counts what is in them, or refuses the
type by name. `formats.py PROGRAM FOLDER`; `cargo xtask faults` runs it.
"""

import datetime
import decimal
import itertools
import json
import subprocess
import sys
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 700
NUMBERS = [i * 7919 % 311 - 100 for i in range(ROWS)]
CODECS = ["NONE", "SNAPPY", "GZIP", "ZSTD", "BROTLI", "LZ4"]
INTEGERS = ["PLAIN", "DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT", "dictionary"]
BYTES = ["PLAIN", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY", "dictionary"]
FIXED = ["PLAIN", "BYTE_STREAM_SPLIT", "DELTA_BYTE_ARRAY", "dictionary"]



TYPES = {
    "int8": ([n % 100 - 50 for n in NUMBERS], pa.int8(), INTEGERS),
    "int16": (NUMBERS, pa.int16(), INTEGERS),
    "int32": (NUMBERS, pa.int32(), INTEGERS),
    "int64": ([n << 40 for n in NUMBERS], pa.int64(), INTEGERS),
    "uint8": ([n % 200 for n in NUMBERS], pa.uint8(), INTEGERS),
    "uint16": ([n + 60_000 for n in NUMBERS], pa.uint16(), INTEGERS),
    "uint32": ([(1 << 32) - 500 + n for n in NUMBERS], pa.uint32(), INTEGERS),
    "uint64": ([(1 << 64) - 500 + n for n in NUMBERS], pa.uint64(), INTEGERS),
    "decimal": ([decimal.Decimal(n) * 10**20 for n in NUMBERS], pa.decimal128(30, 0), ["PLAIN", "dictionary"]),
    "string": ([f"user {n}" for n in NUMBERS], pa.string(), BYTES),
    "large_string": (["\u00fc" * (n % 7) for n in NUMBERS], pa.large_string(), BYTES),
    "binary": ([str(n).encode() for n in NUMBERS], pa.binary(), BYTES),
    "fixed": ([n.to_bytes(5, "big", signed=True) for n in NUMBERS], pa.binary(5), FIXED),
}
REFUSED = {
    "float": (NUMBERS, pa.float32()),
    "double": (NUMBERS, pa.float64()),
    "bool": ([n > 0 for n in NUMBERS], pa.bool_()),
    "date": (NUMBERS, pa.date32()),
    "timestamp": (NUMBERS, pa.timestamp("us")),
    "time": ([datetime.time(0, 0, abs(n) % 60) for n in NUMBERS], pa.time64("us")),
    "decimal_2": ([decimal.Decimal(n) for n in NUMBERS], pa.decimal128(12, 2)),
    "list": ([[n] for n in NUMBERS], pa.list_(pa.int64())),
}


def holes(values, nulls):
    every = {"none": None, "some": 9, "all": 1}[nulls]
    return [None if every and i % every == 0 else value for i, value in enumerate(values)]


def count(program, path, *options):
    done = subprocess.run([program, "exact", path, "--format", "json", *options], capture_output=True, text=True)
    if done.returncode != 0:
        return done.returncode, done.stderr
    report = json.loads(done.stdout)
    # These writers count their nulls right.
    if any(warning["code"] == "nulls_differ" for warning in report["warnings"]):
        return "nulls differ from the footer's"
    side = report["sides"][0]
    return side["rows"], side["nulls"], side["users"]["value"]


def truth(values):
    held = [value for value in values if value is not None]
    return len(values), len(values) - len(held), len(set(held))


def arrow_files(folder):
    for name, (values, kind, encodings) in TYPES.items():
        forms = itertools.product(encodings, CODECS, ["1.0", "2.0"], ["none", "some"])
        # All null is one form of each encoding: there is nothing to compress.
        forms = itertools.chain(forms, ((encoding, "SNAPPY", "2.0", "all") for encoding in encodings))
        for number, (encoding, codec, version, nulls) in enumerate(forms):
            held = holes(values, nulls)
            ids = pa.array(held, kind)
            options = {"use_dictionary": True}
            if encoding != "dictionary":
                options = {"use_dictionary": False, "column_encoding": {"user_id": encoding}}
            path = folder / f"{name}-{encoding}-{codec}-{version}-{nulls}.parquet"
            pq.write_table(
                pa.table({"user_id": ids}),
                path,
                compression=codec,
                data_page_version=version,
                data_page_size=700,
                row_group_size=300,
                write_page_checksum=number % 2 == 0,
                write_page_index=number % 3 == 0,
                store_schema=number % 5 == 0,
                **options,
            )
            yield path, truth(held), []


def odd_files(folder):
    """Dictionaries with entries that no row uses or that stand twice, and IDs in groups."""
    for codec, version in itertools.product(CODECS, ["1.0", "2.0"]):
        for kind in (pa.string(), pa.int64()):
            entries = pa.array([1, 2, 3, 2, 5, 6], pa.int64()).cast(kind)
            indices = [None if i % 11 == 0 else i % 4 for i in range(ROWS)]
            ids = pa.DictionaryArray.from_arrays(pa.array(indices, pa.int32()), entries)
            path = folder / f"unused-{kind}-{codec}-{version}.parquet"
            pq.write_table(pa.table({"user_id": ids}), path, compression=codec, data_page_version=version)
            yield path, truth(ids.to_pylist()), []
        users = [None if i % 5 == 0 else {"id": None if i % 7 == 0 else NUMBERS[i]} for i in range(ROWS)]
        path = folder / f"nested-{codec}-{version}.parquet"
        table = pa.table({"user": pa.array(users, pa.struct([("id", pa.int64())]))})
        pq.write_table(table, path, compression=codec, data_page_version=version)
        yield path, truth([user and user["id"] for user in users]), ["--id", "user.id"]


def duckdb_files(folder):
    casts = ["TINYINT", "INTEGER", "BIGINT", "HUGEINT", "VARCHAR", "BLOB", "UUID"]
    for cast, codec, version, nulls in itertools.product(casts, ["uncompressed", "snappy", "gzip", "zstd", "lz4_raw"], ["V1", "V2"], [0, 9]):
        value = {"BLOB": "encode(i::VARCHAR)", "UUID": "md5(i::VARCHAR)::UUID"}.get(cast, f"(i % 120)::{cast}")
        value = f"CASE WHEN i % {nulls} = 0 THEN NULL ELSE {value} END" if nulls else value
        path = folder / f"duckdb-{cast}-{codec}-{version}-{nulls}.parquet"
        query = f"SELECT {value} AS user_id FROM range({ROWS}) t(i)"
        duckdb.sql(f"COPY ({query}) TO '{path}' (FORMAT parquet, CODEC '{codec}', PARQUET_VERSION {version})")
        yield path, truth([row[0] for row in duckdb.sql(query).fetchall()]), []


def main(program, folder):
    folder.mkdir(parents=True, exist_ok=True)
    right = refused = 0
    wrong = []
    for path, wanted, options in itertools.chain(arrow_files(folder), odd_files(folder), duckdb_files(folder)):
        found = count(program, path, *options)
        hugeint = "HUGEINT" in path.name and found[0] == 3 and "DOUBLE" in str(found[1]).upper()
        if found == wanted:
            right += 1
        elif hugeint:
            refused += 1  # DuckDB writes them as doubles
        else:
            wrong.append((path.name, wanted, found))
        path.unlink()
    for name, (values, kind) in REFUSED.items():
        for codec, nulls in itertools.product(CODECS, ["none", "some"]):
            path = folder / f"{name}-{codec}-{nulls}.parquet"
            pq.write_table(pa.table({"user_id": pa.array(holes(values, nulls), kind)}), path, compression=codec)
            found = count(program, path, *(["--id", "user_id.list.element"] if name == "list" else []))
            if found[0] == 3 and ("unsupported id type" in str(found[1]) or name == "list"):
                refused += 1
            else:
                wrong.append((path.name, "refused", found))
            path.unlink()
    for fault in wrong[:20]:
        print(*fault)
    print(f"{right + refused + len(wrong)} files: {right} counted right, {refused} refused by type, {len(wrong)} wrong")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
