"""The code on the pages of the documentation runs as printed, against the emulator."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest
from snippets import ROOT, Face, Notebook, blocks_of, faces_of, matches

from wixreseller.testing import EmulatorThread, FastTime

DOCS = ROOT / "docs"
# Recipes are projects, started by tests of their own.
PAGES = [page for page in sorted(DOCS.rglob("*.md")) if "recipes" not in page.parts]
RUNS = [(page, face) for page in PAGES for face in faces_of(blocks_of(page.read_text()))]
TABBED = [page for page in PAGES if faces_of(blocks_of(page.read_text())) != [None]]


def name_of(value: object) -> str:
    return value.relative_to(DOCS).as_posix() if isinstance(value, Path) else str(value or "both")


@pytest.fixture(autouse=True)
def _a_place_to_work(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    emulator_url: str,
    emulator_thread: EmulatorThread,
) -> None:
    environment = {
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "WIXRESELLER_BASE_URL": emulator_url,
        "WIX_API_KEY": "EMU.demo",
        "WIX_ACCOUNT_ID": "a0000000-0000-4000-8000-000000000001",
        "COLUMNS": "100",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    FastTime(emulator_thread.emulator.clock).install(monkeypatch)


@pytest.mark.parametrize(("page", "face"), RUNS, ids=name_of)
def test_the_code_of_a_page_runs_as_printed(
    page: Path, face: Face | None, emulator_url: str
) -> None:
    blocks = [block for block in blocks_of(page.read_text()) if block.face in (None, face)]

    with Notebook(page, Path.cwd(), emulator_url) as notebook:
        notebook.run(blocks)


@pytest.mark.parametrize("page", TABBED, ids=name_of)
def test_a_page_that_tells_the_faces_apart_shows_each_step_with_both(page: Path) -> None:
    tabbed = [block for block in blocks_of(page.read_text()) if block.face is not None]

    assert ["async", "blocking"] * (len(tabbed) // 2) == [block.face for block in tabbed]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_says_what_it_is(page: Path) -> None:
    languages = {block.language for block in blocks_of(page.read_text())}

    assert set() == languages - {"python", "sh", "text", "csv", "toml", "json", "html"}


def test_what_a_page_says_is_printed_may_leave_things_open() -> None:
    assert matches("created …\n", "created 1234\n")
    assert not matches("created …\n", "existing 1234\n")


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ('```python\nprint(1)\n```\n```text title="prints"\n2\n```\n', "is not what was"),
        ("```sh\nwixreseller --no-such-option\n```\n", "ended with 2"),
        ("```sh\nrm -r /\n```\n", "nothing that is tried"),
        ('```python title="sell.py"\n1/0\n```\n', "no command runs"),
        ('```python title="test_it.py"\ndef test_it():\n    assert 0\n```\n', "1 failed"),
    ],
)
def test_a_page_that_is_wrong_is_found_out(
    tmp_path: Path, code: str, problem: str, emulator_url: str
) -> None:
    with (
        Notebook(tmp_path / "page.md", Path.cwd(), emulator_url) as notebook,
        pytest.raises(AssertionError, match=problem),
    ):
        notebook.run(blocks_of(code))


def test_the_table_of_error_codes_is_that_of_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    page = (DOCS / "reference" / "error-codes.md").read_text()
    monkeypatch.setattr(sys, "path", [str(DOCS / "_site"), *sys.path])

    assert importlib.import_module("generated").write("error_codes") in page
    sys.modules.pop("generated")
