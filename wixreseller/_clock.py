"""Hold what a call takes from the world beside the network: time and chance."""

from __future__ import annotations

import functools
import time
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

import attrs

__all__ = ["CLOCK_MARGIN", "Clock", "ServerClock"]

CLOCK_MARGIN: Final = 5.0
"""Seconds by which clocks may be off for a moment that Wix tells to prove a thing.

The server's clock is known from the Date header, which has whole seconds, to half of that and half
of a round trip; and what answers need not be the machine that dates a package.
"""


async def _sleep(seconds: float) -> None:
    import asyncio  # a client that has made no call needs no event loop

    await asyncio.sleep(seconds)


def _chance() -> float:
    import random  # nor a generator that takes as long to load

    return random.random()  # noqa: S311  # spreads out, keeps nothing secret


@attrs.frozen(kw_only=True)
class Clock:
    """Give the time, wait, and draw a random number; tests pass their own functions."""

    monotonic: Callable[[], float] = time.monotonic
    """Seconds on a clock that never goes back."""
    posix: Callable[[], float] = time.time
    """Seconds since 1970 in UTC."""
    sleep: Callable[[float], Awaitable[None]] = _sleep
    chance: Callable[[], float] = _chance
    """A number from 0 to 1, for jitter."""


class ServerClock(NamedTuple):
    """Say how far a server's clock is ahead of ours, in seconds, and how sure that is."""

    offset: float
    uncertainty: float

    @classmethod
    def from_date(cls, date: str | None, sent: float, received: float) -> ServerClock | None:
        """Read it from a ``Date`` header of an answer; POSIX times of the request's ends.

        The header has whole seconds, cut off, and was written at some time between the two.
        """
        told = None if date is None else _read_date(date)
        if told is None:
            return None
        return cls(
            offset=told + 0.5 - (sent + received) / 2,
            uncertainty=0.5 + abs(received - sent) / 2,  # less than 0 if it was set back meanwhile
        )


@functools.lru_cache(maxsize=16)
def _read_date(date: str) -> float | None:
    # Remembered: all answers of a second have the same one, and it takes long to read.
    from email.utils import parsedate_to_datetime  # a client that asks for no time needs none of it

    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
