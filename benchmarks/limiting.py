"""Ask how much of a rate limit is used, and how much is refused.

Asks :mod:`benchmarks.limits`, which simulates servers and time, and shows the worst of each family.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.framework.processes import run_program
from benchmarks.framework.questions import Effort, Goal, Question, Row

_FAMILIES: Final[dict[str, tuple[str, Callable[[Any], bool]]]] = {
    "size as told": (
        (
            "fixed, sliding and first-request windows and a full bucket, latency up to 0.3 s; "
            "after the first window"
        ),
        lambda row: row["family"] == "known",
    ),
    "lower than told": (
        "0.3 to 0.7 of what it was told, no Retry-After, windows of five kinds",
        lambda row: row["family"] == "wrong" and not row["tells"],
    ),
    "a small bucket": (
        "buckets of 1 to 200 tokens, at 0.3 to 1.0 of the rate told, no Retry-After",
        lambda row: row["family"] == "small" and not row["tells"],
    ),
    "others use 30 %": (
        "foreign traffic, steady or in bursts, no Retry-After",
        lambda row: row["family"].startswith("others") and not row["tells"],
    ),
}


def _cases(effort: Effort) -> list[Any]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "limits.json"
        quick = ["--quick"] if effort.is_quick else []
        run_program([sys.executable, "-m", "benchmarks.limits", *quick, "--json", str(file)])
        rows: list[Any] = json.loads(file.read_text())["rows"]
        return rows


def _measure(effort: Effort) -> Sequence[Row]:
    cases = _cases(effort)
    rows: list[Row] = []
    for family, (work, belongs) in _FAMILIES.items():
        group = [case for case in cases if belongs(case)]
        if group:
            name = "used_later" if family == "size as told" else "used"
            used = min(_percent(group, name))
            refused = max(_percent(group, "refused"))
            rows += [
                Row(name=f"{family}: used", work=f"{work} (worst of {len(group)})", values=[used]),
                Row(name=f"{family}: refused", work="of all requests (worst)", values=[refused]),
            ]
    return rows


def _percent(cases: Iterable[Any], name: str) -> list[float]:
    return [100.0 * case[name] for case in cases]


def _used(family: str, at_least: float, guard: float) -> Goal:
    return Goal(
        what=f"Rate limit, {family}: used of what the server allows, worst case",
        row=f"{family}: used",
        at_least=at_least,
        guard=guard,
        unit="%",
    )


def _refused(family: str, at_most: float, guard: float) -> Goal:
    return Goal(
        what=f"Rate limit, {family}: refused of all requests, worst case",
        row=f"{family}: refused",
        at_most=at_most,
        guard=guard,
        unit="%",
    )


QUESTIONS: Final = [
    Question(
        name="limits",
        title="Use of the rate limit, simulated",
        unit="%",
        measure=_measure,
        goals=(
            _used("size as told", 99.5, 99.5),
            _refused("size as told", 0.0, 0.0),
            _used("lower than told", 98.0, 95.0),
            _refused("lower than told", 1.0, 1.5),
            _used("a small bucket", 98.0, 70.0),
            _refused("a small bucket", 1.0, 2.0),
            _used("others use 30 %", 98.0, 80.0),
            _refused("others use 30 %", 1.0, 2.0),
        ),
    )
]
