"""Buckets of real servers: moto for S3, Azurite for Azure. Each is skipped with a word where it can't run."""

import os
import shutil
import socket
import subprocess
import time
import urllib.request

import numpy as np
import overlap
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

SHOP, PAY = range(0, 30_000), range(20_000, 50_000)


def parquet(users, path):
    ids = pa.array(users, pa.int64())
    pq.write_table(pa.table({"user_id": ids, "tier": pa.array(np.asarray(users) % 5)}), path, row_group_size=10_000)
    return path.read_bytes()


@pytest.fixture
def aws(monkeypatch):
    """A client of an S3 server on loopback, and the settings that find it."""
    server = pytest.importorskip("moto.server", reason="moto isn't installed")
    boto3 = pytest.importorskip("boto3", reason="boto3 isn't installed")
    s3 = server.ThreadedMotoServer(port=0, verbose=False)
    s3.start()
    host, port = s3.get_host_and_port()
    settings = {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    overlap.set_store_options({})
    # Its buckets outlive it in this process.
    reset = urllib.request.Request(settings["AWS_ENDPOINT_URL"] + "/moto-api/reset", method="POST")
    urllib.request.urlopen(reset).read()
    client = boto3.client("s3", endpoint_url=settings["AWS_ENDPOINT_URL"], region_name="eu-west-1")
    client.create_bucket(Bucket="lake", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    yield client
    s3.stop()


def test_objects_folders_and_globs_of_s3_are_sides(aws, run, tmp_path):
    for day in range(3):
        body = parquet(range(day * 10_000, (day + 1) * 10_000), tmp_path / "part.parquet")
        aws.put_object(Bucket="lake", Key=f"shop/day=2026-11-0{day + 1}/part 0.parquet", Body=body)
    aws.put_object(Bucket="lake", Key="shop/_SUCCESS", Body=b"")
    aws.put_object(Bucket="lake", Key="pay.parquet", Body=parquet(PAY, tmp_path / "pay.parquet"))
    pay = overlap.sketch("s3://lake/pay.parquet")
    for shop in ("s3://lake/shop", "s3://lake/shop/*/*.parquet"):
        pair = overlap.estimate(overlap.sketch(shop), pay)
        assert pair.overlap.value == 10_000
    assert "10,000" in run("exact", "shop=s3://lake/shop/", "s3://lake/pay.parquet")


def test_sketches_are_written_to_s3_and_read_again(aws, run, tmp_path):
    aws.put_object(Bucket="lake", Key="shop.parquet", Body=parquet(SHOP, tmp_path / "shop.parquet"))
    run("sketch", "s3://lake/shop.parquet", "-o", "s3://lake/sketches/shop.ovs")
    size = overlap.write_sketches(overlap.sketch("s3://lake/shop.parquet"), "s3://lake/sketches/python.ovs")
    assert size == aws.head_object(Bucket="lake", Key="sketches/python.ovs")["ContentLength"]
    for name in ("shop", "python"):
        assert overlap.read_sketches(f"s3://lake/sketches/{name}.ovs")[0].users().value == 30_000


def test_a_delta_table_that_a_real_writer_made_in_s3_is_its_live_rows(aws):
    deltalake = pytest.importorskip("deltalake", reason="deltalake isn't installed")
    settings = {
        "AWS_ENDPOINT_URL": os.environ["AWS_ENDPOINT_URL"],
        "AWS_ALLOW_HTTP": "true",
        "AWS_S3_ALLOW_UNSAFE_RENAME": "true",
        "aws_conditional_put": "etag",
    }
    table = pa.table({"user_id": pa.array(SHOP, pa.int64())})
    deltalake.write_deltalake("s3://lake/table", table, storage_options=settings)
    deltalake.DeltaTable("s3://lake/table", storage_options=settings).delete("user_id >= 25000")
    assert overlap.sketch("s3://lake/table").users().value == 25_000
    assert overlap.sketch("s3://lake/table", as_of=0).users().value == 30_000


def test_what_isnt_there_is_an_input_error(aws):
    with pytest.raises(overlap.InputError, match="no such object"):
        overlap.sketch("s3://lake/gone.parquet")
    with pytest.raises(overlap.InputError, match="no such bucket"):
        overlap.sketch("s3://puddle/gone.parquet")
    with pytest.raises(overlap.UsageError, match="colour"):
        overlap.set_store_options({"colour": "red"})


@pytest.fixture
def azure(monkeypatch, tmp_path):
    """A container of an Azure server on loopback."""
    blob = pytest.importorskip("azure.storage.blob", reason="azure-storage-blob isn't installed")
    azurite = os.environ.get("OVERLAP_AZURITE")
    if not azurite or not shutil.which("node"):
        pytest.skip("Azurite isn't installed: cargo xtask test does it where npm is")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["node", azurite, "--silent", "--skipApiVersionCheck", "--inMemoryPersistence", "--blobPort", str(port)]
    server = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    # The account that every Azurite has; its key is in Azure's documentation.
    key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
    connection = (
        "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;"
        f"AccountKey={key};BlobEndpoint=http://127.0.0.1:{port}/devstoreaccount1;"
    )
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", connection)
    overlap.set_store_options({})
    service = blob.BlobServiceClient.from_connection_string(connection)
    deadline = time.monotonic() + 30
    while True:
        try:
            container = service.create_container("lake")
            break
        except Exception:
            assert time.monotonic() < deadline, "Azurite doesn't answer"
            time.sleep(0.2)
    yield container
    server.kill()
    server.wait()


def test_containers_of_azure_are_sides_and_take_sketches(azure, run, tmp_path):
    azure.upload_blob("shop/day=1/part.parquet", parquet(SHOP, tmp_path / "shop.parquet"))
    azure.upload_blob("pay.parquet", parquet(PAY, tmp_path / "pay.parquet"))
    assert "10,000" in run("exact", "shop=az://lake/shop", "az://lake/pay.parquet")
    run("sketch", "az://lake/shop", "-o", "az://lake/shop.ovs")
    assert overlap.read_sketches("az://lake/shop.ovs")[0].users().value == 30_000
    with pytest.raises(overlap.InputError, match="no such object"):
        overlap.sketch("az://lake/gone.parquet")
