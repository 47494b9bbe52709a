"""Let concurrent ensures of one external id share one flight, on whatever loops they are."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final, Literal

import attrs

from wixreseller._clock import Clock
from wixreseller.errors import OutcomeUnknownError
from wixreseller.models import Package

__all__ = ["Ensured", "Flight", "Flights", "Landed", "landing"]

_SECONDS_BETWEEN_LOOKS: Final = 0.02
"""At a flight of another loop."""
_SECONDS_HELD_UP: Final = 5.0
"""For so long another loop may not answer; then it is taken for one that waits for us."""


@attrs.frozen(kw_only=True)
class Ensured:
    """Tell what ``ensure`` found or made."""

    package: Package
    outcome: Literal["created", "existing"]


Landed = Ensured | OutcomeUnknownError | None
"""What an ``ensure`` came to; ``None``: it failed."""


@attrs.frozen
class Flight:
    """Hold an ``ensure`` under way: its key, and what it comes to."""

    key: str
    loop: asyncio.AbstractEventLoop
    landed: asyncio.Future[Landed]


Flights = dict[tuple[int, str, str], Flight]
"""By process (a child has copies of flights that only its parent ends), account, external id."""


async def landing(under_way: Flight, clock: Clock, until: float | None) -> Landed:
    """Wait for what a flight comes to; one of another loop, for as long as that loop runs.

    ``until`` is a moment of the clock, in seconds.

    Raises:
        TimeoutError: that moment passed first, or that loop is held up: by a blocking call that
            waits here, perhaps, and would for ever.
    """
    here, there = asyncio.get_running_loop(), under_way.loop
    heard = here.time()

    def hear() -> None:
        nonlocal heard
        heard = here.time()

    async with asyncio.timeout(None if until is None else until - clock.monotonic()):
        if there is here:
            return await asyncio.shield(under_way.landed)
        while not under_way.landed.done() and there.is_running():
            if here.time() - heard > _SECONDS_HELD_UP:
                raise TimeoutError
            with contextlib.suppress(RuntimeError):  # it was closed this moment
                there.call_soon_threadsafe(hear)
            await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)  # of real threads, whatever the clock says
    return under_way.landed.result() if under_way.landed.done() else None
