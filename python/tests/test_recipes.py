"""Programs in Python run as they stand in docs/recipes.md and docs/duckdb.md."""

import os
import re
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def recipes(document="recipes.md"):
    """Each fenced block of Python, under the heading that it stands below."""
    heading, found = document.removesuffix(".md"), []
    text = (ROOT / "docs" / document).read_text()
    for match in re.finditer(r"^## ([^\n]+)$|^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        if match[1]:
            heading = match[1]
        else:
            found.append(pytest.param(match[2], id=heading.lower().replace(" ", "-")))
    return found


@pytest.mark.parametrize("program", recipes())
def test_a_recipe_runs(program, tmp_path, monkeypatch):
    shutil.copytree(ROOT / "data", tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    exec(compile(program, "docs/recipes.md", "exec"), {"__name__": "__main__"})  # noqa: S102


@pytest.mark.parametrize("program", recipes("duckdb.md"))
def test_a_program_of_the_duckdb_page_runs(program, tmp_path, monkeypatch):
    extension = Path(os.environ.get("OVERLAP_DUCKDB", ROOT / "target" / "duckdb" / "overlap.duckdb_extension"))
    monkeypatch.setenv("OVERLAP_DUCKDB", str(extension))
    shutil.copytree(ROOT / "data", tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    exec(compile(program, "docs/duckdb.md", "exec"), {"__name__": "__main__"})  # noqa: S102


def test_there_are_recipes():
    assert len(recipes()) >= 3 and len(recipes("duckdb.md")) == 1
