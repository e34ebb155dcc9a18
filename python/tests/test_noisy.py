"""Sketches with noise, asked from Python."""

import overlap
import pyarrow as pa
import pyarrow.parquet as pq
import pytest


@pytest.fixture
def sides(tmp_path):
    for name, users in {"shop": range(40_000), "pay": range(30_000, 60_000)}.items():
        pq.write_table(pa.table({"user_id": users}), tmp_path / f"{name}.parquet")
    return tmp_path


def test_two_files_give_the_overlap(sides):
    for name in ("shop", "pay"):
        report = overlap.noisy_sketch(sides / f"{name}.parquet", sides / f"{name}.ovn", 4.0, grid=14)
        assert report["epsilon"] == 4 and report["budget_left"] is None
    report = overlap.estimate_noisy(sides / "shop.ovn", sides / "pay.ovn", confidence=0.9999)
    assert report["overlap"]["lower"] <= 10_000 <= report["overlap"]["upper"]


def test_the_ledger_refuses_what_is_too_much(sides):
    def spend(epsilon, **budget):
        ledger = {"budget_file": sides / "ledger.json", **budget}
        return overlap.noisy_sketch(sides / "shop.parquet", sides / "shop.ovn", epsilon, grid=10, **ledger)

    assert spend(1, budget=2)["budget_left"] == 1
    with pytest.raises(overlap.InputError, match="has 1 left"):
        spend(1.5)
    with pytest.raises(overlap.UsageError, match="epsilon is 0"):
        spend(0)


def test_other_files_are_refused(sides):
    overlap.noisy_sketch(sides / "shop.parquet", sides / "shop.ovn", 1, grid=10)
    with pytest.raises(overlap.IncomparableError, match="one other such sketch"):
        overlap.estimate_noisy(sides / "shop.ovn", sides / "pay.parquet")


def test_numbers_with_noise_add_up(sides):
    files = {"shop": sides / "shop.parquet", "pay": [sides / "pay.parquet"]}
    ledger = {"budget_file": sides / "numbers.json", "budget": 1.5}
    report = overlap.exact_noisy(files, 1.0, confidence=0.999999, **ledger)
    assert report["method"] == {"name": "noisy count", "epsilon": 1.0}
    assert report["overlap"]["lower"] <= 10_000 <= report["overlap"]["upper"]
    users = [side["users"]["value"] for side in report["sides"]]
    assert sum(users) - report["overlap"]["value"] == report["union"]["value"]
    assert report["sides"][0]["rows"] is None
    with pytest.raises(overlap.InputError, match="has 0.5 left"):
        overlap.exact_noisy(files, 1.0, **ledger)
