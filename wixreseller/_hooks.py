"""Hold what a client is told of hooks; what hooks are told is in :mod:`wixreseller.hooks`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import attrs

if TYPE_CHECKING:
    from wixreseller.hooks import (
        AttemptEnded,
        AttemptStarting,
        Observer,
        Retrying,
        UnknownOutcome,
    )

__all__ = ["Hook", "Hooks"]

E = TypeVar("E")
Hook = Callable[[E], None] | Callable[[E], Awaitable[None]]
"""A function that takes an event, blocking or async."""


@attrs.frozen(kw_only=True)
class Hooks:
    """Hold the functions to call, and an observer of whole calls, all of them optional."""

    before_attempt: Hook[AttemptStarting] | None = None
    after_attempt: Hook[AttemptEnded] | None = None
    on_retry: Hook[Retrying] | None = None
    """Told before an attempt is made again, and in a bulk run before an order is."""
    on_unknown: Hook[UnknownOutcome] | None = None
    observer: Observer | None = None
    """:class:`wixreseller.otel.Telemetry`, say."""
