"""Show what verifying finds: lines for people, NDJSON or CSV for programs, counts beside them."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final, Literal

from rich.console import Console
from rich.text import Text

from wixreseller.bulk.catalogue import Catalogue
from wixreseller.bulk.verify_findings import (
    VerifiedRow,
    VerifySummary,
    to_csv_line,
    to_json_line,
)
from wixreseller.bulk.verifying import OrderFileState
from wixreseller.cli.names import with_names
from wixreseller.cli.terminal import error_console, output_console, without_controls

__all__ = ["tell_summary", "verified_sink", "verifying"]

_SECONDS_BETWEEN_LINES: Final = 30.0
_FILES: Final[dict[OrderFileState, str]] = {
    "unchanged": "",
    "changed": "The order file was changed since: what was verified is the plan.",
    "gone": "The order file is not there any more: what was verified is the plan.",
    "not_kept": "",
}


def verified_sink(
    form: Literal["lines", "json", "csv"], catalogue: Catalogue
) -> Callable[[VerifiedRow], None]:
    """Choose how orders are printed: programs get all, people those that are amiss."""
    if form == "json":
        return lambda row: _print(to_json_line(row))
    if form == "csv":
        _print(to_csv_line(None))
        return lambda row: _print(to_csv_line(row))
    console = output_console()
    return lambda row: _show(row, catalogue, console)


@contextmanager
def verifying(total: int) -> Generator[Callable[[VerifySummary], None], None, None]:
    """Show on standard error how far it is; give what is to be told about it."""
    console = error_console()
    if not console.is_interactive or sys.stdout.isatty():
        due = time.monotonic() + _SECONDS_BETWEEN_LINES

        def tell_now_and_then(summary: VerifySummary) -> None:
            nonlocal due
            if time.monotonic() >= due:
                due = time.monotonic() + _SECONDS_BETWEEN_LINES
                console.print(_progress(summary, total), soft_wrap=True)

        yield tell_now_and_then
        return
    with console.status("verifying") as status:
        yield lambda summary: status.update(_progress(summary, total))


def tell_summary(summary: VerifySummary, file: OrderFileState, *, has_journal: bool) -> None:
    """Say on standard error what it comes to."""
    console = error_console()
    noun = "order" if summary.rows == 1 else "orders"
    text = Text(f"{summary.rows:,} {noun}: ")
    parts = [Text(f"{summary.ok:,} as ordered", style="green")]
    if count := summary.failed_as_recorded:
        parts.append(Text(f"{count:,} failed, as recorded", style="yellow"))
    if count := summary.wrong:
        parts.append(Text(f"{count:,} amiss", style="red"))
    console.print(text.append_text(Text(", ").join(parts)), soft_wrap=not console.is_terminal)
    for kind, count in summary.kinds.items():
        style = "dim" if kind.is_information else "red"
        line = Text(f"  {count:>6,}  ")
        line.append(kind.value, style=style)
        line.append(f"  {kind.meaning}", style="dim")
        console.print(line, soft_wrap=not console.is_terminal)
    if not has_journal:
        console.print("The plan was not applied: there is no journal.", style="yellow")
    if _FILES[file]:
        console.print(_FILES[file], style="yellow")


def _show(row: VerifiedRow, catalogue: Catalogue, console: Console) -> None:
    if row.verdict == "ok":
        return
    line = Text()
    if row.lines:
        line.append(f"line {row.lines[0]:,}, ", style="dim")
    name = row.external_id or " ".join(row.package_ids) or f"order {row.number + 1}"
    line.append(without_controls(name), "bold")
    texts = [(item.kind.value, item.detail) for item in row.findings]
    if row.refusal is not None and not texts:
        texts = [("failed as recorded", row.refusal)]
    for kind, detail in texts:
        line.append("  ")
        line.append(kind, style="yellow" if kind == "failed as recorded" else "red")
        line.append(f": {without_controls(with_names(detail, catalogue))}")
    console.print(line, soft_wrap=not console.is_terminal)


def _progress(summary: VerifySummary, total: int) -> str:
    return f"verifying: {summary.rows:,} of {total:,} orders, {summary.wrong:,} amiss"


def _print(line: bytes) -> None:
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()
