"""Let concurrent ensures of one external id share one flight."""

from __future__ import annotations

import asyncio
from typing import Literal

import attrs

from wixreseller.errors import OutcomeUnknownError
from wixreseller.models import Package

__all__ = ["Ensured", "Flight", "Flights"]


@attrs.frozen(kw_only=True)
class Ensured:
    """Tell what ``ensure`` found or made."""

    package: Package
    outcome: Literal["created", "existing"]


@attrs.frozen
class Flight:
    """Hold an ``ensure`` under way: its key, and what it comes to (``None``: it failed)."""

    key: str
    landed: asyncio.Future[Ensured | OutcomeUnknownError | None]


Flights = dict[tuple[asyncio.AbstractEventLoop, str, str], Flight]
"""By loop, account and external id."""
