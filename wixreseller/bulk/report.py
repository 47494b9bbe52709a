"""Write a run down for people: one page of HTML, made of its journal, that needs nothing else."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from wixreseller.bulk.catalogue import EMPTY, Catalogue
from wixreseller.bulk.journal_sqlite import SqliteJournal
from wixreseller.bulk.plan_file import PlanFile
from wixreseller.ratelimit import RateLimit

__all__ = ["write_report"]

_WIX_LIMIT = RateLimit()


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
    memory, and some ten seconds for a million orders.

    Raises:
        JournalError: the journal cannot be read.
        OSError: the report cannot be written.
    """
    raise NotImplementedError
