"""Hold what a call takes from the world beside the network: time and chance."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable

import attrs

__all__ = ["Clock"]


@attrs.frozen(kw_only=True)
class Clock:
    """Give the time, wait, and draw a random number; tests pass their own functions."""

    monotonic: Callable[[], float] = time.monotonic
    """Seconds on a clock that never goes back."""
    posix: Callable[[], float] = time.time
    """Seconds since 1970 in UTC."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    chance: Callable[[], float] = random.random
    """A number from 0 to 1, for jitter."""
