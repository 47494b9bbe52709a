"""Follow one attempt: how far it got, and that it goes out once.

No I/O of its own: this is what :mod:`wixreseller._transport` hands to aiohttp.
"""

from __future__ import annotations

import socket
from contextvars import ContextVar
from typing import Final

import aiohttp
from aiohttp.abc import AbstractStreamWriter, ResolveResult
from aiohttp.client_middlewares import ClientHandlerType
from aiohttp.connector import Connection

from wixreseller._phase import Phase

__all__ = [
    "SPOKE_UNASKED",
    "Body",
    "NoAnswerError",
    "OnePass",
    "Progress",
    "Resolver",
    "has_spoken",
    "note_connection",
    "phase_unguarded",
]

# What aiohttp raises before there is a connection, and so before a byte of the request has left.
_NOT_CONNECTED: Final = (
    aiohttp.ClientConnectorError,
    aiohttp.ClientConnectorCertificateError,
    aiohttp.ClientHttpProxyError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.InvalidURL,
)


SPOKE_UNASKED: Final = "the server spoke on the connection before it was asked"


class Progress:
    """Hold the phase of one attempt, written while it runs."""

    __slots__ = ("is_over", "phase")

    def __init__(self, phase: Phase = Phase.PACING) -> None:
        self.phase: Phase = phase
        self.is_over: bool = False
        """Whether it has been judged by its phase. What has not been sent by then, never may be."""


_attempt: Final[ContextVar[Progress | None]] = ContextVar("attempt", default=None)
"""The attempt whose request aiohttp is working on, in this task."""


class NoAnswerError(Exception):
    """Report that an attempt got no answer. Stays inside this library."""

    def __init__(self, reason: str, *, timed_out: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.timed_out = timed_out

    @property
    def kind(self) -> str:
        """What it was, in a word."""
        return "timeout" if self.timed_out else type(self.__cause__ or self).__name__


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
        """Let a request pass, the first time."""
        if self.was_passed:
            raise self._failure or NoAnswerError(
                "a middleware tried to send the same request a second time, which is refused"
            )
        _refuse_if_over(self._progress)
        self.was_passed = True
        self._progress.phase = self._begins
        if self._begins is Phase.SENDING:  # a session of the user's, with any connector
            self._look_before_sending(request)
        token = _attempt.set(self._progress)
        try:
            return await handler(request)
        except Exception as error:
            self._failure = error
            if isinstance(error, _NOT_CONNECTED):
                self._progress.phase = _phase_of_connecting(error)
            raise
        finally:
            _attempt.reset(token)

    def _look_before_sending(self, request: aiohttp.ClientRequest) -> None:
        """Have a request look at the connection that it got, as our own connector does."""
        send = request.send

        async def look_and_send(conn: Connection) -> aiohttp.ClientResponse:
            del request.send  # else the request would hold itself
            _refuse_if_over(self._progress)
            if has_spoken(conn):
                self._progress.phase = Phase.CONNECTING
                raise aiohttp.ClientConnectionError(SPOKE_UNASKED)
            return await send(conn)

        request.send = look_and_send  # type: ignore[method-assign]


def _refuse_if_over(progress: Progress) -> None:
    """Refuse to send what nobody waits for: a middleware may run it in a task of its own."""
    if progress.is_over:
        raise NoAnswerError("the attempt is over")


def has_spoken(connection: Connection) -> bool:
    """Say whether the server has said something that nobody asked for, or gone.

    aiohttp looks at that when it keeps a connection, and not when it uses it again: it would take
    what was said since then for the answer to the next request, and not even send that whole.
    """
    protocol = connection.protocol
    return protocol is not None and protocol.should_close


# --- the phases of an attempt -------------------------------------------------------------------
#
# aiohttp's own signals would tell as much, and cost a create a seventh of its CPU time: it makes
# an object for each, listened to or not.


class Resolver(aiohttp.ThreadedResolver):
    """Look up names as aiohttp does, and note while it takes."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Give the addresses of a host."""
        progress = _attempt.get()
        if progress is None:
            return await super().resolve(host, port, family)
        progress.phase = Phase.RESOLVING
        addresses = await super().resolve(host, port, family)
        if progress.phase is Phase.RESOLVING:
            progress.phase = Phase.CONNECTING
        return addresses


def note_connection(request: aiohttp.ClientRequest) -> None:
    """Note that a request of this task has a connection: aiohttp may begin to write at once.

    Raises:
        NoAnswerError: the attempt is over; it must not.
    """
    progress = _attempt.get()
    if progress is not None:
        _refuse_if_over(progress)
        # What has no body is written before anything is waited for.
        progress.phase = Phase.SENDING if request.body else Phase.ANSWERING


class Body(aiohttp.BytesPayload):
    """Hold the body of a request, and note when it has been written."""

    def __init__(self, value: bytes, progress: Progress) -> None:
        super().__init__(value, content_type="application/json")
        self._bytes = value
        self._progress = progress

    async def write_with_length(
        self, writer: AbstractStreamWriter, content_length: int | None
    ) -> None:
        """Write it."""
        await writer.write(self._bytes[:content_length])
        self._progress.phase = Phase.ANSWERING


def _phase_of_connecting(error: BaseException) -> Phase:
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return Phase.RESOLVING
    if isinstance(
        error, (aiohttp.ClientConnectorSSLError, aiohttp.ClientConnectorCertificateError)
    ):
        return Phase.SECURING
    return Phase.CONNECTING


def phase_unguarded(error: BaseException) -> Phase:
    """Judge a failure that came before the guard was passed.

    A middleware of the user's raised it, or something stands in for aiohttp's own way to the
    network (a test's mock, say): then what is not proven unsent counts as sent.
    """
    if isinstance(error, _NOT_CONNECTED):
        return _phase_of_connecting(error)
    return Phase.SENDING if isinstance(error, (aiohttp.ClientError, OSError)) else Phase.PREPARING
