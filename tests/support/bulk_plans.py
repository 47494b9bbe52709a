"""Plan orders, apply the plan, and read its journal, as a user of the library does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from wixreseller import AsyncClient
from wixreseller.bulk import Order, Outcome
from wixreseller.bulk.applying import apply
from wixreseller.bulk.journal_sqlite import SqliteJournal
from wixreseller.bulk.plan import make_plan
from wixreseller.bulk.plan_file import PlanFile, PlanHead, write_plan
from wixreseller.bulk.stopping import Stop

PLANNED_AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


async def plan_of(
    client: AsyncClient, folder: Path, asked: Iterable[Order], *, name: str = "orders"
) -> PlanFile:
    """Plan orders, as though they stood in a file of that name."""
    listed = list(asked)
    source = folder / f"{name}.csv"
    source.write_text("".join(json.dumps(order.external_id) + "\n" for order in listed))
    path = folder / f"{name}.json"
    calls = client._calls  # pyright: ignore[reportPrivateUsage]
    head = PlanHead(
        made_at=PLANNED_AT,
        base_url=calls.config.base_url,
        orders_name=source.name,
        orders_path=str(source),
        orders_sha256=hashlib.sha256(source.read_bytes()).hexdigest(),
    )
    await write_plan(path, head, make_plan(client, listed))
    return PlanFile(path)


async def applied(
    client: AsyncClient, plan: PlanFile, *, stop: Stop | None = None
) -> Sequence[Outcome]:
    """Apply a plan, and give what became of its orders."""
    return [outcome async for outcome in apply(client, plan, stop=stop)]


def reading(plan: PlanFile) -> SqliteJournal:
    """Open the journal of a plan, for reading only."""
    return SqliteJournal(plan.journal_path, is_reader=True)
