"""Show what an audit finds: tables for people, NDJSON or CSV for programs, counts beside them."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Final, Literal, Protocol

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from wixreseller.bulk.catalogue import Catalogue
from wixreseller.bulk.findings import (
    AuditSummary,
    Finding,
    FindingKind,
    to_csv_line,
    to_json_line,
)
from wixreseller.cli.terminal import error_console, facts, output_console, without_controls

__all__ = ["FindingSink", "reading", "sink_for", "tell_counts"]

_SECONDS_BETWEEN_LINES: Final = 30.0
_WIDE: Final = 120
_INDENTED: Final = 60
_STYLES: Final = {
    FindingKind.FLOATING: "yellow",
    FindingKind.DUPLICATE: "red",
    FindingKind.HALF_CANCELED: "yellow",
    FindingKind.FAILED: "red",
    FindingKind.PENDING: "yellow",
    FindingKind.ORPHAN: "magenta",
    FindingKind.STRANGER: "magenta",
}


class FindingSink(Protocol):
    """Take findings, and put them on standard output."""

    @property
    def is_streaming(self) -> bool:
        """Whether findings are printed as they come."""
        ...

    def add(self, finding: Finding) -> None:
        """Take the next one."""
        ...

    def finish(self) -> None:
        """Print what was kept back."""
        ...


def sink_for(
    form: Literal["table", "json", "csv"], catalogue: Catalogue, *, with_accounts: bool
) -> FindingSink:
    """Choose how findings are printed. ``with_accounts``: a table names the account of each."""
    if form == "table":
        return _Tables(catalogue, with_accounts=with_accounts)
    if form == "json":
        return _Lines(lambda finding: to_json_line(finding, catalogue))
    return _Lines(lambda finding: to_csv_line(finding, catalogue), header=to_csv_line(None))


@contextmanager
def reading(*, shows_bar: bool) -> Generator[Callable[[AuditSummary], None], None, None]:
    """Show on standard error how far the reading is; give what is to be told about it.

    A line that changes on a terminal, else a line every 30 seconds.
    """
    console = error_console()
    if not console.is_interactive or not shows_bar:
        due = time.monotonic() + _SECONDS_BETWEEN_LINES

        def tell_now_and_then(summary: AuditSummary) -> None:
            nonlocal due
            if time.monotonic() >= due:
                due = time.monotonic() + _SECONDS_BETWEEN_LINES
                console.print(_progress(summary), soft_wrap=True)

        yield tell_now_and_then
        return
    with console.status("reading packages") as status:
        yield lambda summary: status.update(_progress(summary))


def tell_counts(summary: AuditSummary) -> None:
    """Say on standard error how much was read and found; nothing, if not even one page was."""
    if not summary.packages and not summary.is_complete:
        return
    console = error_console()
    text = Text(f"{_count(summary.packages, 'package')}, {_count(summary.instances, 'instance')}: ")
    if not summary.total:
        text.append("no findings", style="green" if summary.is_complete else "")
    counts = [
        Text(f"{count:,} {kind.value}", style=_STYLES[kind])
        for kind, count in summary.findings.items()
    ]
    text.append_text(Text(", ").join(counts))
    console.print(text, soft_wrap=not console.is_terminal)
    if not summary.is_complete:
        console.print("The audit was broken off: there may be more.", style="bold")


class _Lines:
    """Print each finding as a line, at once."""

    is_streaming = True

    def __init__(self, write: Callable[[Finding], bytes], *, header: bytes = b"") -> None:
        self._write = write
        self._print(header)

    def add(self, finding: Finding) -> None:
        self._print(self._write(finding))

    def finish(self) -> None:
        """Do nothing: everything is out already."""

    def _print(self, line: bytes) -> None:
        sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()


class _Tables:
    """Keep the findings, and print a table of each kind."""

    is_streaming = False

    def __init__(self, catalogue: Catalogue, *, with_accounts: bool) -> None:
        self._catalogue = catalogue
        self._with_accounts = with_accounts
        self._findings: list[Finding] = []

    def add(self, finding: Finding) -> None:
        self._findings.append(finding)

    def finish(self) -> None:
        console = output_console()
        places = {kind: place for place, kind in enumerate(FindingKind)}
        ordered = sorted(self._findings, key=lambda finding: places[finding.kind])
        for kind, group in groupby(ordered, key=lambda finding: finding.kind):
            findings = list(group)
            heading = Text(f"{kind.value}: {len(findings):,}", style=f"bold {_STYLES[kind]}")
            console.print(heading)
            console.print(Padding(Text(kind.meaning, style="dim"), (0, 0, 1, 0), expand=False))
            for finding in findings:
                self._show(finding, console)

    def _show(self, finding: Finding, console: Console) -> None:
        name = without_controls(finding.external_id or "without external id")
        title = Text(name, style="bold")
        title.append(f"  {without_controls(finding.detail)}", style="not bold")
        console.print(Padding(title, (0, 0, 0, 2), expand=False))
        # Two GUIDs side by side need more than eighty columns.
        columns = 2 if console.width >= _WIDE else 1
        indent = 4 if console.width >= _INDENTED else 2
        grid = facts(self._facts(finding), console.width - indent, columns=columns)
        console.print(Padding(grid, (0, 0, 1, indent), expand=False))

    def _facts(self, finding: Finding) -> Sequence[tuple[str, Text]]:
        name = self._catalogue.name_of(finding.catalog_product_id, finding.billing_info)
        told = (
            ("account", finding.account_id if self._with_accounts else None),
            ("package", finding.package_id),
            ("instance", finding.instance_id),
            ("product", name or finding.catalog_product_id),
        )
        return [(label, Text(value)) for label, value in told if value is not None]


def _progress(summary: AuditSummary) -> str:
    return f"reading: {_count(summary.packages, 'package')}, {_count(summary.total, 'finding')}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
