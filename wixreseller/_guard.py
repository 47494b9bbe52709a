"""Follow one attempt: how far it got, and that it goes out once.

No I/O of its own: this is what :mod:`wixreseller._transport` hands to aiohttp.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final

import aiohttp
from aiohttp.client_middlewares import ClientHandlerType

from wixreseller.matrix import Phase

__all__ = ["NoAnswerError", "OnePass", "Progress", "phase_unguarded", "tracer"]

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


class Progress:
    """Hold the phase of one attempt, written while it runs."""

    __slots__ = ("phase",)

    def __init__(self, phase: Phase = Phase.PACING) -> None:
        self.phase: Phase = phase


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
                self._progress.phase = _phase_of_connecting(error)
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
    # Also after a kept connection turned out to be closed.
    trace.on_connection_create_start.append(moves_to(Phase.CONNECTING))
    trace.on_dns_resolvehost_start.append(moves_to(Phase.RESOLVING))
    trace.on_dns_resolvehost_end.append(moves_to(Phase.CONNECTING))
    # With a connection in hand, aiohttp may begin to write at once.
    trace.on_connection_create_end.append(moves_to(Phase.SENDING))
    trace.on_connection_reuseconn.append(moves_to(Phase.SENDING))
    trace.on_request_headers_sent.append(moves_to(Phase.ANSWERING))
    return trace


def _phase_of_connecting(error: Exception) -> Phase:
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return Phase.RESOLVING
    if isinstance(
        error, (aiohttp.ClientConnectorSSLError, aiohttp.ClientConnectorCertificateError)
    ):
        return Phase.SECURING
    return Phase.CONNECTING


def phase_unguarded(error: Exception) -> Phase:
    """Judge a failure that came before the guard was passed.

    A middleware of the user's raised it, or something stands in for aiohttp's own way to the
    network (a test's mock, say): then what is not proven unsent counts as sent.
    """
    if isinstance(error, _NOT_CONNECTED):
        return _phase_of_connecting(error)
    return Phase.SENDING if isinstance(error, (aiohttp.ClientError, OSError)) else Phase.PREPARING
