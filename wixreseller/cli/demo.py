"""Tell the story of the library in a few seconds: an order file becomes packages, once."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich import box
from rich.columns import Columns
from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from wixreseller.bulk.orders import load_orders
from wixreseller.bulk.results import ResultsWriter
from wixreseller.bulk.runner import DEFAULT_CONCURRENCY
from wixreseller.bulk.summary import exit_code
from wixreseller.cli.demo_orders import (
    CUSTOMERS,
    DEMO_KEY,
    PARENT_ACCOUNT,
    PRODUCT_NAMES,
    demo_seed,
    write_orders,
)
from wixreseller.cli.progress import describe_counts, describe_duration
from wixreseller.cli.run_orders import Report, error_console, run_orders
from wixreseller.cli.show import STATUS_STYLES
from wixreseller.client import AsyncClient
from wixreseller.emulator import Emulator, Settings
from wixreseller.models import Package, Status

if TYPE_CHECKING:
    from wixreseller.bulk.orders import Order

__all__ = ["run_demo"]

_DELIVERY_SECONDS: Final = 0.5
_REQUESTS_A_MINUTE: Final = 200
_SHOWN_ORDERS: Final = 4
_INDENT: Final = 3
_WIDE: Final = 110
"""From this many columns on two tables fit side by side."""


class _ClaimError(Exception):
    """Report that something did not come as the demonstration says. Stays in this module."""

    def __init__(self, text: str, code: int = 1) -> None:
        super().__init__(text)
        self.code = code


async def run_demo(orders: int) -> int:
    """Tell the story on standard output; give 0, or another code if a claim does not hold."""
    began = time.monotonic()
    story = _Story(Console(file=sys.stdout, highlight=False))
    story.title(f"{orders:,} orders become Wix packages, each exactly once")
    try:
        with tempfile.TemporaryDirectory(prefix="wixreseller-demo-") as directory:
            emulator = Emulator(
                seed=demo_seed(orders),
                rate_limit="off",
                settings=Settings(delivery_seconds=_DELIVERY_SECONDS),
            )
            async with emulator:
                await _tell(story, emulator.url, Path(directory), orders)
    except _ClaimError as error:
        story.fail(str(error))
        return error.code
    story.step("Clean-up")
    story.line(
        "The emulator is stopped, and its database was in memory; the temporary files are "
        "removed. Nothing was sent to Wix, and nothing is left."
    )
    story.end(time.monotonic() - began)
    return 0


async def _tell(story: _Story, url: str, directory: Path, count: int) -> None:
    story.step("A Wix to sell from")
    story.line(
        f"An emulator of Wix's API listens on {url}, inside this process: a reseller with "
        f"{len(CUSTOMERS)} customers' accounts, {len(PRODUCT_NAMES)} products and {count:,} sites. "
        f"It delivers what is bought after {_DELIVERY_SECONDS:g} s."
    )
    story.line(
        f"The rate limit is off, in the emulator and in the client. Wix itself allows "
        f"{_REQUESTS_A_MINUTE} requests a minute, and at two an order the first run below would "
        f"take {describe_duration(2 * count / _REQUESTS_A_MINUTE * 60)} there."
    )
    path = directory / "orders.csv"
    rows = write_orders(path, count)
    story.step("An order file")
    story.line(
        f"{path} asks for {count:,} packages in {rows:,} rows: a row is a product, and rows with "
        f"the same external id are one package. Every row is checked before anything is sent."
    )
    orders = _read(path)
    story.excerpt(orders[:_SHOWN_ORDERS])
    async with AsyncClient(
        api_key=DEMO_KEY, account_id=PARENT_ACCOUNT, base_url=url, rate_limit=None
    ) as client:
        story.step("The first run")
        first = await _provision(client, orders, directory / "first.csv")
        _claim(first.summary.created == count, f"not every order was created: {_said(first)}")
        story.line(
            f"{_said(first)} in {first.seconds:.1f} s, {count / first.seconds:,.0f} orders a "
            f"second. Each was looked up by its external id before it was created."
        )
        story.step("What exists now")
        packages = await _settled(client)
        _claim(len(packages) == count, f"{len(packages):,} packages exist, not {count:,}")
        story.tables(packages)
        story.step("The same file again")
        second = await _provision(client, orders, directory / "second.csv")
        _claim(
            second.summary.existing == count and second.summary.created == 0,
            f"the second run was to find everything there: {_said(second)}",
        )
        after = await client.packages.query().collect()
        same = {package.id for package in after} == {package.id for package in packages}
        _claim(same, f"{len(packages):,} packages before the second run, {len(after):,} after")
        story.line(
            f"{_said(second)}, 0 created. {len(packages):,} packages before, {len(after):,} "
            f"after, the same ones: nobody pays twice."
        )


def _read(path: Path) -> Sequence[Order]:
    read = load_orders(str(path), stdin=sys.stdin.buffer)
    _claim(not read.problems, f"the order file is wrong: {read.problems[:1]}")
    return read.orders


async def _provision(client: AsyncClient, orders: Sequence[Order], results: Path) -> Report:
    with ResultsWriter(results) as writer:
        report = await run_orders(
            client,
            orders,
            concurrency=DEFAULT_CONCURRENCY,
            requests_per_second=None,
            write=writer.write,
            console=error_console(),
            indent=_INDENT,
        )
    if report.summary.stop_reason is not None:
        raise _ClaimError(
            "stopped before its end; the emulator and the temporary files are gone",
            exit_code(report.summary),
        )
    return report


async def _settled(client: AsyncClient) -> Sequence[Package]:
    """Read all packages, once nothing is ``PENDING`` any more or the emulator is overdue."""
    overdue = time.monotonic() + 20 * _DELIVERY_SECONDS
    while True:
        packages = await client.packages.query().collect()
        is_pending = any(
            instance.status == Status.PENDING
            for package in packages
            for instance in package.product_instances
        )
        if not is_pending:
            return packages
        _claim(time.monotonic() < overdue, "the emulator did not deliver")
        await asyncio.sleep(_DELIVERY_SECONDS / 5)


def _shorten_guid(text: str) -> str:
    return f"{text[:8]}…{text[-4:]}" if len(text) == 36 else text


def _claim(holds: bool, otherwise: str) -> None:
    if not holds:
        raise _ClaimError(f"not as claimed: {otherwise}")


def _said(report: Report) -> str:
    return describe_counts(report.summary.counts) or "nothing"


class _Story:
    """Print the story: numbered steps, indented text, tables that fit."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._number = 0

    def title(self, text: str) -> None:
        self._console.print(Text(f"wixreseller demo: {text}", style="bold"))

    def step(self, text: str) -> None:
        self._number += 1
        self._console.print(Text(f"\n{self._number}  {text}", style="bold cyan"))

    def line(self, text: str) -> None:
        self._console.print(Padding(Text(text), (0, 0, 0, _INDENT), expand=False))

    def fail(self, text: str) -> None:
        self._console.print(Text(f"\n{text}", style="bold red"))

    def end(self, seconds: float) -> None:
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
