"""Send orders: write the intent down, send, and say what the answer makes of the order."""

from __future__ import annotations

import asyncio
import re
from functools import partial
from typing import Final

import attrs

from wixreseller import _operations, _replays, _writes, errors
from wixreseller._calls import Calls, Times
from wixreseller._look import server_ahead
from wixreseller._operations import Request
from wixreseller.bulk import verdicts
from wixreseller.bulk.concurrency import Concurrency
from wixreseller.bulk.journal import Change, Journal, Record, cancel_key
from wixreseller.bulk.outage import Reach
from wixreseller.bulk.results import Ok, Outcome
from wixreseller.bulk.stopping import Stop
from wixreseller.bulk.summary import StopReason
from wixreseller.matrix import Event, classify_status
from wixreseller.models import Package

__all__ = ["Sender", "Sending"]

# The file of what failed holds it, and that must be readable as an order file.
_LONGEST_MESSAGE: Final = 10_000


@attrs.define(eq=False)
class Sending:
    """Hold an order on its way; ``package_id`` is the package to cancel."""

    record: Record
    package_id: str | None = None
    began: float | None = None
    """When its request left, on the monotonic clock; ``None`` while it waits for its turn."""
    throttled: int = 0
    """How many times it was refused because there were too many requests."""
    task: asyncio.Task[None] | None = None
    is_counted: bool = False

    @property
    def may_be_done(self) -> bool:
        """Whether it may have been carried out before this sending."""
        return self.record.state in ("intent", "unknown")


class Sender:
    """Send orders, as many at a time as the server takes well."""

    def __init__(self, calls: Calls, journal: Journal, stop: Stop, max_concurrency: int) -> None:
        self._calls = calls
        # One request for each sending: what waits to be sent again can still be stopped, and is in
        # the journal as what it is.
        once = attrs.evolve(calls.config.retry, max_attempts=1, max_throttled=1)
        self._single_calls = attrs.evolve(calls, config=attrs.evolve(calls.config, retry=once))
        self._journal = journal
        self._stop = stop
        self._concurrency = Concurrency(max_concurrency)
        self._reach = Reach(calls.executor.clock, stop)
        self._changed = asyncio.Event()
        self._on_way: set[Sending] = set()
        self._sent_again: set[int] = set()

    # --- who may go -----------------------------------------------------------------------------

    async def turn(self) -> None:
        """Wait until another order may be handed out."""
        outage = self._reach.outage
        while self._concurrency.is_full or outage.is_on:
            if outage.is_on and not self._on_way:
                await outage.wait()
                return
            self._changed.clear()
            await self._changed.wait()

    def started(self, sending: Sending, task: asyncio.Task[None]) -> None:
        """Take note of an order that is handed out, before its task runs."""
        self._uncount(sending)
        sending.task, sending.began, sending.is_counted = task, None, True
        self._concurrency.begin()
        self._on_way.add(sending)
        # Not in send(), which a task that is cancelled before it begins never comes to.
        task.add_done_callback(lambda _: self._ended(sending, task))

    def _ended(self, sending: Sending, task: asyncio.Task[None]) -> None:
        if sending.task is task:  # else it is on its way again
            self._on_way.discard(sending)
            self._uncount(sending)
        self._changed.set()

    def abandon_unsent(self) -> None:
        """Let go of what waits for its turn at the rate limit."""
        for sending in self._on_way:
            if sending.began is None and sending.task is not None:
                sending.task.cancel()

    async def all_ended(self) -> None:
        """Wait until nothing is on its way."""
        while self._on_way:
            self._changed.clear()
            await self._changed.wait()

    def may_send_again(self, number: int) -> bool:
        """Say whether this run has not yet sent an order again that was open."""
        return number not in self._sent_again

    def forget(self, number: int) -> None:
        """Take note that an order has its outcome."""
        self._sent_again.discard(number)

    # --- sending --------------------------------------------------------------------------------

    async def send(self, sending: Sending) -> Outcome | errors.WixResellerError | None:
        """Send an order once.

        Gives its outcome; ``None`` if it may have been carried out and has to be looked for; an
        error if it certainly was not, for no fault of its own, and may be handed out again.

        Raises:
            JournalError: its intent could not be written down, so it was not sent.
            WixResellerError: the run has to stop; the order was not carried out.
        """
        was_open = sending.may_be_done
        if was_open:
            self._sent_again.add(sending.record.entry.number)
        calls = attrs.evolve(
            self._single_calls, before_sending=partial(self._write_intent, sending)
        )
        times = Times(self._calls.config.timeout, None)
        entry = sending.record.entry
        known = calls.recent.package_of(entry.account_id, entry.external_id)
        try:
            package = await _writes.send(calls, self._request(sending), times)
        except errors.JournalError:
            raise
        except errors.WixResellerError as error:
            return await self._judge(sending, error, was_open=was_open)
        self._answered(sending)
        began = sending.record.last_sent or 0.0
        if entry.operation == "create" and _replays.is_of_before(calls, package, began, known):
            return await self._outcome_of_before(sending, package, times, was_open=was_open)
        return self._outcome(sending, package)

    async def _outcome_of_before(
        self, sending: Sending, package: Package, times: Times, *, was_open: bool
    ) -> Outcome | None:
        """Judge the package of an earlier order with the same key: it is told as it was made."""
        request = self._request(sending)
        try:
            seen = await _replays.now_of(self._single_calls, request, package, times)
        except errors.WixResellerError:
            return None
        if not seen:
            told = self._outcome(sending, package)
            if was_open or not isinstance(told, Ok):
                return told
            return attrs.evolve(told, outcome="existing")
        return verdicts.of_before(sending.record, seen[0], was_open=was_open)

    def _request(self, sending: Sending) -> Request:
        entry = sending.record.entry
        if entry.operation == "create":
            return _operations.create_package(
                entry.account_id, entry.key, verdicts.products_of(entry), entry.external_id
            )
        # Never empty: an order to cancel is sent only when a look has found its package.
        target = sending.package_id or ""
        key = cancel_key(entry.account_id, target.lower())
        return _operations.cancel_package(entry.account_id, key, target)

    async def _write_intent(self, sending: Sending, _: Request) -> None:
        """Have it on the disk that a request is about to leave."""
        clock = self._calls.executor.clock
        # From here on it is finished, though the run be stopped.
        sending.began = clock.monotonic()
        now, ahead = clock.posix(), server_ahead(self._calls)
        record, target = sending.record, sending.package_id
        await self._journal.note(
            [
                Change(
                    number=record.entry.number,
                    at=now,
                    state="intent",
                    server_ahead=ahead,
                    target=target,
                )
            ]
        )
        sending.began = clock.monotonic()
        is_first = record.first_sent is None
        sending.record = attrs.evolve(
            record,
            state="intent",
            sends=record.sends + 1,
            target=target,
            first_sent=now if is_first else record.first_sent,
            last_sent=now,
            server_ahead=ahead if is_first else record.server_ahead,
        )

    # --- what came of it ------------------------------------------------------------------------

    def _outcome(self, sending: Sending, package: Package) -> Outcome | None:
        entry = sending.record.entry
        if entry.operation == "create":
            is_ours = package.external_id in (None, entry.external_id)
            return verdicts.ok(entry, package, "created") if is_ours else None
        is_ours = package.id.lower() == (sending.package_id or "").lower()
        return verdicts.ok(entry, package, "canceled") if is_ours else None

    async def _judge(
        self, sending: Sending, error: errors.WixResellerError, *, was_open: bool
    ) -> Outcome | errors.WixResellerError | None:
        entry = sending.record.entry
        if isinstance(error, errors.OutcomeUnknownError):
            self._lost(sending, error)
            return None
        if isinstance(error, errors.ConflictError):
            # The server may know the key: this very order was sent before, if not by this run.
            self._answered(sending)
            return None
        if _is_refusal(error):
            self._answered(sending)
            if was_open:
                return None  # this time it was refused; the time before it may have been done
            return verdicts.failed(
                entry, code_of(error), message_of(error), request_id=error.request_id
            )
        self._troubled(sending)
        await self._put_back(sending, error, was_open=was_open)
        if _is_throttling(error):
            delay = self._throttled(sending, error)
        else:
            self._reach.failed(error)
            delay = self._reach.outage.seconds_left
        request, sends = self._request(sending), sending.record.sends
        await self._calls.executor.tell_of_retry(request, sends, delay, error)
        return error

    def _lost(self, sending: Sending, error: errors.OutcomeUnknownError) -> None:
        """Go slow while answers are lost, or all orders that are left might end as unknown."""
        self._troubled(sending)
        if not self._reach.outage.failed():
            self._stop.request(StopReason.LIMIT, error)

    def _throttled(self, sending: Sending, error: errors.WixResellerError) -> float:
        """Give the seconds that the limiter makes it wait; stop the run after too many refusals."""
        sending.throttled += 1
        self._reach.got_through()
        retry_after = getattr(error, "retry_after", None)
        delay = self._calls.config.retry.delay_when_throttled(sending.throttled, retry_after)
        if delay is None:
            self._stop.request(StopReason.LIMIT, error)
            raise error
        return delay

    async def _put_back(
        self, sending: Sending, error: errors.WixResellerError, *, was_open: bool
    ) -> None:
        """Write down that this sending certainly came to nothing."""
        if sending.began is None:
            return  # nothing was written down
        record = sending.record
        if was_open:
            sending.began = None
            return  # what came of the time before is as open as it was
        now, note = self._calls.executor.clock.posix(), code_of(error)
        change = Change(number=record.entry.number, at=now, state="planned", note=note)
        await self._journal.note([change])
        sending.began = None
        sending.record = attrs.evolve(
            record, state="planned", target=None, first_sent=None, server_ahead=None
        )

    # --- what is learnt -------------------------------------------------------------------------

    def _answered(self, sending: Sending) -> None:
        sending.throttled = 0
        if sending.began is not None:
            sending.is_counted = False
            self._concurrency.answered(self._calls.executor.clock.monotonic() - sending.began)
        self._reach.got_through()

    def _troubled(self, sending: Sending) -> None:
        if sending.began is not None:
            sending.is_counted = False
            self._concurrency.troubled()

    def _uncount(self, sending: Sending) -> None:
        if sending.is_counted:
            sending.is_counted = False
            self._concurrency.give_up()


def _is_refusal(error: errors.WixResellerError) -> bool:
    """Say whether Wix refused this very order, whatever the others do."""
    if isinstance(error, errors.RateLimitError):
        return not _is_throttling(error)
    passing = (errors.AuthenticationError, errors.PermissionDeniedError, errors.ServerError)
    return isinstance(error, errors.APIError) and not isinstance(error, passing)


def _is_throttling(error: errors.WixResellerError) -> bool:
    if not isinstance(error, errors.RateLimitError):
        return False
    return classify_status(error.status, error.code) is Event.THROTTLED


def code_of(error: errors.WixResellerError) -> str:
    """Give Wix's code; else the status; else the error's own name, ``CONNECT_FAILED``."""
    if isinstance(error, errors.APIError):
        return _short(error.code.value, 100) if error.code is not None else f"HTTP_{error.status}"
    words = re.findall(r"[A-Z][a-z]*", type(error).__name__.removesuffix("Error"))
    return "_".join(words).upper()


def message_of(error: errors.WixResellerError) -> str:
    """Give Wix's words, or the error's own without request id, which has a place of its own."""
    if not isinstance(error, errors.APIError) or not error.message:
        return _short(str(error.args[0]), _LONGEST_MESSAGE)
    violations = [f"{item.field}: {item.description}" for item in error.field_violations]
    message = f"{error.message} ({'; '.join(violations)})" if violations else error.message
    return _short(message, _LONGEST_MESSAGE)


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
