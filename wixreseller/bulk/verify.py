"""Prove afterwards, order by order, that what was asked is there, once. Only reads.

Plan, journal and live state are compared: the plan says what was asked, the journal what was done,
Wix what is. A hundred orders share a query, and memory stays constant.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from wixreseller.bulk.journal_sqlite import SqliteJournal
from wixreseller.bulk.order_source import sha256_of
from wixreseller.bulk.plan_file import PlanFile
from wixreseller.bulk.verify_findings import VerifiedRow

if TYPE_CHECKING:
    from wixreseller.client import AsyncClient

__all__ = ["OrderFileState", "order_file_state", "verify"]

OrderFileState = Literal["unchanged", "changed", "gone", "not_kept"]
"""What became of the file that a plan was made of; standard input is not kept."""


def order_file_state(plan: PlanFile) -> OrderFileState:
    """Say whether the order file is the one that was planned, by its hash.

    Raises:
        OSError: it cannot be read.
    """
    if plan.head.orders_path is None:
        return "not_kept"
    path = Path(plan.head.orders_path)
    if not path.is_file():
        return "gone"
    return "unchanged" if sha256_of(path) == plan.head.orders_sha256 else "changed"


async def verify(
    client: AsyncClient, plan: PlanFile, journal: SqliteJournal | None
) -> AsyncGenerator[VerifiedRow, None]:
    """Compare plan, journal and live state, and give what each order comes to, in their order.

    ``journal`` is that of the plan, open for reading; ``None`` compares plan and live state alone.
    Orders that look amiss, and were sent so lately that Wix may not show them yet, are looked at
    again when the client's ``settle_window`` is over.

    Raises:
        ConfigurationError: the plan was made against another server, or was changed meanwhile.
        JournalError: the journal is of another plan, or cannot be read.
        WixResellerError: it could not be looked.
    """
    await asyncio.sleep(0)
    raise NotImplementedError
    yield
