"""Tell the story of the library in a few seconds: an order file becomes packages, each once."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import attrs

from wixreseller.bulk.applying import open_plan_journal
from wixreseller.bulk.execution import ExecutionOptions, Report
from wixreseller.bulk.order_source import OrderSource
from wixreseller.bulk.orders import Order, load_orders
from wixreseller.bulk.plan_file import PlanFile
from wixreseller.bulk.planning import PlanSummary, plan_orders
from wixreseller.bulk.results import Outcome
from wixreseller.bulk.status import PlanStatus, read_status
from wixreseller.bulk.summary import OUTCOMES
from wixreseller.cli.carrying_out import execute
from wixreseller.cli.demo_orders import (
    CUSTOMERS,
    DEMO_KEY,
    PARENT_ACCOUNT,
    PRODUCT_NAMES,
    demo_seed,
    write_orders,
)
from wixreseller.cli.demo_run import run_and_kill
from wixreseller.cli.demo_story import INDENT, Story
from wixreseller.cli.progress import describe_counts, describe_duration
from wixreseller.cli.terminal import error_console, output_console
from wixreseller.client import AsyncClient
from wixreseller.emulator import Emulator, Settings
from wixreseller.models import Package, Status
from wixreseller.retry import RetryPolicy

__all__ = ["run_demo"]

_DELIVERY_SECONDS: Final = 0.5
_REQUESTS_A_MINUTE: Final = 200
_SHOWN_ORDERS: Final = 4
_KILLED_AFTER: Final = 0.4
"""The part of the orders that is done when the run is killed."""
_TIMEOUT: Final = 1.5
"""Seconds; this emulator is near. After a kill, a request may be on its way for as long."""
_SETTLE_WINDOW: Final = 0.5
"""Seconds; this emulator shows everything at once."""


class _ClaimError(Exception):
    """Report that something did not come as the demonstration says. Stays in this module."""

    def __init__(self, text: str, code: int = 1) -> None:
        super().__init__(text)
        self.code = code


async def run_demo(orders: int) -> int:
    """Tell the story on standard output; give 0, or another code if a claim does not hold."""
    began = time.monotonic()
    story = Story(output_console(folds=True))
    story.title(f"{orders:,} orders become Wix packages, each once, kill -9 or not")
    try:
        with tempfile.TemporaryDirectory(prefix="wixreseller-demo-") as directory:
            emulator = Emulator(
                seed=demo_seed(orders),
                rate_limit="off",
                settings=Settings(delivery_seconds=_DELIVERY_SECONDS),
            )
            async with emulator:
                await _Demo(story, emulator.url, Path(directory), orders).tell()
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


@attrs.frozen
class _Demo:
    """Tell what happens between the start of the emulator and its end."""

    story: Story
    url: str
    directory: Path
    count: int

    async def tell(self) -> None:
        story, count = self.story, self.count
        story.step("A Wix to sell from")
        story.line(
            f"An emulator of Wix's API listens on {self.url}, inside this process: a reseller "
            f"with {len(CUSTOMERS)} customers' accounts, {len(PRODUCT_NAMES)} products and "
            f"{count:,} sites. It delivers what is bought after {_DELIVERY_SECONDS:g} s."
        )
        story.line(
            f"The rate limit is off, in the emulator and in the client. Wix itself allows "
            f"{_REQUESTS_A_MINUTE} requests a minute, and these orders would take "
            f"{describe_duration(count / _REQUESTS_A_MINUTE * 60)} there."
        )
        orders = self._write_orders()
        async with AsyncClient(
            api_key=DEMO_KEY,
            account_id=PARENT_ACCOUNT,
            base_url=self.url,
            rate_limit=None,
            timeout=_TIMEOUT,
            retry=RetryPolicy(settle_window=_SETTLE_WINDOW),
        ) as client:
            plan = await self._kill_a_run(client)
            await self._resume(client, plan)
            story.step("What exists now")
            packages = await _settled(client)
            self._check_each_once(orders, packages)
            story.tables(packages)
            await self._plan_again(client)

    @property
    def _path(self) -> Path:
        return self.directory / "orders.csv"

    def _write_orders(self) -> Sequence[Order]:
        rows = write_orders(self._path, self.count)
        self.story.step("An order file")
        self.story.line(
            f"{self._path} asks for {self.count:,} packages in {rows:,} rows: a row is a product, "
            f"and rows with the same external id are one package. Every row is checked before "
            f"anything is sent."
        )
        read = load_orders(str(self._path), stdin=sys.stdin.buffer)
        _claim(not read.problems, f"the order file is wrong: {read.problems[:1]}")
        self.story.excerpt(read.orders[:_SHOWN_ORDERS])
        return read.orders

    async def _kill_a_run(self, client: AsyncClient) -> PlanFile:
        story = self.story
        story.step("A run, and kill -9 in the middle of it")
        story.command("wixreseller provision run orders.csv")
        killed = await run_and_kill(
            self._path,
            base_url=self.url,
            api_key=DEMO_KEY,
            account_id=PARENT_ACCOUNT,
            after=max(1, round(self.count * _KILLED_AFTER)),
        )
        _claim(killed.plan is not None, f"the run made no plan: {killed.error}")
        assert killed.plan is not None  # noqa: S101  # claimed
        if killed.was_killed:
            story.command(f"kill -9 {killed.process_id}")
        plan = PlanFile(killed.plan)
        exist = len(await client.packages.query().collect())
        status = await read_status(plan)
        story.line(
            f"Another process looked at all orders, wrote down a plan, and began to carry it out. "
            f"{_when_killed(killed.was_killed, status, exist)}"
        )
        return plan

    async def _resume(self, client: AsyncClient, plan: PlanFile) -> None:
        story = self.story
        story.step("Resume")
        story.command(f"wixreseller provision resume {plan.path.name} --resend-absent")
        before = await read_status(plan)
        report = await _carry_on(client, plan)
        _claim(
            report.counts["done"] == self.count,
            f"not every order was created: {_said(report) or 'nothing'}",
        )
        story.line(
            f"{before.counts['done']:,} were done before and are left alone; {_looked(before)}"
            f"{before.counts['planned']:,} were sent for the first time. "
            f"All {self.count:,} are done, in {report.seconds:.1f} s."
        )

    def _check_each_once(self, orders: Sequence[Order], packages: Sequence[Package]) -> None:
        ordered = sorted((order.account_id, order.external_id) for order in orders)
        found = sorted(
            (package.account_id or "", package.external_id or "") for package in packages
        )
        _claim(
            found == ordered,
            f"{len(packages):,} packages exist for {self.count:,} orders, and not one for each",
        )
        self.story.line(
            f"{len(packages):,} packages: one for each order, none missing and none twice, as "
            f"the emulator lists them."
        )

    async def _plan_again(self, client: AsyncClient) -> None:
        self.story.step("The same file again")
        self.story.command("wixreseller provision plan orders.csv -o again.json")
        summary = await self._plan(client, self.directory / "again.json")
        _claim(
            summary.counts.none == self.count,
            f"a second plan was to find everything there, and not {summary.counts}",
        )
        self.story.line(
            f"{summary.counts.none:,} existing, 0 to create, in {-(-self.count // 100)} queries: "
            f"nobody pays twice."
        )

    async def _plan(self, client: AsyncClient, path: Path) -> PlanSummary:
        orders = str(self._path)
        with OrderSource(orders, stdin=sys.stdin.buffer) as source:
            checked = source.check()
            return await plan_orders(
                client, source, checked, path, orders=orders, made_at=datetime.now(UTC)
            )


async def _carry_on(client: AsyncClient, plan: PlanFile) -> Report:
    def tell(_: Outcome) -> None:
        """Leave it to the bar."""

    async with open_plan_journal(client, plan, is_new=False) as journal:
        report = await execute(
            client,
            plan,
            journal,
            tell=tell,
            options=ExecutionOptions(resend_absent=True),
            requests_per_second=None,
            console=error_console(),
            indent=INDENT,
        )
    if report.reason is not None:
        raise _ClaimError(
            "stopped before its end; the emulator and the temporary files are gone",
            report.exit_code,
        )
    return report


def _when_killed(was_killed: bool, status: PlanStatus, exist: int) -> str:
    if not was_killed:
        return f"It was done before it could be killed: {exist:,} packages exist."
    counts = status.counts
    under_way = counts["intent"]
    told = (
        f"When it was killed, its journal held {counts['done']:,} orders as done, "
        f"{under_way:,} as under way and {counts['planned']:,} as not sent. "
    )
    there = min(max(exist - counts["done"], 0), under_way)
    if not under_way:
        return told
    return (
        f"{told}{there:,} of those under way exist, {under_way - there:,} do not: whoever sends "
        f"them all again pays {there:,} twice, and whoever sends none leaves "
        f"{under_way - there:,} out."
    )


def _looked(before: PlanStatus) -> str:
    if not (count := before.counts["intent"]):
        return ""
    return f"{count:,} were looked for, and only those sent that were not there; "


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


def _claim(holds: bool, otherwise: str) -> None:
    if not holds:
        raise _ClaimError(f"not as claimed: {otherwise}")


def _said(report: Report) -> str:
    return describe_counts({name: report.outcomes.get(name, 0) for name in OUTCOMES})
