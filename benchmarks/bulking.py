"""Ask whether an order of a bulk run costs more, or takes more memory, the more there are.

Asks :mod:`benchmarks.bulk_growth`: a long run and many short ones against canned answers without a
rate limit, in turns, each with its journal in a file and in a process of its own. In full it takes
a quarter of an hour.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Final

from benchmarks.bulk_growth import FEW, Stretch, growth
from benchmarks.framework.questions import Effort, Goal, Question, Row

_MANY_QUICK: Final = 20_000
_MANY: Final = 1_000_000
_EARLY: Final = 10_000
_WORK: Final = "looked up, written down, sent, written down again; external ids in no order"


@functools.cache
def _stretches(effort: Effort) -> Sequence[Stretch]:
    return list(growth(_many(effort), effort.of(20, 100)))


def _many(effort: Effort) -> int:
    return effort.of(_MANY_QUICK, _MANY)


def _costs(effort: Effort) -> Sequence[Row]:
    stretches = _stretches(effort)
    return [
        Row(
            name="few orders",
            work=f"{FEW:,} orders a run: {_WORK}; client and journal made and closed",
            values=[stretch.short_cost for stretch in stretches],
        ),
        Row(
            name="many orders",
            work=f"the same, {_many(effort):,} in one run: parts of it between the others",
            values=[stretch.cost for stretch in stretches],
        ),
    ]


def _memory(effort: Effort) -> Sequence[Row]:
    stretches = _stretches(effort)
    early = next(stretch for stretch in stretches if stretch.orders >= _EARLY)
    return [
        Row(
            name="after ten thousand",
            work=f"{early.orders:,} orders of a run: {_WORK}",
            values=[early.memory],
        ),
        Row(
            name="at the end",
            work=f"the same run, after {_many(effort):,}",
            values=[stretches[-1].memory],
        ),
    ]


QUESTIONS: Final = [
    Question(
        name="bulk",
        title="An order of a bulk run of 1,000,000 (20,000 when quick)",
        unit="µs of CPU",
        measure=_costs,
        goals=(
            Goal(
                what="An order of a long bulk run: ÷ of one of 1,000",
                row="many orders",
                to="few orders",
                at_most=1.1,
                guard=1.3,
            ),
        ),
    ),
    Question(
        name="bulk-memory",
        title="Memory of a bulk run of 1,000,000 (20,000 when quick)",
        unit="MiB at most",
        measure=_memory,
        goals=(
            Goal(
                what="Memory at the end of a long bulk run: ÷ after 10,000 orders",
                row="at the end",
                to="after ten thousand",
                at_most=1.02,
                guard=1.05,
            ),
        ),
    ),
]
