"""Private overlap, asked from Python."""

import overlap
import pyarrow as pa
import pytest


def sketch(begin, end, **options):
    return overlap.sketch(pa.table({"user_id": range(begin, end)}), k=256, **options)


def test_both_sides_get_the_report_of_the_program(tmp_path):
    offer, answer, result = (tmp_path / f"{name}.ovp" for name in ("offer", "answer", "result"))
    step = overlap.private_offer(sketch(0, 4_000), offer, "shop")
    assert step["side"] == "shop" and step["secret"] == f"{offer}.secret"
    overlap.private_answer(offer, sketch(3_000, 6_000), answer, "pay", secret=tmp_path / "pay.secret")
    ours = overlap.private_finish(answer, step["secret"], result)
    theirs = overlap.private_finish(result, tmp_path / "pay.secret")
    assert ours["answers"] == theirs["answers"]
    numbers = ours["answers"][0]["report"]["overlap"]
    assert numbers["lower"] <= 1_000 <= numbers["upper"]
    with pytest.raises(overlap.InputError, match="was used"):
        overlap.private_finish(answer, step["secret"], result)


def test_segments_are_a_table_of_sketches(tmp_path):
    rows = pa.table({"user_id": range(4_000), "tier": ["a", "b"] * 2_000})
    table = overlap.sketch(rows, by="tier", k=256)
    offer, answer, result = (str(tmp_path / name) for name in ("offer", "answer", "result"))
    overlap.private_offer(table, offer, "shop")
    overlap.private_answer(offer, table, answer, "pay")
    report = overlap.private_finish(answer, offer + ".secret", result)
    assert [it["segment"] for it in report["answers"]] == ["a", "b"]
    with pytest.raises(overlap.IncomparableError, match="segments by tier there"):
        overlap.private_answer(offer, sketch(0, 4_000), answer, "pay")


def test_what_can_not_be_is_refused(tmp_path):
    with pytest.raises(overlap.InputError, match="fewer users.*min_users"):
        overlap.private_offer(sketch(0, 10), tmp_path / "offer", "few")
    with pytest.raises(overlap.UsageError, match="epsilon is 0"):
        overlap.private_offer(sketch(0, 4_000), tmp_path / "offer", "shop", epsilon=0.0)
    with pytest.raises(overlap.UsageError, match="must be a Sketch"):
        overlap.private_offer([1, 2, 3], tmp_path / "offer", "shop")
