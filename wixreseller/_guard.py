"""Follow one attempt: how far it got, and that it goes out once.

No I/O of its own: this is what :mod:`wixreseller._transport` hands to aiohttp.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Coroutine
from typing import Any, Final

import aiohttp
from aiohttp.client_middlewares import ClientHandlerType

__all__ = ["NoAnswerError", "OnePass", "Phase", "Progress", "phase_unguarded", "tracer"]

# What aiohttp raises before there is a connection, and so before a byte of the request has left.
_NOT_CONNECTED: Final = (
    aiohttp.ClientConnectorError,
    aiohttp.ClientConnectorCertificateError,
    aiohttp.ClientHttpProxyError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.InvalidURL,
)


# `Any`, because aiohttp gives each signal parameters of a class of its own.
_Signal = Callable[[aiohttp.ClientSession, Any, Any], Coroutine[Any, Any, None]]


class Phase(enum.Enum):
    """Name how far an attempt got; the value reads on from "timed out while"."""

    PACING = "waiting for the limiter"
    PREPARING = "waiting for a free connection or the API key"
    CONNECTING = "connecting"
    SENDING = "sending"
    ANSWERING = "waiting for the answer"
    READING = "reading the answer"
    RETRYING = "waiting to try again"


_SENT: Final = frozenset({Phase.SENDING, Phase.ANSWERING, Phase.READING})


class Progress:
    """Hold the phase of one attempt, written while it runs."""

    __slots__ = ("phase",)

    def __init__(self, phase: Phase = Phase.PACING) -> None:
        self.phase = phase

    @property
    def may_have_sent(self) -> bool:
        """Whether a byte of the request may have left this machine."""
        return self.phase in _SENT


class NoAnswerError(Exception):
    """Report that an attempt got no answer. Stays inside this library."""

    def __init__(self, reason: str, *, timed_out: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.timed_out = timed_out


class OnePass:
    """Refuse the second pass of a request: the guard against replays below this library.

    aiohttp sends a request with an idempotent method again by itself when the connection drops,
    and cancels are DELETEs. As the innermost middleware this sees every pass, those of the user's
    own retrying middlewares included.
    """

    __slots__ = ("_begins", "_failure", "_progress", "was_passed")

    def __init__(self, progress: Progress, begins: Phase) -> None:
        self._progress = progress
        self._begins = begins
        self._failure: Exception | None = None
        self.was_passed = False

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: ClientHandlerType
    ) -> aiohttp.ClientResponse:
        if self.was_passed:
            raise self._failure or NoAnswerError(
                "a middleware tried to send the same request a second time, which is refused"
            )
        self.was_passed = True
        self._progress.phase = self._begins
        try:
            return await handler(request)
        except Exception as error:
            self._failure = error
            if isinstance(error, _NOT_CONNECTED):
                self._progress.phase = Phase.CONNECTING
            raise


def tracer() -> aiohttp.TraceConfig:
    """Follow the phases of the attempts of a session of ours, through aiohttp's own signals."""

    def moves_to(phase: Phase) -> _Signal:
        async def move(_session: aiohttp.ClientSession, context: Any, _params: Any) -> None:
            progress = getattr(context, "trace_request_ctx", None)
            if isinstance(progress, Progress):
                progress.phase = phase

        return move

    trace = aiohttp.TraceConfig()
    # With a connection in hand, aiohttp may begin to write at once.
    trace.on_connection_create_end.append(moves_to(Phase.SENDING))
    trace.on_connection_reuseconn.append(moves_to(Phase.SENDING))
    trace.on_request_headers_sent.append(moves_to(Phase.ANSWERING))
    return trace


def phase_unguarded(error: Exception) -> Phase:
    """Judge a failure that came before the guard was passed.

    A middleware of the user's raised it, or something stands in for aiohttp's own way to the
    network (a test's mock, say): then what is not proven unsent counts as sent.
    """
    if isinstance(error, _NOT_CONNECTED):
        return Phase.CONNECTING
    return Phase.SENDING if isinstance(error, (aiohttp.ClientError, OSError)) else Phase.PREPARING
