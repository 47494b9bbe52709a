"""Run orders before the eyes of a person: progress, results, Ctrl-C, and the words at the end."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

import anyio
import attrs
from rich.console import Console
from rich.text import Text

from wixreseller.bulk.interrupts import on_interrupts
from wixreseller.bulk.orders import Order
from wixreseller.bulk.results import Failed, Outcome, Unknown
from wixreseller.bulk.runner import Stop, provision
from wixreseller.bulk.summary import StopReason, Summary, Tally
from wixreseller.cli.progress import describe_counts, describe_duration, view_for

if TYPE_CHECKING:
    from wixreseller.client import AsyncClient

__all__ = ["Report", "error_console", "run_orders", "tell_end"]

_SHOWN_PROBLEMS: Final = 10


@attrs.frozen
class Report:
    """Hold how a run went."""

    summary: Summary
    seconds: float
    total: int
    problems: Sequence[Failed | Unknown]
    """Every order that failed or is unknown."""


async def run_orders(
    client: AsyncClient,
    orders: Sequence[Order],
    *,
    concurrency: int,
    requests_per_second: float | None,
    write: Callable[[Outcome], None],
    console: Console,
    indent: int = 0,
) -> Report:
    """Provision orders, showing on ``console`` how far it is. ``write`` gets each outcome."""
    stop = Stop()
    tally = Tally()
    problems: list[Failed | Unknown] = []
    began = time.monotonic()
    with view_for(console, len(orders), time.monotonic, requests_per_second, indent=indent) as view:

        def report(outcome: Outcome) -> None:
            write(outcome)
            tally.add(outcome)
            view.add(outcome)
            if isinstance(outcome, (Failed, Unknown)):
                problems.append(outcome)

        def interrupt() -> None:
            stop.request(StopReason.INTERRUPTED)
            view.say(
                "stopping: the creates under way are being finished, within the rate limit; "
                "again to end at once"
            )

        summary: Summary | None = None
        with anyio.CancelScope() as scope, on_interrupts(interrupt, scope.cancel):
            summary = await provision(
                client, orders, report=report, concurrency=concurrency, stop=stop
            )
        if summary is None:
            summary = tally.summary(StopReason.INTERRUPTED, None)
    return Report(summary, time.monotonic() - began, len(orders), problems)


def tell_end(report: Report, console: Console, results: str) -> None:
    """Sum a run up: totals, what went wrong, and what to do about it."""
    summary = report.summary
    for problem in report.problems[:_SHOWN_PROBLEMS]:
        _tell_problem(problem, console)
    if len(report.problems) > _SHOWN_PROBLEMS:
        _tell_codes(report.problems, console)
    if summary.stop_error is not None:
        console.print(
            Text(f"stopped: {summary.stop_error}", style="red"), soft_wrap=not console.is_terminal
        )
    totals = describe_counts(summary.counts) or "nothing done"
    not_sent = report.total - summary.done
    if not_sent:
        totals += f", {not_sent:,} not sent"
    noun = "order" if report.total == 1 else "orders"
    took = describe_duration(report.seconds)
    console.print(
        f"{report.total:,} {noun} in {took}: {totals}",
        style="bold",
        soft_wrap=not console.is_terminal,
    )
    console.print(Text(f"results: {results}"), soft_wrap=not console.is_terminal)
    if summary.unknown:
        console.print(
            "What is unknown may have been sent, and there is no answer: the package may exist. "
            "It was not sent again. Run the same file again in a minute: that looks first.",
            style="magenta",
        )
    elif not_sent or summary.failed:
        console.print("The same file can be run again: what exists is not created twice.")


def _tell_problem(problem: Failed | Unknown, console: Console) -> None:
    line = Text(f"{problem.outcome}: ", style="magenta" if problem.outcome == "unknown" else "red")
    line.append(f"{problem.external_id}: {problem.code}: {problem.message}", style="default")
    console.print(line, soft_wrap=not console.is_terminal)


def _tell_codes(problems: Sequence[Failed | Unknown], console: Console) -> None:
    console.print(f"… and {len(problems) - _SHOWN_PROBLEMS:,} more; of all of them:")
    for code, count in Counter(problem.code for problem in problems).most_common():
        console.print(Text(f"  {count:,} x {code}"))


def error_console() -> Console:
    """Make the console for whatever is no data."""
    return Console(file=sys.stderr, highlight=False)
