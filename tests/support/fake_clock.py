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


@attrs.define
class FakeClock:
    """Keep a time that only sleeping advances; run what sleeps with :meth:`drive`."""

    now: float = 1_000.0
    slept: list[float] = attrs.field(factory=list[float])
    _sleepers: list[tuple[float, int, asyncio.Future[None]]] = attrs.field(
        factory=list[tuple[float, int, "asyncio.Future[None]"]]
    )
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
            for _ in range(20):  # every task that is ready gets several turns
                await asyncio.sleep(0)
            if not task.done() and self._sleepers:
                at, _, sleeper = heapq.heappop(self._sleepers)
                self.now = max(self.now, at)
                if not sleeper.done():
                    sleeper.set_result(None)
        return await task
