"""Let concurrent ensures of one external id share one flight, on whatever loops they are."""

from __future__ import annotations

import asyncio
from typing import Literal

import attrs

from wixreseller.errors import OutcomeUnknownError
from wixreseller.models import Package

__all__ = ["Ensured", "Flight", "Flights", "Landed"]


@attrs.frozen(kw_only=True)
class Ensured:
    """Tell what ``ensure`` found or made."""

    package: Package
    outcome: Literal["created", "existing"]


@attrs.frozen
class Flight:
    """Hold an ``ensure`` under way: its key, and what it comes to (``None``: it failed)."""

    key: str
    loop: asyncio.AbstractEventLoop
    landed: asyncio.Future[Landed]


Landed = Ensured | OutcomeUnknownError | None

Flights = dict[tuple[int, str, str], Flight]
"""By process (a child has copies of flights that only its parent ends), account, external id."""
