"""Set up a plan of twenty orders, and the command line to carry it out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from bulk_processes import Program
from bulk_scene import Scene
from separate_emulator import CANARY_KEY, separate_emulator


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Give an emulator in another process, and an order file that nobody has planned yet."""
    with separate_emulator(tmp_path) as emulator:
        folder = tmp_path / "orders"
        folder.mkdir()
        program = Program(folder=folder, url=emulator.url, key=CANARY_KEY)
        yield Scene(folder=folder, emulator=emulator, program=program)
