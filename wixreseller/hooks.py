"""Let callers watch: functions that are told what happens to their calls.

A hook may be blocking or async. A blocking one runs on a worker thread, so that it can stop no
event loop; an exception in one is logged and never loses an answer. An :class:`Observer` watches
whole calls from within instead, as tracing needs it.
"""

from __future__ import annotations

from typing import Literal, Protocol

import attrs

from wixreseller._hooks import Hook, Hooks
from wixreseller.errors import OutcomeUnknownError, WixResellerError

__all__ = [
    "AttemptEnded",
    "AttemptStarting",
    "CallEnded",
    "CallObserver",
    "CallStarting",
    "Hook",
    "Hooks",
    "Observer",
    "Outcome",
    "Retrying",
    "UnknownOutcome",
]

Outcome = Literal["succeeded", "failed", "unknown", "cancelled"]
"""How a call ended. ``"unknown"``: a write that may have happened, cancelled or not."""


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
    failure: str | None = None
    """What kept the answer away: ``"timeout"``, or the name of the exception below this library.

    ``None`` where an answer came, and where the attempt was cancelled."""


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
class CallStarting:
    """Tell an observer that a logical call begins: one operation, with all its attempts."""

    operation: str
    account_id: str
    method: str
    url: str
    """Where every attempt goes, with path and query."""
    idempotency_key: str | None
    external_id: str | None
    """What the call gives, or looks for."""
    package_id: str | None
    """What the call is on; a create has none yet."""
    instance_id: str | None


@attrs.frozen(kw_only=True)
class CallEnded:
    """Tell an observer what came of a logical call."""

    outcome: Outcome
    error: BaseException | None
    """What is raised; do not keep it, for it holds the frames of the call."""
    package_id: str | None
    """The package that the call was on, or that its answer held."""
    attempts: int
    seconds: float
    """From beginning to end, waits included."""
    waited: float
    """Seconds spent waiting for the limiter and between attempts."""
    paced: float
    """Of them, those at the limiter."""


class CallObserver(Protocol):
    """Watch one logical call.

    Unlike hooks, these methods run on the event loop, within the task of the call: what they set
    in context variables holds for whatever the call does next, and they must not block. Every
    attempt that starts also ends, unless the call ends first. What they raise is logged.
    """

    def attempt_starting(self, event: AttemptStarting, /) -> None:
        """Hear that a request is about to be handed to the network."""
        ...

    def attempt_ended(self, event: AttemptEnded, /) -> None:
        """Hear what came of it."""
        ...

    def retrying(self, event: Retrying, /) -> None:
        """Hear that the call will be tried again."""
        ...

    def call_ended(self, event: CallEnded, /) -> None:
        """Hear what came of the call: once, whatever became of it."""
        ...


class Observer(Protocol):
    """Watch logical calls, of any number of threads and event loops at once."""

    def call_starting(self, event: CallStarting, /) -> CallObserver:
        """Hear that a call begins, and give who watches it; as :class:`CallObserver` does."""
        ...
