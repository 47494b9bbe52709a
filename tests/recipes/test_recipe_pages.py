"""The pages of the recipes show all of their code, and the index leads to each."""

from __future__ import annotations

import importlib
import json
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from recipes import RECIPES
from snippets import ROOT

Show = Callable[[str, Path], str]
PAGES = sorted(RECIPES.glob("*/index.md"))
CODE = (".csv", ".ini", ".ipynb", ".py", ".toml", ".txt")


@pytest.fixture
def show(monkeypatch: pytest.MonkeyPatch) -> Iterator[Show]:
    """Give what writes files into a page."""
    monkeypatch.setattr(sys, "path", [str(ROOT / "docs" / "_site"), *sys.path])
    yield importlib.import_module("files").show
    sys.modules.pop("files")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_a_page_shows_every_file_of_its_recipe_once(page: Path) -> None:
    files = {
        path.relative_to(page.parent).as_posix()
        for path in page.parent.rglob("*")
        if path.suffix in CODE and path.stat().st_size
    }
    shown = re.findall(r"^<!-- file: (.+) -->$", page.read_text(), re.MULTILINE)

    assert sorted(files) == sorted(shown)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_a_recipe_requires_what_it_is_tried_with(page: Path) -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    tried = {*groups["recipes"], *groups["tests"], "wixreseller", "wixreseller[cli]"}
    required = (page.parent / "requirements.txt").read_text().split()

    assert set() == {*required} - tried


def test_the_index_leads_to_each_recipe() -> None:
    linked = re.findall(r"^\| \[.+?\]\((.+?)\)", (RECIPES / "index.md").read_text(), re.MULTILINE)

    assert [page.relative_to(RECIPES).as_posix() for page in PAGES] == sorted(linked)


def test_a_file_is_shown_with_its_name(show: Show, tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text("sell()\n")

    assert '# Shop\n\n```python title="shop.py"\nsell()\n```\n' == show(
        "# Shop\n\n<!-- file: shop.py -->\n", tmp_path
    )


def test_a_notebook_is_shown_cell_by_cell(show: Show, tmp_path: Path) -> None:
    cells = [
        {"cell_type": "markdown", "source": ["## Sell\n", "Once."]},
        {"cell_type": "code", "source": ["sell()\n", "sell()"], "outputs": []},
    ]
    (tmp_path / "day.ipynb").write_text(json.dumps({"cells": cells}))

    assert "## Sell\nOnce.\n\n```python\nsell()\nsell()\n```" == show(
        "<!-- file: day.ipynb -->", tmp_path
    )


def test_no_notebook_is_committed_with_what_a_run_left() -> None:
    left = [
        cell
        for path in RECIPES.rglob("*.ipynb")
        for cell in json.loads(path.read_text())["cells"]
        if cell.get("outputs") or cell.get("execution_count")
    ]

    assert [] == left
