"""Say what is asked, which ways are compared, and what came of it."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Final

import attrs

__all__ = ["Answer", "Effort", "Goal", "Open", "Question", "Row", "Verdict", "Way"]

Open = Callable[[str], AbstractContextManager[Callable[[], int]]]
"""Get ready, given the server's address: what comes of it makes a round, and says of how many
operations."""


@attrs.frozen(kw_only=True)
class Way:
    """Name a way of doing the work of a question, and say exactly what it does."""

    name: str
    work: str
    open: Open
    is_slow: bool = False
    """Whether it takes part in every third round only, so that a run ends in time."""


@attrs.frozen(kw_only=True)
class Row:
    """Hold what was measured of one way."""

    name: str
    work: str
    values: Sequence[float]
    """One for each round, in the unit of the question."""

    @property
    def median(self) -> float:
        """The value that half of the rounds do not exceed."""
        return statistics.median(self.values)


@attrs.frozen(kw_only=True)
class Goal:
    """Promise something of the rows: a ratio of two medians, or one of them as it is."""

    what: str
    row: str
    to: str | None = None
    """The row that it is divided by."""
    at_most: float | None = None
    at_least: float | None = None
    guard: float
    """Past this, ``--check`` fails: what was reached, and head-room for a machine that is busy."""
    unit: str = "×"
    is_headline: bool = True
    """Whether the README shows it."""

    @property
    def target(self) -> str:
        """The target, for people."""
        sign, bound = ("≥", self.at_least) if self.at_most is None else ("≤", self.at_most)
        return f"{sign} {bound:g} {self.unit}"

    def is_within(self, value: float, bound: float) -> bool:
        """Say whether a value is on the good side of a bound."""
        return value >= bound if self.at_most is None else value <= bound


@attrs.frozen(kw_only=True)
class Verdict:
    """Say whether a target is reached."""

    what: str
    value: float
    target: str
    unit: str
    is_met: bool
    guard: float
    is_guarded: bool
    is_headline: bool


@attrs.frozen(kw_only=True)
class Answer:
    """Hold what came of a question; this is what the JSON file has of it."""

    name: str
    title: str
    unit: str
    rows: Sequence[Row]
    verdicts: Sequence[Verdict]

    def as_json(self) -> dict[str, object]:
        """Write it as JSON; of the rounds, their quartiles are kept."""
        return {
            "name": self.name,
            "title": self.title,
            "unit": self.unit,
            "rows": [_row_as_json(row) for row in self.rows],
            "goals": [attrs.asdict(verdict) for verdict in self.verdicts],
        }


@attrs.frozen(kw_only=True)
class Effort:
    """Say how much is measured, and against what server."""

    is_quick: bool
    url: str

    def of(self, quick: int, full: int) -> int:
        """Choose a number."""
        return quick if self.is_quick else full


@attrs.frozen(kw_only=True)
class Question:
    """Ask something: one file has one or more, as ``QUESTIONS``."""

    name: str
    title: str
    unit: str
    measure: Callable[[Effort], Sequence[Row]]
    goals: Sequence[Goal] = ()

    def answer(self, effort: Effort) -> Answer:
        """Measure, and judge what came of it."""
        rows = self.measure(effort)
        medians = {row.name: row.median for row in rows}
        verdicts = [_judge(goal, medians) for goal in self.goals if goal.row in medians]
        return Answer(
            name=self.name, title=self.title, unit=self.unit, rows=rows, verdicts=verdicts
        )


def _judge(goal: Goal, medians: Mapping[str, float]) -> Verdict:
    value = medians[goal.row] / (1.0 if goal.to is None else medians[goal.to])
    bound = goal.at_least if goal.at_most is None else goal.at_most
    assert bound is not None
    return Verdict(
        what=goal.what,
        value=_rounded(value),
        target=goal.target,
        unit=goal.unit,
        is_met=goal.is_within(value, bound),
        guard=goal.guard,
        is_guarded=goal.is_within(value, goal.guard),
        is_headline=goal.is_headline,
    )


_DIGITS: Final = 4


def _rounded(value: float) -> float:
    """Keep four digits: more is noise, and makes files differ for nothing."""
    return float(f"{value:.{_DIGITS}g}")


def _row_as_json(row: Row) -> dict[str, object]:
    low, _, high = _quartiles(row.values)
    return {
        "name": row.name,
        "work": row.work,
        "median": _rounded(row.median),
        "quartiles": [_rounded(low), _rounded(high)],
        "rounds": len(row.values),
    }


def _quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    if len(values) == 1:
        return values[0], values[0], values[0]
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, middle, high
