"""Make the consoles of standard output and standard error, and lay ids out so that none is cut.

Without a terminal nothing is folded and no escape sequence is written. ``NO_COLOR`` and
``TERM=dumb`` take every style out; ``FORCE_COLOR`` keeps styles in a pipe, and no picture that
moves.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Final, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

__all__ = ["GUID_WIDTH", "error_console", "facts", "output_console", "without_controls"]

GUID_WIDTH: Final = 36
_NO_END: Final = 10_000
"""Columns of whatever is no terminal: nothing is as wide."""
_GAP: Final = 2


def output_console(*, folds: bool = False) -> Console:
    """Make the console for data. ``folds``: it is prose, 80 columns wide without a terminal."""
    return _console(sys.stdout, folds=folds)


def error_console() -> Console:
    """Make the console for whatever is no data."""
    return _console(sys.stderr, folds=True)


def _console(stream: TextIO, *, folds: bool) -> Console:
    is_dumb = os.environ.get("TERM", "").lower() in ("dumb", "unknown")
    is_endless = not (folds or stream.isatty() or os.environ.get("COLUMNS"))
    return Console(
        file=stream,
        highlight=False,
        # Rich itself would leave bold and dim in.
        color_system=None if os.environ.get("NO_COLOR") else "auto",
        force_interactive=stream.isatty() and not is_dumb,
        width=_NO_END if is_endless else None,
    )


def facts(told: Sequence[tuple[str, Text]], width: int, *, columns: int = 1) -> Table:
    """Put labels beside what they name, or above it where a GUID would not fit beside.

    ``columns``: how many stand in a line. ``width`` is that of the space for it, in columns of
    the terminal.
    """
    label_width = max(len(label) for label, _ in told)
    if width < label_width + _GAP + GUID_WIDTH:
        table = Table.grid()
        table.add_column(overflow="fold")
        for label, value in told:
            table.add_row(Text(label, style="dim"))
            table.add_row(value)
        return table
    table = Table.grid(padding=(0, _GAP))
    for _ in range(columns):
        table.add_column(style="dim", no_wrap=True, min_width=label_width)
        table.add_column(overflow="fold")
    for at in range(0, len(told), columns):
        line = told[at : at + columns]
        table.add_row(*(cell for label, value in line for cell in (Text(label), value)))
    return table


def without_controls(text: str) -> str:
    """Spell out tabs, line breaks and escape sequences: a line of columns has no place for them."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )
