"""Make calls wait for their turn: the asyncio side of the limiter."""

from __future__ import annotations

import asyncio
import threading
import weakref

from wixreseller._clock import Clock
from wixreseller._sentinels import NO_TIMEOUT
from wixreseller.ratelimit import RateLimit, SlotLog

__all__ = ["Pacer", "WouldWaitError"]


class WouldWaitError(Exception):
    """Report that the turn would come too late. Stays inside this library."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class Pacer:
    """Hand out turns in the order of asking; shared by a client and its views.

    One client may serve several event loops in several threads: the slots are shared under a
    lock, the order of asking holds within a loop.
    """

    def __init__(self, limit: RateLimit, clock: Clock) -> None:
        self._limit = limit
        self._clock = clock
        self._slots = SlotLog(limit.requests, limit.per)
        self._lock = threading.Lock()
        self._queues: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = (
            weakref.WeakKeyDictionary()
        )
        self._waiting = 0

    async def take(self) -> float:
        """Wait for a turn; give the seconds waited. Every turn taken must be given back.

        Raises:
            WouldWaitError: it would take longer than ``max_wait``.
        """
        began = self._clock.monotonic()
        with self._lock:
            if self._waiting == 0 and self._slots.take(began):
                return 0.0
            self._refuse_if_late(self._slots.wait_expected(began, self._waiting))
            self._waiting += 1
        try:
            async with self._queue():
                await self._wait_for_slot(began)
        finally:
            with self._lock:
                self._waiting -= 1
        return self._clock.monotonic() - began

    def give_back(self) -> None:
        """End a turn: its request has been answered, or given up."""
        with self._lock:
            self._slots.give_back(self._clock.monotonic())

    async def _wait_for_slot(self, began: float) -> None:
        while True:
            now = self._clock.monotonic()
            with self._lock:
                if self._slots.take(now):
                    return
                seconds = self._slots.wait_expected(now)
            self._refuse_if_late(now - began + seconds)
            await self._clock.sleep(seconds)

    def _refuse_if_late(self, seconds: float) -> None:
        if self._limit.max_wait is not NO_TIMEOUT and seconds > self._limit.max_wait:
            raise WouldWaitError(seconds)

    def _queue(self) -> asyncio.Lock:
        loop = asyncio.get_running_loop()
        with self._lock:
            return self._queues.setdefault(loop, asyncio.Lock())
