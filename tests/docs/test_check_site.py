"""What checks the site that was built finds what it looks for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from snippets import ROOT

CHECK = ROOT / "docs" / "_site" / "check_site.py"
OTHER = '<h1 id="here">Other</h1>'


def check(site: Path, page: str) -> tuple[int, list[str]]:
    """Build a site of two pages, check it, and give the exit code and the problems."""
    (site / "other").mkdir()
    (site / "other" / "index.html").write_text(OTHER)
    (site / "index.html").write_text(page)
    done = subprocess.run(
        [sys.executable, str(CHECK), str(site)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout.splitlines()[:-1]


@pytest.mark.parametrize(
    ("page", "problem"),
    [
        (
            '<script src="https://cdn.example/x.js"></script>',
            "index.html asks https://cdn.example/x.js",
        ),
        ('<link href="//fonts.example/a.css">', "index.html asks //fonts.example/a.css"),
        ('<img srcset="//cdn.example/a.png 2x">', "index.html asks //cdn.example/a.png"),
        (
            "<style>@import 'https://fonts.example/a.css';</style>",
            "index.html asks https://fonts.example/a.css",
        ),
        ('<img src="gone.png">', "index.html fetches gone.png, which is not there"),
        ('<a href="nowhere/">x</a>', "index.html links to nowhere/, which is not there"),
        (
            '<a href="other/#there">x</a>',
            "index.html links to other/#there, which has no such place",
        ),
    ],
)
def test_a_page_that_asks_others_or_leads_nowhere_is_a_problem(
    tmp_path: Path, page: str, problem: str
) -> None:
    assert (1, [problem]) == check(tmp_path, page)


def test_a_page_that_keeps_to_its_site_is_fine_and_may_link_to_others(tmp_path: Path) -> None:
    page = '<a href="other/#here">x</a><a href="https://example.com/">y</a><img src="data:,">'

    assert (0, []) == check(tmp_path, page)
