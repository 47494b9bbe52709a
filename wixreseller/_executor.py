"""Carry out a logical call: pace → send → decide → wait → send, under one deadline.

What follows an attempt is decided in :mod:`wixreseller.matrix` and nowhere else. A write that gets
no readable answer is :class:`~wixreseller.errors.OutcomeUnknownError`, never sent again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, TypeVar

import attrs

from wixreseller import errors, matrix
from wixreseller._answers import Response
from wixreseller._clock import Clock, ServerClock
from wixreseller._frozen import frozen
from wixreseller._guard import NoAnswerError, Progress
from wixreseller._hooks_runner import HooksRunner, log_unknown
from wixreseller._logical_call import LogicalCall
from wixreseller._operations import Request
from wixreseller._pacing import Pacer, Turn, WouldWaitError
from wixreseller._phase import Phase
from wixreseller._sentinels import NO_TIMEOUT, Seconds
from wixreseller._transport import Transport
from wixreseller._wire import WireError
from wixreseller.config import ClientConfig
from wixreseller.models import CallMeta
from wixreseller.retry import RetryBudget, RetryPolicy

__all__ = ["BeforeSending", "Executor", "Times"]

T = TypeVar("T")
Reader = Callable[[Response, CallMeta], T]
BeforeSending = Callable[[Request], Awaitable[None]]
"""Awaited before each attempt, when it has its turn; if it raises, nothing is sent."""

_log: Final = logging.getLogger("wixreseller")


@frozen
class Times:
    """Bound one logical call: each attempt in seconds, the whole by a moment of the clock."""

    timeout: Seconds
    until: float | None
    """Waits included."""

    def capped(self, until: float) -> Times:
        """Give the same, but over at that moment at the latest."""
        return attrs.evolve(self, until=until if self.until is None else min(until, self.until))


@frozen
class _Failure:
    """Hold what an attempt came to that gave no value."""

    event: matrix.Event
    error: errors.WixResellerError
    """What is raised if the call ends here and is not unknown."""
    reason: str = ""
    response: Response | None = None

    @property
    def retry_after(self) -> float | None:
        return self.error.retry_after if isinstance(self.error, errors.APIError) else None


class Executor:
    """Run calls for a client and its views."""

    def __init__(
        self, transport: Transport, pacer: Pacer, clock: Clock, hooks: HooksRunner
    ) -> None:
        self.clock = clock
        self._date: tuple[str, float, float] | None = None
        self._transport = transport
        self._pacer = pacer
        self._hooks = hooks
        self._budget = RetryBudget()

    def paced_by(self, pacer: Pacer, hooks: HooksRunner) -> Executor:
        """Give an executor for a view with another limit or other hooks.

        It shares the budget of retries: else a view made for each call would retry in an outage as
        though it were the first.
        """
        executor = Executor(self._transport, pacer, self.clock, hooks)
        executor._budget = self._budget
        return executor

    @property
    def server_clock(self) -> ServerClock | None:
        """How far the server's clock is ahead of ours, as the last answer with a date told."""
        return None if self._date is None else ServerClock.from_date(*self._date)

    def run(
        self,
        request: Request,
        read: Reader[T],
        times: Times,
        config: ClientConfig,
        before_sending: BeforeSending | None = None,
    ) -> Coroutine[Any, Any, T]:
        """Carry out one logical call and give its result."""
        call = LogicalCall(request, self.clock, before_sending)
        work = self._attempts(call, read, times, config)
        if times.until is not None:
            work = self._bounded(call, work, times.until)
        return self._hooks.watch(call, config.base_url, self.clock, work)

    async def tell_of_retry(
        self, request: Request, attempts: int, delay: float, error: errors.WixResellerError
    ) -> None:
        """Tell the hooks that whoever made a call, which has ended, will make it anew."""
        call = LogicalCall(request, self.clock)
        call.attempts = attempts
        await self._hooks.retrying(call, delay, error, self.clock)

    async def _bounded(self, call: LogicalCall, work: Coroutine[Any, Any, T], until: float) -> T:
        left = until - self.clock.monotonic()
        if left <= 0:  # a time-out of asyncio's would let it send first
            work.close()
            raise call.gave_up("the deadline passed", timed_out=True)
        scope = asyncio.timeout(left)
        try:
            async with scope:
                return await work
        except TimeoutError as error:
            if not scope.expired() or isinstance(error, errors.WixResellerError):
                raise
            failure = call.gave_up("the deadline passed", timed_out=True)
            if isinstance(failure, errors.OutcomeUnknownError):
                await self._hooks.unknown(failure)
            raise failure from error
        except asyncio.CancelledError:
            await self._tell_of_cancellation(call)
            raise

    async def _tell_of_cancellation(self, call: LogicalCall) -> None:
        if call.may_have_happened:
            await self._hooks.cancelled(call.unknown("the call was cancelled", None))

    async def _attempts(
        self, call: LogicalCall, read: Reader[T], times: Times, config: ClientConfig
    ) -> T:
        self._budget.earn()
        try:
            while True:
                ending = await self._attempt(call, read, times.timeout, config)
                if not isinstance(ending, _Failure):
                    if _log.isEnabledFor(logging.DEBUG):
                        _log.debug("%s: done in %d attempts", call.name, call.attempts)
                    return ending
                await self._weigh(call, ending, times.until, config.retry)
        except asyncio.CancelledError:
            # With a deadline it may be the deadline's, and is told where that is known.
            if times.until is None:
                await self._tell_of_cancellation(call)
            raise
        except (SystemExit, KeyboardInterrupt, GeneratorExit):  # nothing can be awaited any more
            if call.may_have_happened:
                log_unknown(call.unknown("the call was broken off", None))
            raise

    async def _weigh(
        self, call: LogicalCall, failure: _Failure, until: float | None, policy: RetryPolicy
    ) -> None:
        """Wait until it is time to try again, or raise what the call comes to."""
        decision = matrix.decide(
            failure.event,
            is_write=call.request.operation.is_write,
            policy=policy,
            attempts=call.attempts,
            throttled=call.throttled,
            retry_after=failure.retry_after,
            has_budget=self._budget.has_some,
            time_left=None if until is None else until - self.clock.monotonic(),
            chance=self.clock.chance(),
        )
        if decision.action is matrix.Action.UNKNOWN:
            unknown = call.unknown(failure.reason, failure.response)
            await self._hooks.unknown(unknown)
            raise unknown from failure.error
        if decision.action is matrix.Action.RAISE:
            raise failure.error
        await self._wait(call, failure, decision.delay)
        call.progress = Progress()

    async def _wait(self, call: LogicalCall, failure: _Failure, delay: float) -> None:
        call.progress = Progress(Phase.RETRYING)
        await self._hooks.retrying(call, delay, failure.error, self.clock)
        if failure.event is matrix.Event.THROTTLED:
            return  # the gate makes it wait, with all others of the key
        self._budget.spend()
        await self.clock.sleep(delay)
        call.delayed += delay

    async def _attempt(
        self, call: LogicalCall, read: Reader[T], timeout: Seconds, config: ClientConfig
    ) -> T | _Failure:
        limit = config.rate_limit
        try:
            turn = await self._pacer.take(NO_TIMEOUT if limit is None else limit.max_wait)
        except WouldWaitError as error:
            return _Failure(matrix.Event.LATE_TURN, call.too_late(error.seconds))
        call.paced += turn.waited
        ending: T | _Failure | None = None  # that is, cut short
        try:
            if self._hooks.watch_attempts:
                await self._hooks.starting(call)
            if call.before_sending is not None:
                await call.before_sending(call.request)
            began = self.clock.posix()
            call.begin_attempt(began)
            response = await self._exchange(call, timeout)
            if (date := response.headers.get("Date")) is not None:
                self._date = date, began, self.clock.posix()
            ending = _read(call, response, read)
            return ending
        except NoAnswerError as failure:
            ending = _without_answer(call, failure)
            return ending
        finally:
            self._give_back(turn, call, ending)

    def _exchange(self, call: LogicalCall, timeout: Seconds) -> Coroutine[Any, Any, Response]:
        work = self._transport.exchange(call.request, call.progress, timeout)
        return self._watched(call, work) if self._hooks.watch_attempts else work

    async def _watched(self, call: LogicalCall, work: Coroutine[Any, Any, Response]) -> Response:
        began = self.clock.monotonic()
        response: Response | None = None
        try:
            response = await work
            return response
        except NoAnswerError as failure:
            call.failure = failure.kind
            raise
        finally:
            await self._hooks.ended(call, response, self.clock.monotonic() - began)

    def _give_back(self, turn: Turn, call: LogicalCall, ending: object) -> None:
        failure = ending if isinstance(ending, _Failure) else None
        if failure is None and ending is not None:
            self._pacer.give_back(turn)
            return
        self._pacer.give_back(
            turn,
            throttled=failure is not None and failure.event is matrix.Event.THROTTLED,
            retry_after=None if failure is None else failure.retry_after,
            unsent=not call.progress.phase.may_have_sent,
            answered=failure is not None and failure.response is not None,
        )


def _without_answer(call: LogicalCall, failure: NoAnswerError) -> _Failure:
    error = call.gave_up(failure.reason, timed_out=failure.timed_out)
    error.__cause__ = failure.__cause__
    event = matrix.classify_failure(call.progress.phase)
    return _Failure(event, error, reason=call.lost(failure.reason))


def _read(call: LogicalCall, response: Response, read: Reader[T]) -> T | _Failure:
    if not response.is_success:
        error = call.refused(response)
        code = error.code if isinstance(error, errors.APIError) else None
        event = matrix.classify_status(response.status, code)
        if event is matrix.Event.THROTTLED:
            call.throttled += 1
        reason = f"the answer was HTTP {response.status}"
        return _Failure(event, error, reason, response)
    try:
        return read(response, call.meta(response))
    except WireError as problem:
        unreadable = call.unreadable(response, problem)
        reason = f"the answer cannot be read: {problem}"
        return _Failure(matrix.Event.UNREADABLE, unreadable, reason, response)
