"""Show what a plan comes to."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final

import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from wixreseller.bulk.plan import seconds_at
from wixreseller.bulk.planning import PlanSummary
from wixreseller.cli.connection import Connection
from wixreseller.cli.limits import Limit, plain_limit
from wixreseller.cli.names import with_names
from wixreseller.cli.progress import describe_duration
from wixreseller.cli.resume_line import command_line
from wixreseller.cli.terminal import error_console, output_console, without_controls

__all__ = ["planning", "show_plan", "tell_plan"]

_SECONDS_BETWEEN_LINES: Final = 30.0


@contextmanager
def planning(total: int) -> Generator[Callable[[int], None], None, None]:
    """Show on standard error how far the looking is."""
    console = error_console()
    if not console.is_interactive:
        due = time.monotonic() + _SECONDS_BETWEEN_LINES

        def tell_now_and_then(done: int) -> None:
            nonlocal due
            if time.monotonic() >= due:
                due = time.monotonic() + _SECONDS_BETWEEN_LINES
                console.print(f"planning: {done:,} of {total:,} orders", soft_wrap=True)

        yield tell_now_and_then
        return
    with console.status("planning") as status:
        yield lambda done: status.update(f"planning: {done:,} of {total:,} orders")


def show_plan(
    summary: PlanSummary, orders: str, limit: Limit, connection: Connection, *, as_json: bool
) -> None:
    """Show a plan that was written: counts on standard output, what to do next beside them."""
    if as_json:
        _write_json(summary, limit)
        return
    tell_plan(summary, orders, limit, connection, output_console())
    counts = summary.counts
    console = error_console()
    if counts.create + counts.cancel:
        pace = () if limit == connection.default_limit else ("--rate-limit", str(limit))
        command = command_line(connection, "apply", str(summary.path), *pace)
        asks = ", which asks how many to cancel" if counts.cancel else ""
        console.print(f"To do exactly this{asks}:")
        console.print(Text(f"  {command}", style="bold"), soft_wrap=True)


def tell_plan(
    summary: PlanSummary, orders: str, limit: Limit, connection: Connection, console: Console
) -> None:
    """Show a plan's counts and its first conflicts."""
    counts = summary.counts
    grid = Table.grid(padding=(0, 2))
    grid.add_column()
    grid.add_column(justify="right", style="bold")
    grid.add_column(style="dim")
    rows = f"{summary.rows:,} row{'' if summary.rows == 1 else 's'}"
    source = "standard input" if orders == "-" else orders
    grid.add_row("  orders", f"{counts.orders:,}", f"in {rows} of {source}")
    _count(grid, "create", counts.create, "", "green")
    _count(grid, "cancel", counts.cancel, "for good", "yellow")
    _count(grid, "nothing to do", counts.none, "there already, as ordered", "cyan")
    _count(grid, "conflicts", counts.conflict, "would fail; the others can be done", "red")
    grid.add_row("  requests", f"{counts.calls:,}", "at least")
    grid.add_row("  time", describe_duration(_seconds(summary, limit)), _at(limit))
    console.print(Text.assemble(("plan ", "dim"), (str(summary.path), "bold")), soft_wrap=True)
    console.print(grid)
    if summary.conflicts:
        console.print()
    for row in summary.conflicts:
        entry = row.entry
        where = f"line {row.lines[0]}" if row.lines else f"order {entry.number + 1}"
        line = Text("conflict: ", style="red")
        name = entry.external_id or entry.package_id or "?"
        note = with_names(entry.note or "", connection.catalogue)
        line.append(without_controls(f"{where}, {name}: {note}"), style="default")
        console.print(line, soft_wrap=not console.is_terminal)
    if counts.conflict > len(summary.conflicts):
        console.print(f"… and {counts.conflict - len(summary.conflicts):,} conflicts more")


def _count(grid: Table, name: str, count: int, meaning: str, style: str) -> None:
    if count:
        grid.add_row(Text(f"  {name}", style=style), Text(f"{count:,}", style=style), meaning)


def _seconds(summary: PlanSummary, limit: Limit) -> float:
    return seconds_at(plain_limit(limit), summary.counts.calls)


def _at(limit: Limit) -> str:
    if not limit.requests:
        return "no rate limit"
    per = "a minute" if limit.per == 60 else f"in {limit.per:g} s"
    return f"at best, at {limit.requests:,} requests {per}"


def _write_json(summary: PlanSummary, limit: Limit) -> None:
    counts = summary.counts
    record = {
        "plan": str(summary.path),
        "orders": counts.orders,
        "rows": summary.rows,
        "create": counts.create,
        "cancel": counts.cancel,
        "none": counts.none,
        "conflict": counts.conflict,
        "calls": counts.calls,
        "seconds": _seconds(summary, limit),
    }
    sys.stdout.buffer.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))
    sys.stdout.buffer.flush()
