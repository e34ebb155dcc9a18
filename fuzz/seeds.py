"""Small Parquet files of many forms, as seeds of the fuzzer `parquet_scan`: `seeds.py FOLDER`."""

import itertools
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 40
IDS = [i * 7 % 23 - 5 for i in range(ROWS)]
COLUMNS = {
    "int32": pa.array(IDS, pa.int32()),
    "int64": pa.array(IDS, pa.int64()),
    "uint64": pa.array([abs(i) for i in IDS], pa.uint64()),
    "text": pa.array([f"u{i}" for i in IDS]),
    "fixed": pa.array([i.to_bytes(4, "big", signed=True) for i in IDS], pa.binary(4)),
    "decimal": pa.array(IDS, pa.int64()).cast(pa.decimal128(20, 0)),
}
ENCODINGS = {
    "int32": ["PLAIN", "DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT"],
    "int64": ["PLAIN", "DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT"],
    "uint64": ["PLAIN"],
    "text": ["PLAIN", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"],
    "fixed": ["PLAIN", "BYTE_STREAM_SPLIT", "DELTA_BYTE_ARRAY"],
    "decimal": ["PLAIN"],
}


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    tiers = pa.array(["a", "b"] * (ROWS // 2))
    for kind, ids in COLUMNS.items():
        nulls = pa.array([None if i % 9 == 0 else value for i, value in enumerate(ids.to_pylist())], ids.type)
        forms = itertools.product([*ENCODINGS[kind], "dictionary"], ["NONE", "SNAPPY", "ZSTD"], ["1.0", "2.0"], [ids, nulls])
        for encoding, codec, version, values in forms:
            if codec != "NONE" and encoding not in ("PLAIN", "dictionary"):
                continue
            dictionary = encoding == "dictionary"
            options = {"use_dictionary": ["user_id"] if dictionary else False}
            if not dictionary:
                options["column_encoding"] = {"user_id": encoding}
            name = f"{kind}-{encoding}-{codec}-{version}-{values.null_count}.parquet".lower()
            pq.write_table(
                pa.table({"user_id": values, "tier": tiers}),
                folder / name,
                compression=codec,
                data_page_version=version,
                data_page_size=100,
                row_group_size=25,
                write_statistics=False,
                store_schema=False,
                **options,
            )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
