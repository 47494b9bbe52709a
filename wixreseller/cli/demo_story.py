"""Print the story of the demonstration: numbered steps, indented text, tables that fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from rich import box
from rich.columns import Columns
from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from wixreseller.cli.demo_orders import PRODUCT_NAMES
from wixreseller.cli.show import STATUS_STYLES
from wixreseller.models import Package

if TYPE_CHECKING:
    from wixreseller.bulk.orders import Order

__all__ = ["INDENT", "Story"]

INDENT: Final = 3
"""Columns by which everything but headings stands to the right."""
_WIDE: Final = 110
"""From this many columns on two tables fit side by side."""


class Story:
    """Print the story: numbered steps, indented text, tables that fit."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._number = 0

    def title(self, text: str) -> None:
        """Print what the story is about."""
        self._console.print(Text(f"wixreseller demo: {text}", style="bold"))

    def step(self, text: str) -> None:
        """Begin the next step."""
        self._number += 1
        self._console.print(Text(f"\n{self._number}  {text}", style="bold cyan"))

    def line(self, text: str) -> None:
        """Print a paragraph."""
        self._console.print(Padding(Text(text), (0, 0, 0, INDENT), expand=False))

    def command(self, text: str) -> None:
        """Show a command as it is typed."""
        typed = Text.assemble(("$ ", "dim"), (text, "bold"))
        self._console.print(Padding(typed, (0, 0, 0, INDENT), expand=False))

    def fail(self, text: str) -> None:
        """Say that something is not as claimed."""
        self._console.print(Text(f"\n{text}", style="bold red"))

    def end(self, seconds: float) -> None:
        """Say how long it took, and what to do now."""
        self._console.print(
            Text.assemble(
                (f"\nAll as claimed, in {seconds:.1f} s.", "bold green"),
                " With your own key in WIX_API_KEY and your own file:\n   ",
                ("wixreseller provision run orders.csv", "bold"),
            )
        )

    def excerpt(self, orders: Sequence[Order]) -> None:
        """Show some columns of orders as they stand in the file, their GUIDs shortened."""
        columns = ("external_id", "account_id", "catalog_product_id", "country_code", "cycle_unit")
        table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
        for name in columns:
            table.add_column(name, no_wrap=True, style="dim")
        for row in (row for order in orders for row in order.rows):
            table.add_row(*(_shorten_guid(row[name]) for name in columns))
        self._console.print(Padding(table, (0, 0, 0, 5), expand=False))

    def tables(self, packages: Sequence[Package]) -> None:
        """Show packages by status and by product, side by side where there is room."""
        pair = (_by_status(packages), _by_product(packages))
        is_wide = self._console.width >= _WIDE
        both = Columns(pair, padding=(0, 6)) if is_wide else Group(pair[0], "", pair[1])
        self._console.print(Padding(both, (1, 0, 1, 5), expand=False))
        floating = sum(
            instance.site_id is None
            for package in packages
            for instance in package.product_instances
        )
        self.line(
            f"{floating:,} instances float: they are paid for and on no site. What failed, and "
            f"what awaits an action, is what a reseller looks after."
        )


def _shorten_guid(text: str) -> str:
    return f"{text[:8]}…{text[-4:]}" if len(text) == 36 else text


def _by_status(packages: Sequence[Package]) -> Table:
    instances = Counter(
        instance.status for package in packages for instance in package.product_instances
    )
    holding = Counter(
        status
        for package in packages
        for status in {instance.status for instance in package.product_instances}
    )
    table = _table("status", "packages", "instances")
    for status, count in instances.most_common():
        style = "" if status is None else STATUS_STYLES.get(status, "")
        table.add_row(Text(str(status), style=style), f"{holding[status]:,}", f"{count:,}")
    return table


def _by_product(packages: Sequence[Package]) -> Table:
    instances: Counter[str] = Counter()
    holding: Counter[str] = Counter()
    floating: Counter[str] = Counter()
    for package in packages:
        holding.update({item.catalog_product_id or "" for item in package.product_instances})
        for item in package.product_instances:
            instances[item.catalog_product_id or ""] += 1
            floating[item.catalog_product_id or ""] += item.site_id is None
    table = _table("product", "packages", "instances", "floating")
    for product, count in instances.most_common():
        name = PRODUCT_NAMES.get(product, product)
        table.add_row(name, f"{holding[product]:,}", f"{count:,}", f"{floating[product]:,}")
    return table


def _table(first: str, *others: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False, show_edge=False)
    table.add_column(first, no_wrap=True)
    for name in others:
        table.add_column(name, justify="right")
    return table
