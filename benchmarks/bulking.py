"""Ask whether an order of a bulk run costs more, the more there are.

Asks :mod:`benchmarks.measure_bulk`: runs against canned answers without a rate limit, each with its
journal in a file, each in a process of its own.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Final

from benchmarks.framework.processes import run_program
from benchmarks.framework.questions import Effort, Goal, Question, Row

_FEW: Final = 1_000
_MANY_QUICK: Final = 10_000
_MANY: Final = 1_000_000


def _measure(effort: Effort) -> Sequence[Row]:
    many = effort.of(_MANY_QUICK, _MANY)
    # The small one again and again: it is over before a busy machine shows what it costs.
    counts = [*[_FEW] * effort.of(3, 9), many]
    command = [sys.executable, "-m", "benchmarks.measure_bulk", "cost", *map(str, counts)]
    measured = [json.loads(line) for line in run_program(command).splitlines()]
    costs = [float(one["processor_microseconds_an_order"]) for one in measured]
    growth = measured[-1]["memory_growth_after_1000_mib"]
    return [
        Row(
            name="few orders",
            work=f"{_FEW:,} orders: looked up, written down, sent, written down again",
            values=costs[:-1],
        ),
        Row(
            name="many orders",
            work=f"{many:,} orders; memory grows by {growth} MiB after the first thousand",
            values=costs[-1:],
        ),
    ]


QUESTIONS: Final = [
    Question(
        name="bulk",
        title="An order of a bulk run",
        unit="µs of CPU",
        measure=_measure,
        goals=(
            Goal(
                what="An order of a bulk run, among a million: ÷ among a thousand",
                row="many orders",
                to="few orders",
                at_most=1.1,
                guard=1.3,
            ),
        ),
    )
]
