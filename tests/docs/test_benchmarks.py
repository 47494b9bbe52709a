"""What the README says about speed is what was measured last."""

from __future__ import annotations

import json
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


def test_a_question_is_measured_shown_and_written_as_json(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"

    done = bench("--quick", "--only", "pacing", "--only", "streaming", "--json", str(file))

    assert (0, "") == (done.returncode, done.stderr)
    results = json.loads(file.read_text())
    assert results["is_quick"]
    assert ["streaming", "pacing"] == [question["name"] for question in results["questions"]]
    for question in results["questions"]:
        assert question["title"] in done.stdout
        assert all(row["median"] > 0 for row in question["rows"])
