"""Carry out a logical call: pace → send → decide → wait → send, under one deadline.

The rule that nothing here may break: a write is handed to the network at most once. What then
gets no readable answer is :class:`~wixreseller.errors.OutcomeUnknownError`, never sent again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, TypeVar

from wixreseller import _answers, errors
from wixreseller._answers import Response
from wixreseller._clock import Clock
from wixreseller._guard import NoAnswerError, Phase, Progress
from wixreseller._operations import Request
from wixreseller._pacing import Pacer, WouldWaitError
from wixreseller._sentinels import NO_TIMEOUT, Seconds
from wixreseller._transport import Transport
from wixreseller._wire import WireError
from wixreseller.models import CallMeta
from wixreseller.retry import RetryPolicy

__all__ = ["Executor"]

T = TypeVar("T")
Reader = Callable[[Response, CallMeta], T]

_log: Final = logging.getLogger("wixreseller")

# What may go away by itself. Of the 5xx, 501 will not.
_TEMPORARY_STATUSES: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


class Executor:
    """Run calls for a client and its views."""

    def __init__(
        self,
        transport: Transport,
        pacer: Pacer,
        clock: Clock,
        max_wait: Seconds = NO_TIMEOUT,
    ) -> None:
        self._transport = transport
        self._pacer = pacer
        self._clock = clock
        self._max_wait = max_wait

    async def run(
        self,
        request: Request,
        read: Reader[T],
        *,
        timeout: Seconds,
        deadline: Seconds,
        retry: RetryPolicy,
    ) -> T:
        """Carry out one logical call and give its result.

        ``timeout`` bounds each attempt, ``deadline`` the whole call, waits included; in seconds.
        """
        call = _Call(request, self._clock)
        scope = asyncio.timeout(None if deadline is NO_TIMEOUT else deadline)
        try:
            async with scope:
                return await self._attempts(call, read, timeout, retry)
        except TimeoutError as error:
            if not scope.expired():
                raise
            raise call.gave_up(f"the deadline of {deadline:g} s passed", timed_out=True) from error
        except asyncio.CancelledError:
            if call.may_have_happened:
                _log.error("%s: cancelled after it was sent; %s", *call.for_log())
            raise

    async def _attempts(
        self, call: _Call, read: Reader[T], timeout: Seconds, retry: RetryPolicy
    ) -> T:
        while True:
            try:
                response = await self._attempt(call, timeout)
                return call.read(response, read)
            except (errors.TransportError, errors.APIError) as error:
                delay = _delay(call, error, retry, self._clock.chance())
                if delay is None:
                    raise
                _log.info("%s: trying again in %.1f s after: %s", call.name, delay, error)
            call.progress = Progress(Phase.RETRYING)
            await self._clock.sleep(delay)
            call.waited += delay

    async def _attempt(self, call: _Call, timeout: Seconds) -> Response:
        call.progress = Progress()
        try:
            turn = await self._pacer.take(self._max_wait)
        except WouldWaitError as error:
            raise call.too_late(error.seconds) from None
        call.waited += turn.waited
        try:
            call.begin_attempt()
            return await self._transport.exchange(call.request, call.progress, timeout)
        except NoAnswerError as failure:
            raise call.gave_up(failure.reason, timed_out=failure.timed_out) from failure.__cause__
        finally:
            self._pacer.give_back(turn)


class _Call:
    """Hold what is known of one logical call while it runs, and make its errors."""

    def __init__(self, request: Request, clock: Clock) -> None:
        self.request = request
        self.progress = Progress()
        self.attempts = 0
        self.waited = 0.0
        self._clock = clock
        self._sent_at = datetime.fromtimestamp(clock.posix(), UTC)

    @property
    def name(self) -> str:
        return self.request.operation.name

    @property
    def may_have_happened(self) -> bool:
        return self.request.operation.is_write and self.progress.may_have_sent

    def begin_attempt(self) -> None:
        self.attempts += 1
        self._sent_at = datetime.fromtimestamp(self._clock.posix(), UTC)

    def for_log(self) -> tuple[str, str]:
        request = self.request
        return self.name, (
            f"it may have happened: idempotency key {request.idempotency_key}, "
            f"account {request.account_id}, external id {request.external_id}"
        )

    def read(self, response: Response, read: Reader[T]) -> T:
        """Give the value of an answer, or raise its error."""
        if not response.is_success:
            raise self._refused(response)
        meta = CallMeta(
            status=response.status,
            request_id=response.request_id,
            attempts=self.attempts,
            waited=self.waited,
            idempotency_key=self.request.idempotency_key,
        )
        try:
            value = read(response, meta)
        except WireError as error:
            if self.request.operation.is_write:
                raise self._unknown(f"the answer cannot be read: {error}", response) from error
            raise errors.DecodeError(
                f"{self.name}: HTTP {response.status}, but the answer cannot be read: {error}",
                **self._facts(response),
            ) from error
        _log.debug("%s: HTTP %d in %d attempts", self.name, response.status, self.attempts)
        return value

    def gave_up(self, reason: str, *, timed_out: bool) -> errors.WixResellerError:
        """Make the error of an attempt without an answer, by how far it got."""
        phase = self.progress.phase.value
        if self.may_have_happened:
            return self._unknown(f"{reason}, while {phase}", None)
        text = f"{self.name}: {reason}, while {phase}"
        if timed_out:
            return errors.RequestTimeoutError(text, phase=phase, **self._facts())
        if self.progress.may_have_sent:
            return errors.TransportError(text, **self._facts())
        return errors.ConnectFailedError(text, **self._facts())

    def too_late(self, seconds: float) -> errors.PacingError:
        """Make the error of a call that the limiter would have made wait too long."""
        return errors.PacingError(
            f"{self.name}: the rate limit would have it wait {seconds:.1f} s, which is longer "
            f"than max_wait; it was not sent",
            retry_after=seconds,
            **self._facts(),
        )

    def _refused(self, response: Response) -> errors.WixResellerError:
        error = _answers.read_error(
            response,
            self.request.operation,
            key=self.request.idempotency_key,
            attempts=self.attempts,
            now=self._clock.posix(),
        )
        if self.request.operation.is_write and _answers.leaves_outcome_unknown(response.status):
            return self._unknown(f"HTTP {response.status}", response, cause=error)
        return error

    def _unknown(
        self, reason: str, response: Response | None, cause: Exception | None = None
    ) -> errors.OutcomeUnknownError:
        error = errors.OutcomeUnknownError(
            f"{self.name}: it was sent, but {reason}. It may have happened, and was not sent "
            f"again: read the state before you do",
            sent_at=self._sent_at,
            external_id=self.request.external_id,
            account_id=self.request.account_id,
            status=None if response is None else response.status,
            **self._facts(response),
        )
        error.__cause__ = cause
        _log.error("%s: outcome unknown; %s", *self.for_log())
        return error

    def _facts(self, response: Response | None = None) -> errors.CallFacts:
        return {
            "operation": self.name,
            "idempotency_key": self.request.idempotency_key,
            "request_id": None if response is None else response.request_id,
            "attempts": self.attempts,
        }


def _delay(
    call: _Call,
    error: errors.TransportError | errors.APIError,
    retry: RetryPolicy,
    chance: float,
) -> float | None:
    """Decide whether a read is tried again, and after how many seconds. A write never is."""
    if call.request.operation.is_write or isinstance(error, errors.PacingError):
        return None
    if isinstance(error, errors.APIError):
        if error.status not in _TEMPORARY_STATUSES:
            return None
        return retry.delay(call.attempts, error.retry_after, chance)
    return retry.delay(call.attempts, None, chance)
