"""Puffin files of Iceberg tables: what pyiceberg reads in them is what the program takes as a side."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

pytest.importorskip("pyiceberg")
zstandard = pytest.importorskip("zstandard")

from pyiceberg.table.puffin import PuffinFile  # noqa: E402


def puffin(images) -> bytes:
    """A file by the specification: a blob for each field, every second one packed."""
    body, blobs = b"PFA1", []
    for field, image in images.items():
        blob = {"type": "apache-datasketches-theta-v1", "fields": [field], "snapshot-id": 7, "sequence-number": 1}
        if len(blobs) % 2:
            image = zstandard.ZstdCompressor().compress(image)
            blob["compression-codec"] = "zstd"
        blobs.append(blob | {"offset": len(body), "length": len(image)})
        body += image
    footer = json.dumps({"blobs": blobs, "properties": {"created-by": "a test"}}).encode()
    return body + b"PFA1" + footer + len(footer).to_bytes(4, "little") + bytes(4) + b"PFA1"


@pytest.fixture
def image(run, tmp_path):
    """The theta image of IDs, as the program writes it for Apache DataSketches."""

    def image(name, ids) -> bytes:
        pq.write_table(pa.table({"user_id": ids}), tmp_path / f"{name}.parquet")
        run("sketch", tmp_path / f"{name}.parquet", "--hash", "murmur3", "-o", tmp_path / f"{name}.ovs")
        run("convert", tmp_path / f"{name}.ovs", "--to", "datasketches", "-o", tmp_path / name)
        return next((tmp_path / name).glob("*.theta")).read_bytes()

    return image


def test_columns_that_pyiceberg_reads_are_sides(run, image, tmp_path):
    images = {1: image("numbers", range(5_000)), 4: image("texts", [f"u{i}" for i in range(3_000)])}
    bytes = puffin(images)
    (tmp_path / "shop.stats").write_bytes(bytes)
    file = PuffinFile(bytes)
    assert [blob.fields for blob in file.footer.blobs] == [[1], [4]]
    assert [file.get_blob_payload(blob) for blob in file.footer.blobs] == list(images.values())
    for field, other in [(1, range(4_000, 6_000)), (4, [f"u{i}" for i in range(2_000, 9_000)])]:
        pq.write_table(pa.table({"user_id": other}), tmp_path / "pay.parquet")
        chosen = ["--id", f"shop={field}", "--format", "json"]
        found = json.loads(run("estimate", tmp_path / "shop.stats", tmp_path / "pay.parquet", *chosen))
        assert found["overlap"]["value"] == 1_000
