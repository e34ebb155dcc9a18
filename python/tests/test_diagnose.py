"""How IDs are written, asked from Python."""

import overlap
import pyarrow as pa
import pyarrow.parquet as pq
import pytest


def test_capitals_are_found_and_mended_by_the_setting(tmp_path):
    ids = [f"Person{i}@example.org" for i in range(450)]
    sides = {"a": ids[:300], "b": [i.upper() for i in ids[150:]]}
    for name, values in sides.items():
        pq.write_table(pa.table({"user_id": values}), tmp_path / f"{name}.parquet")
    paths = {name: tmp_path / f"{name}.parquet" for name in sides}
    report = overlap.diagnose(paths)
    (pair,) = report["pairs"]
    values = {reading["reading"]: reading["overlap"]["value"] for reading in pair["readings"]}
    assert (values["written"], values["folded"]) == (0, 150)
    assert pair["settings"] == 'normalize="lower"'
    a, b = (overlap.sketch(path, normalize="lower") for path in paths.values())
    assert overlap.estimate(a, b).overlap.value == 150


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(overlap.OverlapError, match="nowhere"):
        overlap.diagnose({"a": tmp_path / "nowhere.parquet"})
