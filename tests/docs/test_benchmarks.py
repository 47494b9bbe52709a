"""What the README says about speed is what was measured last."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def test_the_table_and_the_pictures_are_what_the_committed_results_make() -> None:
    """If this fails, run ``python -m benchmarks --render``."""
    done = bench("--is-rendered")

    assert (0, "") == (done.returncode, done.stderr)


@pytest.mark.parametrize("colour", ["light", "dark"])
def test_every_picture_that_the_readme_names_is_there(colour: str) -> None:
    readme = (ROOT / "README.md").read_text()

    for name in (f"docs/bench/{colour}.svg", f"docs/bench/{colour}-narrow.svg"):
        assert name in readme
        assert (ROOT / name).read_text().startswith("<svg ")
