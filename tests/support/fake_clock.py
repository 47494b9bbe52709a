"""Offer a clock that stands still until every task waits."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Coroutine
from typing import Any, TypeVar

import attrs

from wixreseller._clock import Clock

T = TypeVar("T")
_Sleeper = tuple[float, int, "asyncio.Future[None]"]


@attrs.define
class FakeClock:
    """Keep a time that only sleeping advances; run what sleeps with :meth:`drive`."""

    now: float = 1_000.0
    slept: list[float] = attrs.field(factory=list[float])
    _sleepers: list[_Sleeper] = attrs.field(factory=list[_Sleeper])
    _order: itertools.count[int] = attrs.field(factory=itertools.count)

    def clock(self, chance: float = 0.0) -> Clock:
        """Give it in the form that the library takes."""
        return Clock(
            monotonic=lambda: self.now,
            posix=lambda: self.now,
            sleep=self.sleep,
            chance=lambda: chance,
        )

    async def sleep(self, seconds: float) -> None:
        """Sleep until :meth:`drive` has advanced the time so far."""
        self.slept.append(seconds)
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now + seconds, next(self._order), woken))
        await woken

    async def drive(self, work: Coroutine[Any, Any, T]) -> T:
        """Run work to its end, advancing the time to the next sleeper whenever all wait."""
        task = asyncio.ensure_future(work)
        while not task.done():
            await self.settle()
            if not task.done():
                self._advance()
        return await task

    async def settle(self) -> None:
        """Give every task its turns until all wait; no time passes."""
        ready = getattr(asyncio.get_running_loop(), "_ready", ())
        quiet = 0
        while quiet < 3:  # what waits for the network may become ready by the next look
            await asyncio.sleep(0)
            quiet = 0 if ready else quiet + 1

    def _advance(self) -> None:
        """Go to the next moment at which somebody wakes, and wake all who do."""
        moment: float | None = None
        while self._sleepers and (moment is None or self._sleepers[0][0] <= moment):
            at, _, sleeper = heapq.heappop(self._sleepers)
            if not sleeper.done():  # else it was cancelled, and nobody waits for that moment
                moment = self.now = max(self.now, at)
                sleeper.set_result(None)
