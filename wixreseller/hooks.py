"""Let callers watch: functions that are told what happens to their calls.

A hook may be blocking or async. A blocking one runs on a worker thread, so that it can stop no
event loop; an exception in one is logged and never loses an answer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import attrs

from wixreseller.errors import OutcomeUnknownError, WixResellerError

__all__ = ["AttemptEnded", "AttemptStarting", "Hook", "Hooks", "Retrying", "UnknownOutcome"]

E = TypeVar("E")
Hook = Callable[[E], None] | Callable[[E], Awaitable[None]]
"""A function that takes an event, blocking or async."""


@attrs.frozen(kw_only=True)
class AttemptStarting:
    """Tell that a request is about to be handed to the network."""

    operation: str
    account_id: str
    attempt: int
    """1 for the first."""
    idempotency_key: str | None
    external_id: str | None


@attrs.frozen(kw_only=True)
class AttemptEnded:
    """Tell what came of a request."""

    operation: str
    account_id: str
    attempt: int
    seconds: float
    """From handing it over to the end of its answer."""
    status: int | None
    """HTTP status, or ``None`` where no answer came."""
    request_id: str | None
    phase: str
    """How far it got."""


@attrs.frozen(kw_only=True)
class Retrying:
    """Tell that a call will be tried again."""

    operation: str
    account_id: str
    attempts: int
    """How many were made so far."""
    delay: float
    """Seconds until the next, its turn at the limiter not counted."""
    error: WixResellerError


@attrs.frozen(kw_only=True)
class UnknownOutcome:
    """Tell of a write that was sent and may have happened. Keep what this says.

    Sent before the state is looked at, and also when a call is cancelled after it was sent.
    """

    error: OutcomeUnknownError
    was_cancelled: bool = False


@attrs.frozen(kw_only=True)
class Hooks:
    """Hold the functions to call, all of them optional."""

    before_attempt: Hook[AttemptStarting] | None = None
    after_attempt: Hook[AttemptEnded] | None = None
    on_retry: Hook[Retrying] | None = None
    on_unknown: Hook[UnknownOutcome] | None = None
