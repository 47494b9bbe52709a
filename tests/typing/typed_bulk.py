"""Bulk functions give the same types with both clients. Checked by mypy and pyright; never run."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import assert_type

from wixreseller import AsyncClient, Client, bulk
from wixreseller.bulk import Order, Outcome, PlanFile, SqliteJournal
from wixreseller.bulk.findings import Finding
from wixreseller.bulk.journal import Entry
from wixreseller.bulk.order_source import Checked, OrderSource
from wixreseller.bulk.plan import PlanRow
from wixreseller.bulk.planning import PlanSummary
from wixreseller.bulk.verify_findings import VerifiedRow
from wixreseller.sync import bulk as blocking
from wixreseller.sync._batches import Batches


async def awaited(
    client: AsyncClient, plan: PlanFile, source: OrderSource, some: AsyncIterable[Order]
) -> None:
    async for outcome in bulk.run(client, some, stop=bulk.Stop()):
        assert_type(outcome, Outcome)
    async for outcome in bulk.run(client, source):
        assert_type(outcome, Outcome)
    async for outcome in bulk.run(client, plan.entries()):
        assert_type(outcome, Outcome)
    assert_type(await bulk.make_plan(client, some).__anext__(), PlanRow)
    assert_type(bulk.make_plan(client, source), AsyncIterator[PlanRow])
    assert_type([one async for one in bulk.audit(client)], list[Finding])


def blocked(
    client: Client, plan: PlanFile, source: OrderSource, checked: Checked, some: Iterable[Entry]
) -> None:
    stop = blocking.Stop()
    assert_type(blocking.run(client, source, journal="x", stop=stop), Batches[Outcome])
    assert_type(blocking.run(client, some), Batches[Outcome])
    assert_type(blocking.run(client, plan.entries()), Batches[Outcome])
    assert_type(blocking.make_plan(client, source), Batches[PlanRow])
    assert_type([one for one in blocking.audit(client)], list[Finding])  # noqa: C416  # as a loop does
    with (
        blocking.apply(client, plan, stop=stop) as outcomes,
        closing(SqliteJournal(plan.journal_path, is_reader=True)) as journal,
    ):
        for outcome in outcomes:
            assert_type(outcome, Outcome)
        for row in blocking.verify(client, plan, journal):
            assert_type(row, VerifiedRow)
    assert_type(
        blocking.plan_orders(
            client, source, checked, Path("x"), orders="x", made_at=datetime.now(UTC), tell=print
        ),
        PlanSummary,
    )
