"""Let calls stand in line, one line for an event loop, each asleep until woken; and hold turns."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections import OrderedDict
from typing import TYPE_CHECKING

import attrs

from wixreseller._clock import Clock
from wixreseller._sentinels import NO_TIMEOUT, Seconds

if TYPE_CHECKING:
    from wixreseller._pacing_file import Grant

__all__ = ["Line", "Place", "Turn", "WouldWaitError"]


class WouldWaitError(Exception):
    """Report that the turn would come too late. Stays inside this library."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


@attrs.define(eq=False)
class Turn:
    """Allow one request. It is given back exactly once, whatever became of the request."""

    waited: float
    """Seconds from asking to getting it."""
    epoch: int
    is_probe: bool
    life: int
    grant: Grant | None = None

    @property
    def is_any_probe(self) -> bool:
        """Say whether others wait for what becomes of this one."""
        return self.is_probe or (self.grant is not None and self.grant.is_probe)


@attrs.define(eq=False)
class Place:
    """Stand in the line of a loop."""

    loop: asyncio.AbstractEventLoop
    began: float
    max_wait: Seconds
    nap: asyncio.Timeout | None = None

    async def sleep(self, clock: Clock, seconds: float) -> None:
        """Sleep until woken, for so many seconds at the most."""
        self.nap = asyncio.timeout(None)
        try:
            async with self.nap:
                if seconds == math.inf:
                    await self.loop.create_future()
                await clock.sleep(seconds)
        except TimeoutError:
            if not self.nap.expired():
                raise
        finally:
            self.nap = None

    def wake(self) -> None:
        """End the sleep, from any thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody sleeps there
            self.loop.call_soon_threadsafe(self._end_nap)

    def _end_nap(self) -> None:
        if self.nap is not None and not self.nap.expired():
            self.nap.reschedule(0.0)

    def refuse_if_late(self, now: float, seconds: float) -> None:
        """Raise, if a turn after so many more seconds would come too late."""
        if self.max_wait is NO_TIMEOUT:
            return
        total = now - self.began + seconds
        if total > self.max_wait:
            raise WouldWaitError(total)

    def rest(self, now: float) -> float:
        """Give the seconds that it may wait yet."""
        if self.max_wait is NO_TIMEOUT:
            return math.inf
        return max(0.0, self.began + self.max_wait - now)


Line = OrderedDict[Place, None]
"""Who waits, in the order of asking. A dict finds its first slowly once many have left it."""
