"""Let clients wait without waiting: time jumps for both sides instead."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, final

import wixreseller.client
from wixreseller._clock import Clock

if TYPE_CHECKING:
    import pytest

    from wixreseller.emulator import Clock as EmulatorClock

__all__ = ["FastTime"]


@final
class FastTime:
    """Hold how far time has jumped: ``skipped`` seconds in all."""

    def __init__(self, emulator: EmulatorClock) -> None:
        self._emulator = emulator
        self._lock = threading.Lock()
        self.skipped: float = 0.0

    def __repr__(self) -> str:
        return f"FastTime(skipped={self.skipped:g})"

    def skip(self, seconds: float) -> None:
        """Let so many seconds pass, for the emulator and for the clients of this test."""
        with self._lock:
            self._emulator.advance(seconds)
            self.skipped += seconds

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Give every client that is made from now on a clock of this time."""
        clock = Clock(monotonic=self._monotonic, posix=self._posix, sleep=self._sleep)
        monkeypatch.setattr(wixreseller.client, "Clock", lambda: clock)

    def _monotonic(self) -> float:
        return time.monotonic() + self.skipped

    def _posix(self) -> float:
        return time.time() + self.skipped

    async def _sleep(self, seconds: float) -> None:
        self.skip(max(0.0, seconds))
        await asyncio.sleep(0)
