"""What the examination says of the machine itself: versions, folders, the terminal."""

from __future__ import annotations

import io
import os
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wixreseller.cli.doctor_checks import Mark
from wixreseller.cli.doctor_setup import LOWER_BOUNDS, check_terminal, check_versions

ROOT = Path(__file__).parents[2]

Run = Callable[..., Any]


def limit_of(run: Run) -> Any:
    (record,) = [item for item in run("doctor", "--json").records if item["check"] == "limit"]
    return record


def test_the_lowest_versions_are_those_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    told = [*project["dependencies"], *project["optional-dependencies"]["cli"]]
    assert dict(line.split(">=") for line in told) == LOWER_BOUNDS


@pytest.mark.parametrize(
    ("version", "mark"),
    [
        ("13.7", Mark.OK),
        ("13.10.1", Mark.OK),
        ("14.0.0rc1", Mark.OK),
        ("13.6.9", Mark.FAIL),
        (None, Mark.FAIL),
    ],
)
def test_a_package_that_is_too_old_or_missing_is_told(version: str | None, mark: Mark) -> None:
    check = check_versions({**LOWER_BOUNDS, "rich": version})
    assert mark is check.mark
    assert mark is Mark.OK or "rich" in check.detail


def test_the_folder_of_the_limit_is_told_and_must_not_be_everybodys(run: Run) -> None:
    folder = Path(os.environ["XDG_STATE_HOME"]) / "wixreseller" / "limits"
    detail = f"200/60, counted together with your other commands in {folder}"
    assert detail == limit_of(run)["detail"]
    folder.chmod(0o777)
    limit = limit_of(run)
    assert ("warn", f"chmod 700 {folder}") == (limit["result"], limit["fix"])


class Terminal(io.TextIOWrapper):
    """Pretend to be a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("encoding", "width", "environment", "expected"),
    [
        ("utf-8", 80, {}, (Mark.OK, "80 columns wide, utf-8")),
        (
            "utf-8",
            80,
            {"NO_COLOR": "1"},
            (Mark.OK, "80 columns wide, utf-8, without colours (NO_COLOR)"),
        ),
        (
            "utf-8",
            80,
            {"TERM": "dumb"},
            (Mark.OK, "80 columns wide, utf-8, without colours (TERM=dumb)"),
        ),
        ("utf-8", 30, {}, (Mark.WARN, "30 columns wide, utf-8")),
        ("ascii", 80, {}, (Mark.WARN, "writes ascii, which lacks most characters")),
    ],
)
def test_a_terminal_that_cannot_show_everything_is_told(
    encoding: str, width: int, environment: dict[str, str], expected: tuple[Mark, str]
) -> None:
    check = check_terminal(Terminal(io.BytesIO(), encoding=encoding), environment, width)
    assert expected == (check.mark, check.detail)
