"""Read an order file for a command, or show everything that is wrong with it."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from wixreseller.bulk.catalogue import EMPTY, Catalogue
from wixreseller.bulk.order_formats import OrderFormat
from wixreseller.bulk.order_source import Checked, OrderSource
from wixreseller.bulk.orders import Order
from wixreseller.cli.connection import InputError
from wixreseller.cli.terminal import error_console

__all__ = ["check_orders", "read_order_file"]


def check_orders(source: OrderSource) -> Checked:
    """Check a whole order file, however long it is.

    Raises:
        InputError: it cannot be read, or has problems, which are on standard error by then.
        OrdersChangedError: it changed while it was read.
    """
    try:
        checked = source.check()
    except OSError as error:
        why = error.strerror or error
        raise InputError(
            f"cannot read the order file: {source.name}: {why}",
            then="name a file that is there, or - for standard input",
        ) from error
    if checked.problem_count:
        _show(source.name, checked)
        count = f"{checked.problem_count:,} problem{'s' if checked.problem_count > 1 else ''}"
        raise InputError(
            f"{source.name} has {count}; nothing was sent",
            then="mend what is listed above, and run it again",
        )
    return checked


def read_order_file(
    path: str,
    file_format: OrderFormat | None,
    account_id: str | None,
    catalogue: Catalogue = EMPTY,
) -> Sequence[Order]:
    """Give the creates of a small file; ``account_id`` is that of rows without one.

    Raises:
        InputError: it cannot be read, asks for more than creates, or has problems, which are on
            standard error by then.
    """
    with OrderSource(
        path,
        stdin=sys.stdin.buffer,
        file_format=file_format,
        account_id=account_id,
        catalogue=catalogue,
    ) as source:
        checked = check_orders(source)
        if checked.cancels:
            raise InputError(
                f"{source.name} asks for cancels; this command only creates",
                then="'wixreseller provision run' does both, 'wixreseller packages cancel' one",
            )
        return tuple(source)


def _show(name: str, checked: Checked) -> None:
    console = error_console()
    more = checked.problem_count - len(checked.problems)
    last = f"… and {more:,} more problems" if more else ""
    if not console.is_terminal:
        for problem in checked.problems:
            sys.stderr.write(f"{name}: {problem}\n")
        if last:
            sys.stderr.write(f"{name}: {last}\n")
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column("line", justify="right")
    table.add_column("column", overflow="fold")
    table.add_column("problem", overflow="fold")
    for problem in checked.problems:
        table.add_row(str(problem.line), Text(problem.column or "-"), Text(problem.message))
    console.print(table)
    if last:
        console.print(last)
