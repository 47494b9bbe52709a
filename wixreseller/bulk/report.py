"""Write a run down for people: one page of HTML, made of its journal, that needs nothing else."""

from __future__ import annotations

import asyncio
import os
from datetime import datetime
from pathlib import Path
from typing import Final

from wixreseller.bulk.catalogue import EMPTY, Catalogue
from wixreseller.bulk.journal_sqlite import SqliteJournal
from wixreseller.bulk.plan_file import PLAN_SHA256, PlanFile
from wixreseller.bulk.report_numbers import add_up
from wixreseller.bulk.report_page import Heading, page
from wixreseller.errors import JournalError
from wixreseller.ratelimit import RateLimit

__all__ = ["write_report"]

_WIX_LIMIT: Final = RateLimit()


async def write_report(
    plan: PlanFile | None,
    journal: SqliteJournal,
    out: Path,
    *,
    catalogue: Catalogue = EMPTY,
    limit: RateLimit | None = _WIX_LIMIT,
    made_at: datetime | None = None,
) -> None:
    """Write the report of a run, whole or not at all; a file at ``out`` is replaced.

    ``journal`` may be open for reading only, and its run may still go on: all numbers are of one
    moment. ``plan`` adds what was planned, ``catalogue`` the names of products, ``limit`` is what
    the throughput is shown against, and ``made_at`` the date on the page. It takes constant
    memory, and less than a minute for a million orders.

    Raises:
        JournalError: the journal is of another plan, or cannot be read.
        OSError: the report cannot be written.
    """
    window = _WIX_LIMIT.per if limit is None else limit.per
    numbers = await journal.read(lambda connection: add_up(connection, window))
    told = numbers.facts.get(PLAN_SHA256)
    if plan is not None and told not in (None, plan.sha256):
        raise JournalError(
            f"the journal {journal.path} is of another plan than {plan.path} is now",
            path=str(journal.path),
        )
    plan_name = plan.path.name if plan else numbers.facts.get("plan")
    heading = Heading(
        journal_name=journal.path.name,
        plan_name=plan_name if isinstance(plan_name, str) else None,
        plan=plan.head if plan else None,
        planned=plan.counts if plan else None,
        made_at=made_at,
    )
    text = page(numbers, heading, limit, catalogue)
    await asyncio.to_thread(_replace, out, text.encode("utf-8", "replace"))


def _replace(path: Path, data: bytes) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_bytes(data)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
