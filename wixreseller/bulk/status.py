"""Say how far a plan is, from its journal alone, also while another process writes it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import attrs
import orjson

from wixreseller.bulk.execution import CANCELS_CONFIRMED, all_counts
from wixreseller.bulk.journal import State
from wixreseller.bulk.journal_file import is_blank
from wixreseller.bulk.journal_holder import holder_of
from wixreseller.bulk.journal_sqlite import open_journal
from wixreseller.bulk.plan_file import PLAN_SHA256, PlanFile
from wixreseller.errors import JournalError

__all__ = ["PlanStatus", "read_status", "status_json"]

_RECENT: Final = 60.0
"""Seconds over which the rate is taken."""
_MOST_STEPS: Final = 20_000


@attrs.frozen(kw_only=True)
class PlanStatus:
    """Say how far a plan is."""

    orders: int
    counts: Mapping[State, int]
    """How many orders are in which state; what was not come to is ``planned``."""
    holder: str | None = None
    """Which process writes the journal now."""
    began: datetime | None = None
    """When the first order was taken in; ``None``: the plan was never applied."""
    last: datetime | None = None
    """When the last step of an order was written down."""
    orders_per_minute: float = 0.0
    """How many orders got an outcome in the minute before ``last``."""
    cancels_confirmed: int | None = None
    """How many cancels someone agreed to when it was applied."""

    @property
    def is_applied(self) -> bool:
        """Whether there is a journal."""
        return self.began is not None

    @property
    def open(self) -> int:
        """How many orders a resumed run has something to do for."""
        return self.counts["planned"] + self.counts["intent"] + self.counts["unknown"]


async def read_status(plan: PlanFile) -> PlanStatus:
    """Read how far a plan is; nothing is written, and nothing is asked of Wix.

    Raises:
        JournalError: the journal cannot be read, or is of another plan.
    """
    orders, path = plan.counts.orders, plan.journal_path
    nothing: dict[State, int] = {
        "planned": orders, "intent": 0, "done": 0, "failed": 0, "unknown": 0
    }  # fmt: skip
    if not path.exists():
        return PlanStatus(orders=orders, counts=nothing)
    holder = holder_of(path)
    if await asyncio.to_thread(is_blank, path):
        began = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        return PlanStatus(orders=orders, counts=nothing, holder=holder, began=began)
    async with await open_journal(path, is_reader=True) as journal:
        counts = await journal.counts()
        facts = await journal.facts()
        # A run that was killed at its very beginning has written nothing down.
        if facts.get(PLAN_SHA256) not in (None, plan.sha256):
            raise JournalError(
                f"the journal {path} is of another plan than {plan.path} is now", path=str(path)
            )
        confirmed = facts.get(CANCELS_CONFIRMED)
        first, last, ended = await journal.read(_read_pace)
    return PlanStatus(
        orders=orders,
        counts=all_counts(orders, counts),
        holder=holder,
        began=datetime.fromtimestamp(first or path.stat().st_mtime, UTC),
        last=None if last is None else datetime.fromtimestamp(last, UTC),
        orders_per_minute=ended,
        cancels_confirmed=confirmed if isinstance(confirmed, int) else None,
    )


def _read_pace(connection: sqlite3.Connection) -> tuple[float | None, float | None, float]:
    """Give the times of the first and of the last step, and the outcomes a minute at the end."""
    (first,) = connection.execute(
        "SELECT (SELECT at FROM transitions ORDER BY id LIMIT 1)"
    ).fetchone()
    steps = connection.execute(
        "SELECT at, state FROM transitions ORDER BY id DESC LIMIT ?", (_MOST_STEPS,)
    ).fetchall()
    if not steps:
        return first, None, 0.0
    last = steps[0][0]
    ends = [at for at, state in steps if state in ("done", "failed", "unknown")]
    recent = [at for at in ends if last - at < _RECENT]
    span = min(_RECENT, max(last - min(first, *recent), 1.0)) if recent else 1.0
    if len(recent) == len(ends) and len(steps) == _MOST_STEPS:
        span = max(last - min(recent), 0.001)  # all that was read is of less than a minute
    return first, last, len(recent) * 60.0 / span


def status_json(status: PlanStatus) -> bytes:
    """Write a status as a line of JSON."""
    record = {
        "orders": status.orders,
        "counts": dict(status.counts),
        "open": status.open,
        "holder": status.holder,
        "began": status.began,
        "last": status.last,
        "orders_per_minute": round(status.orders_per_minute, 1),
    }
    return orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
