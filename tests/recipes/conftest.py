"""Give each test a copy of the recipe that its module names, and an emulator of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from recipes import RECIPES, Recipe
from separate_emulator import separate_emulator


@pytest.fixture
def recipe(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Recipe]:
    """Copy the recipe that is named by ``RECIPE`` in the module of the test."""
    name: str = getattr(request, "module").RECIPE  # noqa: B009  # its type is not told
    folder = tmp_path / "recipe"
    left_out = shutil.ignore_patterns("__pycache__", ".*")
    shutil.copytree(RECIPES / name, folder, ignore=left_out)
    with separate_emulator(tmp_path) as emulator:
        yield Recipe(name, folder, emulator)
