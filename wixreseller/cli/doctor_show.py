"""Show checks as they are made: lines for people, NDJSON for programs."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

import orjson
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from wixreseller.cli.doctor_checks import Check, Mark
from wixreseller.cli.terminal import error_console, output_console

__all__ = ["shown_by", "tell_result"]

_STYLES: Final = {
    Mark.OK: "green",
    Mark.WARN: "yellow",
    Mark.FAIL: "bold red",
    Mark.SKIPPED: "dim",
}
_NAMES: Final = 10
_BESIDE: Final = 60
"""From this many columns on the detail stands beside the name, else below it."""


def shown_by(*, as_json: bool) -> Callable[[Check], None]:
    """Choose how checks are shown."""
    if as_json:
        return _write_json
    console = output_console()
    if not console.is_terminal:
        return _write_line
    return lambda check: _show(check, console)


def tell_result(checks: Sequence[Check]) -> None:
    """Say on standard error what it comes to."""
    counts = Counter(check.mark for check in checks)
    console = error_console()
    if not counts[Mark.FAIL] and not counts[Mark.WARN]:
        console.print("All is well.", style="green")
        return
    parts = [
        Text(f"{counts[mark]} {word}{'s' if counts[mark] > 1 else ''}", style=_STYLES[mark])
        for mark, word in ((Mark.FAIL, "failure"), (Mark.WARN, "warning"))
        if counts[mark]
    ]
    console.print(Text(", ").join(parts))


def _write_json(check: Check) -> None:
    record = {
        "check": check.name,
        "result": check.mark.value,
        "detail": check.detail,
        "fix": check.fix,
    }
    sys.stdout.buffer.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))
    sys.stdout.buffer.flush()


def _write_line(check: Check) -> None:
    fix = "" if check.fix is None else f"; fix: {check.fix}"
    line = f"{check.mark.value:<7} {check.name:<{_NAMES}} {check.detail}{fix}"
    sys.stdout.write(f"{' '.join(line.splitlines())}\n")
    sys.stdout.flush()


def _show(check: Check, console: Console) -> None:
    style = _STYLES[check.mark]
    detail = Text(check.detail, style="dim" if check.mark is Mark.SKIPPED else "")
    lines = [detail]
    if check.fix is not None:
        lines.append(Text.assemble(("fix: ", style), check.fix))
    if console.width < _BESIDE:
        console.print(Text.assemble((f"{check.mark.value:<8}", style), (check.name, "bold")))
        for line in lines:
            console.print(Padding(line, (0, 0, 0, 2), expand=False))
        return
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=7, style=style)
    grid.add_column(width=_NAMES, style="bold")
    grid.add_column(overflow="fold")
    grid.add_row(check.mark.value, check.name, Text("\n").join(lines))
    console.print(grid)
