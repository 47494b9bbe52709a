"""Read an order file for a command, or show everything that is wrong with it."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from wixreseller.bulk.catalogue import EMPTY, Catalogue
from wixreseller.bulk.order_formats import OrderFormat, Problem
from wixreseller.bulk.orders import Order, load_orders
from wixreseller.cli.connection import InputError

__all__ = ["read_order_file"]


def read_order_file(
    path: str,
    file_format: OrderFormat | None,
    account_id: str | None,
    catalogue: Catalogue = EMPTY,
) -> Sequence[Order]:
    """Give the orders of a file; ``account_id`` is that of rows without one.

    Raises:
        InputError: it cannot be read, or holds problems, which are on standard error by then.
    """
    try:
        read = load_orders(
            path,
            stdin=sys.stdin.buffer,
            file_format=file_format,
            account_id=account_id,
            catalogue=catalogue,
        )
    except OSError as error:
        raise InputError(f"cannot read the order file: {error}") from error
    if not read.problems:
        return read.orders
    name = "standard input" if path == "-" else path
    _show(name, read.problems)
    count = len(read.problems)
    raise InputError(f"{name} has {count} problem{'s' if count > 1 else ''}; nothing was sent")


def _show(name: str, problems: Sequence[Problem]) -> None:
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        for problem in problems:
            sys.stderr.write(f"{name}: {problem}\n")
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column("line", justify="right")
    table.add_column("column", overflow="fold")
    table.add_column("problem", overflow="fold")
    for problem in problems:
        table.add_row(str(problem.line), Text(problem.column or "-"), Text(problem.message))
    console.print(table)
