"""Plan orders: look at what exists, and say what is to be done about each. Only reads."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Iterable,
    Mapping,
    Sequence,
)
from typing import TYPE_CHECKING, Final, Literal

import attrs

from wixreseller.bulk.journal import Entry, entry_of
from wixreseller.bulk.lookup import MOST_IN_A_LOOK, calls_of, find_packages
from wixreseller.bulk.orders import Order
from wixreseller.bulk.verdicts import planned_as
from wixreseller.ratelimit import RateLimit

if TYPE_CHECKING:
    from wixreseller.client import AsyncClient

__all__ = ["Action", "PlanCounts", "PlanRow", "make_plan", "seconds_at"]

Action = Literal["create", "cancel", "none", "conflict"]
"""What a plan says of an order: send it; there is nothing to do; its external id is taken."""

# Looks that run side by side: enough for the rate limit to be what bounds them.
_LOOKS_AT_ONCE: Final = 4


@attrs.frozen(kw_only=True)
class PlanRow:
    """Hold an order with what is to be done about it."""

    entry: Entry
    lines: tuple[int, ...] = ()
    """The line of the order file on which each of its rows begins."""
    rows: tuple[Mapping[str, str], ...] = ()
    """Its rows as they stood in the order file."""

    @property
    def action(self) -> Action:
        """What is to be done."""
        if self.entry.expects == "done":
            return "none"
        return "conflict" if self.entry.expects == "conflict" else self.entry.operation


@attrs.frozen(kw_only=True)
class PlanCounts:
    """Count the orders of a plan by what is to be done about them."""

    create: int = 0
    cancel: int = 0
    none: int = 0
    conflict: int = 0

    def __add__(self, row: PlanRow) -> PlanCounts:
        """Count one more."""
        return attrs.evolve(self, **{row.action: getattr(self, row.action) + 1})

    @property
    def orders(self) -> int:
        """How many there are."""
        return self.create + self.cancel + self.none + self.conflict

    @property
    def calls(self) -> int:
        """How many requests it takes at the least: one for each to send, and looks before."""
        looked_at = self.orders - self.conflict
        return math.ceil(looked_at / MOST_IN_A_LOOK) + self.create + self.cancel


def seconds_at(limit: RateLimit | None, calls: int) -> float:
    """Give the seconds that so many requests take at a rate limit, at best.

    A window's worth may leave at once, another when the first are a window old, and so on.
    """
    if limit is None or not calls:
        return 0.0
    return (calls - 1) // limit.requests * limit.per


async def make_plan(
    client: AsyncClient, orders: Iterable[Order] | AsyncIterable[Order]
) -> AsyncIterator[PlanRow]:
    """Look orders up, a hundred in a query, and give what is to be done about each, in order.

    Memory stays constant. Nothing is written at Wix.

    Raises:
        WixResellerError: it could not be looked.
    """
    calls = calls_of(client)

    async def look(chunk: Sequence[PlanRow]) -> Sequence[PlanRow]:
        found = await find_packages(calls, [row.entry for row in chunk])
        return [
            attrs.evolve(row, entry=planned_as(row.entry, found[row.entry.number])) for row in chunk
        ]

    async with contextlib.aclosing(_waves(orders)) as waves:
        async for rows in waves:
            chunks = [
                rows[start : start + MOST_IN_A_LOOK]
                for start in range(0, len(rows), MOST_IN_A_LOOK)
            ]
            for planned in await asyncio.gather(*map(look, chunks)):
                for row in planned:
                    yield row


async def _waves(
    orders: Iterable[Order] | AsyncIterable[Order],
) -> AsyncGenerator[Sequence[PlanRow], None]:
    """Give the orders, numbered, as many at a time as are looked up side by side."""
    wave: list[PlanRow] = []
    number = 0
    async for order in _each(orders):
        wave.append(PlanRow(entry=entry_of(order, number), lines=order.lines, rows=order.rows))
        number += 1
        if len(wave) == MOST_IN_A_LOOK * _LOOKS_AT_ONCE:
            yield wave
            wave = []
    if wave:
        yield wave


async def _each(orders: Iterable[Order] | AsyncIterable[Order]) -> AsyncIterator[Order]:
    if isinstance(orders, AsyncIterable):
        async for order in orders:
            yield order
    else:
        for order in orders:
            yield order
