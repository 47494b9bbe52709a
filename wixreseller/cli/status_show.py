"""Show how far a plan is."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Final

from rich.console import Console
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from wixreseller.bulk.journal import State
from wixreseller.bulk.plan_file import PlanFile
from wixreseller.bulk.status import PlanStatus, status_json
from wixreseller.cli.connection import Connection
from wixreseller.cli.end_show import tell_next
from wixreseller.cli.progress import describe_duration
from wixreseller.cli.resume_line import ResumeLine, command_line
from wixreseller.cli.terminal import error_console, output_console

__all__ = ["show_status"]

_STATES: Final[tuple[tuple[State, str, str], ...]] = (
    ("done", "green", ""),
    ("failed", "red", "certainly nothing came of it"),
    ("unknown", "bold magenta", "sent, and there is no answer"),
    ("intent", "yellow", "under way"),
    ("planned", "", "not sent"),
)


def show_status(
    plan: PlanFile, status: PlanStatus, connection: Connection, *, as_json: bool
) -> None:
    """Show a status on standard output, and what to do next on standard error."""
    if as_json:
        sys.stdout.buffer.write(status_json(status))
        sys.stdout.buffer.flush()
        return
    console = output_console()
    console.print(
        Text.assemble(("plan ", "dim"), (str(plan.path), "bold"), f", of {plan.head.orders_name}"),
        soft_wrap=True,
    )
    console.print(_facts(status))
    if console.is_terminal:
        ended = status.counts["done"] + status.counts["failed"]
        bar = ProgressBar(
            total=max(status.orders, 1),
            completed=ended,
            width=60,
            complete_style="cyan",
            finished_style="green",
        )
        console.print(Padding(bar, (0, 0, 0, 2), expand=False))
    _tell_next(plan, status, connection)


def _facts(status: PlanStatus) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column()
    grid.add_column(justify="right")
    grid.add_column(style="dim")
    grid.add_row("  orders", Text(f"{status.orders:,}", style="bold"), "")
    for name, style, meaning in _STATES:
        if count := status.counts[name]:
            grid.add_row(Text(f"  {name}", style=style), Text(f"{count:,}", style=style), meaning)
    return grid


def _tell_next(plan: PlanFile, status: PlanStatus, connection: Connection) -> None:
    console = error_console()
    if status.began is None:
        console.print("not applied yet. To do so:")
        _command(console, command_line(connection, "apply", str(plan.path)))
        return
    last = status.last or status.began
    if status.holder is not None:
        ago = describe_duration(max(0.0, (datetime.now(UTC) - last).total_seconds()))
        text = f"running: {status.holder}; {status.orders_per_minute:,.0f} orders in a minute"
        console.print(
            Text(f"{text}, the last step {ago} ago", style="green"),
            soft_wrap=not console.is_terminal,
        )
        return
    console.print(
        Text(f"not running; begun {_moment(status.began)}, last step {_moment(last)}"),
        soft_wrap=not console.is_terminal,
    )
    line = ResumeLine.of(connection, plan.path, connection.default_limit)
    tell_next(status.counts, line, console)
    if not status.open and not status.counts["failed"]:
        console.print("All done.", style="green")


def _command(console: Console, command: str) -> None:
    console.print(Text(f"  {command}", style="bold"), soft_wrap=True)


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
