"""Answers are those of the program, as objects."""

import doctest
import inspect
import json
import threading

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import SMALL

import overlap


@pytest.fixture(scope="module")
def sides():
    ranges = {"shop": range(0, 60_000), "pay": range(40_000, 90_000), "bank": range(80_000, 100_000)}
    return {name: overlap.sketch(pa.table({"user_id": ids}), **SMALL) for name, ids in ranges.items()}


@pytest.fixture(scope="module")
def files(sides, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sides")
    for name, sketch in sides.items():
        overlap.write_sketches(sketch, folder / f"{name}.ovs")
    return [folder / f"{name}.ovs" for name in sides]


def test_a_pair_is_that_of_the_program(sides, files, run):
    pair = overlap.estimate(sides["shop"], sides["pay"], confidence=0.9)
    report = json.loads(run("estimate", *files[:2], "--confidence", 90, "--format", "json"))
    wanted = report
    for name in ("overlap", "union", "only_a", "only_b", "jaccard"):
        number = getattr(pair, name)
        assert [number.value, number.lower, number.upper] == [wanted[name][key] for key in ("value", "lower", "upper")]
    assert pair.a.value + pair.b.value - pair.overlap.value == pytest.approx(pair.union.value)
    assert pair.overlap.lower < 20_000 < pair.overlap.upper
    assert pair.to_dict()["overlap"]["value"] == pair.overlap.value == float(pair.overlap)
    assert pair.to_arrow().column_names == ["measure", "value", "lower", "upper"]
    assert ">overlap</td>" in pair._repr_html_() and "overlap" in repr(pair)


def test_a_pair_of_files_is_that_of_the_program(run, tmp_path):
    ranges = {"small": range(1_000_000, 1_004_000), "large": range(0, 1_100_000), "other": range(90_000, 1_200_000)}
    for name, ids in ranges.items():
        pq.write_table(pa.table({"user_id": ids}), tmp_path / f"{name}.parquet")
    options = ({}, {"k": 4096}, {"where": "user_id % 2 = 0", "threads": 1})
    for a, b in (("small", "large"), ("large", "small"), ("large", "other")):
        for given in options:
            sides = [tmp_path / f"{side}.parquet" for side in (a, b)]
            pair = overlap.estimate(sides[0], [sides[1]], **given)
            arguments = [text for name, value in given.items() for text in (f"--{name}", value)]
            report = json.loads(run("estimate", *sides, *arguments, "--format", "json"))
            for name in ("overlap", "union", "only_a", "only_b", "share_of_b", "jaccard"):
                assert getattr(pair, name).to_dict() == pytest.approx(report[name]), (a, b, given, name)
            assert pair.quality == report["quality"]
            assert (pair.quality == "exact") == ("small" in (a, b) and not given)
    with pytest.raises(overlap.UsageError, match="k is for files"):
        overlap.estimate(overlap.sketch(sides[0]), overlap.sketch(sides[1]), k=4096)
    assert pair.overlap.to_arrow().to_pylist() == [pair.overlap.to_dict()]


def test_a_report_is_that_of_the_program(sides, files, run, tmp_path):
    page = tmp_path / "page.html"
    wanted = json.loads(run("report", *files, "-o", page, "--json"))
    report = overlap.report(sides)
    found = report.to_dict()
    for part in ("union", "pairs", "regions", "reach", "fit"):
        assert found[part] == wanted[part], part
    assert report.html.startswith("<!DOCTYPE html>") and "shop" in report.html
    assert report.pictures == ["venn", "upset", "reach", "matrix", "jaccard"]
    assert report.svg("reach", (800, 450)).startswith("<svg") and report._repr_svg_().startswith("<svg")
    assert "srcdoc" in report._repr_html_() and repr(report) == "<Report of shop, pay, bank>"
    assert "(Jaccard)" in report.svg("jaccard")
    again = overlap.Report.from_json(page.read_text().partition('id="report-json">')[2].partition("</script>")[0])
    assert again.html == page.read_text()
    assert report.save(tmp_path / "saved.html") == len(report.html.encode())
    with pytest.raises(overlap.UsageError, match="no picture trend; it has venn"):
        report.svg("trend")
    with pytest.raises(overlap.UsageError, match="needs sketches"):
        overlap.report({})
    with pytest.raises(overlap.InputError, match="isn't JSON"):
        overlap.Report.from_json("x")
    with pytest.raises(overlap.OutputError):
        report.save(tmp_path / "no" / "such.html")


def test_matrix_reach_and_regions_are_those_of_the_program(sides, files, run):
    report = json.loads(run("matrix", *files, "--format", "json"))
    found = overlap.matrix(sides)
    assert [row["overlap"].value for row in found] == [pair["overlap"]["value"] for pair in report["pairs"]]
    assert len(found) == 3 and found.to_arrow().num_rows == 3

    report = json.loads(run("reach", *files, "--order", "greedy", "--format", "json"))
    steps = overlap.reach(sides, order="greedy")
    assert [step["side"] for step in steps] == [step["side"] for step in report["steps"]]
    assert [step["reach"].value for step in steps] == [step["reach"]["value"] for step in report["steps"]]
    assert overlap.reach(sides, base="bank")[0]["side"] == "bank"
    with pytest.raises(overlap.UsageError, match="no sketch is called cash"):
        overlap.reach(sides, base="cash")

    report = json.loads(run("regions", *files, "--format", "json"))
    found = {frozenset(row["sides"]): row["users"].value for row in overlap.regions(sides)}
    assert found == {frozenset(region["sides"]): region["users"]["value"] for region in report["regions"]}


def test_a_table_is_a_family_of_sides(sides):
    tables = [pa.table({"user_id": range(10), "day": ["mon"] * 10}), pa.table({"user_id": range(5, 20), "day": ["tue"] * 15})]
    table = overlap.sketch(pa.concat_tables(tables), by="day")
    assert [step["reach"].value for step in overlap.reach(table)] == [10, 20]
    assert overlap.estimate(table["mon"], table["tue"]).overlap == overlap.Estimate(5, 5, 5)
    with pytest.raises(KeyError, match="wed"):
        table["wed"]
    with pytest.raises(IndexError):
        table[2]
    assert list(table) == table.sketches
    twice = overlap.SketchTable.from_arrow(pa.concat_tables([table.to_arrow()] * 2))
    with pytest.raises(overlap.UsageError, match=r"several segments are called mon.*table\[0\] or table\[2\]"):
        twice["mon"]


def test_no_two_segments_have_one_label():
    pairs = overlap.sketch(pa.table({"user_id": [1, 2], "a": ["x, y", "x"], "b": ["z", "y, z"]}), by=["a", "b"])
    assert pairs.labels == ['x, "y, z"', '"x, y", z']
    odd = overlap.sketch(pa.table({"user_id": [1, 2, 3], "a": [None, "null", ""]}), by="a")
    assert odd.labels == ["null", '""', '"null"']
    assert odd["null"].rows == 1


def test_names_may_be_anything(sides):
    by_year = dict(zip((2024, 2025), sides.values()))
    assert [row["side"] for row in overlap.reach(by_year, base=2025)] == ["2025", "2024"]
    assert "2024" in repr(overlap.matrix(by_year)) and "2025" in repr(overlap.regions(by_year))


def test_or_is_the_union_and_order_means_nothing(sides):
    shop, pay, bank = sides.values()
    assert shop | pay | bank == bank | (pay | shop) == overlap.merge([pay, shop, bank])
    twice = overlap.merge([pay, shop, pay])
    assert (twice.hll, twice.sample) == ((shop | pay).hll, (shop | pay).sample)
    assert twice.rows == shop.rows + 2 * pay.rows
    # Rows bound the users: of a union there are as many as of both.
    again, once = (shop | shop).users(), shop.users()
    assert (again.value, again.lower) == (once.value, once.lower)
    assert (once.upper, again.upper <= 2 * shop.rows) == (shop.rows, True)
    with pytest.raises(overlap.UsageError):
        overlap.merge([])


def test_threads_hash_side_by_side():
    """Without the interpreter: otherwise this would still pass, but the bench would show it."""
    parts = [pa.table({"user_id": range(part * 50_000, part * 50_000 + 60_000)}) for part in range(4)]
    found = [None] * 4

    def work(part):
        found[part] = overlap.sketch(parts[part], **SMALL)

    threads = [threading.Thread(target=work, args=(part,)) for part in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert found == [overlap.sketch(part, **SMALL) for part in parts]


def described(thing, text) -> list[str]:
    """What the description of a function lacks."""
    signature = inspect.signature(thing)
    named = [name for name in signature.parameters if name not in ("self", "cls")]
    lacks = [name for name in named if f" {name}: " not in text]
    returns = signature.return_annotation not in (None, "None")
    return lacks + (["Returns:"] if returns and "Returns:" not in text else [])


def test_every_public_function_describes_its_arguments_and_result():
    spark = pytest.importorskip("overlap.spark")
    public = {name: getattr(overlap, name) for name in overlap.__all__ if name != "__version__"}
    public |= {f"spark.{name}": getattr(spark, name) for name in spark.__all__}
    lacks = {}
    for name, thing in public.items():
        if not inspect.isclass(thing):
            lacks[name] = described(thing, inspect.getdoc(thing))
            continue
        assert thing.__doc__, name
        for method in (method for method in dir(thing) if not method.startswith("_")):
            value = getattr(thing, method)
            if issubclass(thing, Exception):
                continue
            if callable(value):
                lacks[f"{name}.{method}"] = described(value, inspect.getdoc(value) or "")
            else:
                assert inspect.getdoc(inspect.getattr_static(thing, method)), f"{name}.{method}"
    arguments = inspect.signature(overlap.Sketcher).parameters
    lacks["Sketcher"] = [name for name in arguments if f" {name}: " not in overlap.Sketcher.__doc__]
    assert not {name: found for name, found in lacks.items() if found}


def test_the_compiled_part_is_documented_and_its_examples_run():
    compiled = [overlap.Sketch, overlap.SketchTable, overlap.Sketcher]
    for thing in compiled:
        public = [value for name, value in vars(thing).items() if not name.startswith("_")]
        assert all(value.__doc__ for value in [thing, *public]), thing
        for example in doctest.DocTestFinder().find(thing, globs=vars(overlap).copy()):
            assert doctest.DocTestRunner().run(example).failed == 0
