"""Count how the calls of the grid ended, and show it at the end of the run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from safety_grid import Tally
from safety_table import as_text

_TABLE = pytest.StashKey[Tally]()
TABLE_FILE = "WIXRESELLER_SAFETY_TABLE"
"""Name of the variable that names a file: the whole table is written there."""


@pytest.fixture(scope="session")
def tally(pytestconfig: pytest.Config) -> Tally:
    """Give the counts of this run."""
    return pytestconfig.stash.setdefault(_TABLE, Tally())


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    counts = config.stash.get(_TABLE, None)
    if not counts:
        return
    terminalreporter.section("how the calls of the safety grid ended")
    terminalreporter.write_line(as_text(counts))
    if name := os.environ.get(TABLE_FILE):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(as_text(counts, whole=True), encoding="utf-8")
