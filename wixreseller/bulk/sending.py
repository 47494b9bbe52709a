"""Send orders: write the intent down, send, and say what the answer makes of the order."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import attrs

from wixreseller import _operations, errors, reconcile
from wixreseller._calls import Calls, Times
from wixreseller._operations import Request
from wixreseller.bulk import verdicts
from wixreseller.bulk.concurrency import Concurrency
from wixreseller.bulk.journal import Change, Journal, Record
from wixreseller.bulk.outage import Outage
from wixreseller.bulk.results import Outcome
from wixreseller.bulk.stopping import Stop
from wixreseller.bulk.summary import StopReason
from wixreseller.models import Package

__all__ = ["Sender", "Sending"]

T = TypeVar("T")

# The greatest uncertainty about the server's clock with which a creation date still proves a thing.
_MARGIN: Final = 5.0


@attrs.define(eq=False)
class Sending:
    """Hold an order on its way; ``package_id`` is the package to cancel."""

    record: Record
    package_id: str | None = None
    began: float | None = None
    """When its request left, on the monotonic clock."""
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
        self._writing_calls = attrs.evolve(calls, before_sending=self._write_intent)
        self._journal = journal
        self._stop = stop
        self._concurrency = Concurrency(max_concurrency)
        self._outage = Outage(calls.executor.clock)
        self._changed = asyncio.Event()
        self._on_way: dict[str, Sending] = {}
        self._sent: set[int] = set()

    # --- who may go -----------------------------------------------------------------------------

    async def turn(self) -> None:
        """Wait until another order may be handed out."""
        while self._concurrency.is_full or self._outage.is_on:
            if self._outage.is_on and not self._on_way:
                await self._outage.wait()
                return
            self._changed.clear()
            await self._changed.wait()

    def started(self, sending: Sending, task: asyncio.Task[None]) -> None:
        """Take note of an order that is handed out, before its task runs."""
        sending.task, sending.began, sending.is_counted = task, None, True
        self._concurrency.begin()
        self._on_way[sending.record.entry.key] = sending
        # Not in send(), which a task that is cancelled before it begins never comes to.
        task.add_done_callback(lambda _: self._ended(sending))

    def _ended(self, sending: Sending) -> None:
        if self._on_way.get(sending.record.entry.key) is sending:
            del self._on_way[sending.record.entry.key]
        self._uncount(sending)
        self._changed.set()

    def abandon_unsent(self) -> None:
        """Let go of what waits for its turn at the rate limit."""
        for sending in self._on_way.values():
            if sending.began is None and sending.task is not None:
                sending.task.cancel()

    async def all_ended(self) -> None:
        """Wait until nothing is on its way."""
        while self._on_way:
            self._changed.clear()
            await self._changed.wait()

    def has_sent(self, number: int) -> bool:
        """Say whether this run has sent an order again that it found open."""
        return number in self._sent

    # --- sending --------------------------------------------------------------------------------

    async def send(self, sending: Sending) -> Outcome | errors.WixResellerError | None:
        """Send an order once.

        Gives its outcome; ``None`` if it may have been carried out and has to be looked for; an
        error if it certainly was not, for no fault of its own, and may be handed out again.

        Raises:
            JournalError: its intent could not be written down, so it was not sent.
            WixResellerError: the run has to stop; the order was not carried out.
        """
        if sending.may_be_done:
            self._sent.add(sending.record.entry.number)
        was_open = sending.may_be_done
        try:
            package = await reconcile.send(
                self._writing_calls, self._request(sending), Times(self._calls.config.timeout, None)
            )
        except errors.JournalError:
            raise
        except errors.WixResellerError as error:
            return await self._judge(sending, error, was_open=was_open)
        self._answered(sending)
        return self._ok(sending, package)

    def _request(self, sending: Sending) -> Request:
        entry = sending.record.entry
        if entry.operation == "cancel":
            package_id = sending.package_id or entry.package_id or ""
            return _operations.cancel_package(entry.account_id, entry.key, package_id)
        return _operations.create_package(
            entry.account_id, entry.key, verdicts.products_of(entry), entry.external_id
        )

    async def _write_intent(self, request: Request) -> None:
        """Have it on the disk that a request is about to leave."""
        sending = self._on_way[request.idempotency_key or ""]
        clock = self._calls.executor.clock
        # From here on it is finished, though the run be stopped.
        sending.began = clock.monotonic()
        now, ahead = clock.posix(), self._server_ahead()
        record = sending.record
        await self._journal.note(
            [Change(number=record.entry.number, at=now, state="intent", server_ahead=ahead)]
        )
        sending.began = clock.monotonic()
        sending.record = attrs.evolve(
            record,
            state="intent",
            sends=record.sends + 1,
            first_sent=now if record.first_sent is None else record.first_sent,
            last_sent=now,
            server_ahead=ahead if record.sends == 0 else record.server_ahead,
        )

    def _server_ahead(self) -> float | None:
        told = self._calls.executor.server_clock
        return told.offset if told is not None and told.uncertainty <= _MARGIN else None

    async def _judge(
        self, sending: Sending, error: errors.WixResellerError, *, was_open: bool
    ) -> Outcome | errors.WixResellerError | None:
        entry = sending.record.entry
        if isinstance(error, errors.OutcomeUnknownError):
            self._troubled(sending)
            return None
        if isinstance(error, errors.ConflictError) and entry.operation == "create":
            # The server knows the key: this very order was sent before, if not by this run.
            self._answered(sending)
            return None
        if is_no_fault_of_the_order(error):
            self._troubled(sending)
            await self._put_back(sending, error, was_open=was_open)
            self._stop_or_pause(error)
            return error
        self._answered(sending)
        if was_open:
            return None  # this time it was refused; the time before it may have been carried out
        return verdicts.failed(
            entry, code_of(error), message_of(error), request_id=error.request_id
        )

    async def _put_back(
        self, sending: Sending, error: errors.WixResellerError, *, was_open: bool
    ) -> None:
        """Write down that this sending certainly came to nothing."""
        if sending.began is None:
            return  # nothing was written down
        record = sending.record
        sending.began = None
        if was_open:
            return  # what came of the time before is as open as it was
        sending.record = attrs.evolve(record, state="planned")
        now, note = self._calls.executor.clock.posix(), code_of(error)
        change = Change(number=record.entry.number, at=now, state="planned", note=note)
        await self._journal.note([change])

    def _ok(self, sending: Sending, package: Package) -> Outcome:
        entry = sending.record.entry
        is_cancel = entry.operation == "cancel"
        return verdicts.ok(entry, package, "canceled" if is_cancel else "created")

    # --- what is learnt -------------------------------------------------------------------------

    def _answered(self, sending: Sending) -> None:
        if sending.began is not None:
            sending.is_counted = False
            self._concurrency.answered(self._calls.executor.clock.monotonic() - sending.began)
        self._outage.over()

    def _troubled(self, sending: Sending) -> None:
        if sending.began is not None:
            sending.is_counted = False
            self._concurrency.troubled()

    def _uncount(self, sending: Sending) -> None:
        if sending.is_counted:
            sending.is_counted = False
            self._concurrency.give_up()

    async def persistently(self, read: Callable[[], Awaitable[T]]) -> T:
        """Read, and try again while Wix cannot be reached.

        Raises:
            WixResellerError: the run has to stop.
        """
        while True:
            try:
                answer = await read()
            except errors.WixResellerError as error:
                if not is_no_fault_of_the_order(error):
                    raise
                self._stop_or_pause(error)
                await self._outage.wait()
            else:
                self._outage.over()
                return answer

    def _stop_or_pause(self, error: errors.WixResellerError) -> None:
        """Stop the run if trying again makes no sense.

        Raises:
            WixResellerError: that very error, if it does.
        """
        reason = _reason_to_stop(error)
        if reason is None and not self._outage.failed():
            reason = StopReason.LIMIT
        if reason is not None:
            self._stop.request(reason, error)
            raise error


def is_no_fault_of_the_order(error: errors.WixResellerError) -> bool:
    """Say whether an error certainly kept an order from being carried out, and any other too.

    The last four are of reads (a write's would be unknown), or of what stands between us and Wix.
    """
    kinds = (
        errors.TransportError,
        errors.AuthenticationError,
        errors.PermissionDeniedError,
        errors.RateLimitError,
        errors.ServerError,
        errors.DecodeError,
        errors.UnexpectedRedirectError,
    )
    return isinstance(error, kinds)


def _reason_to_stop(error: errors.WixResellerError) -> StopReason | None:
    if isinstance(error, (errors.AuthenticationError, errors.PermissionDeniedError)):
        return StopReason.AUTHENTICATION
    if isinstance(error, (errors.PacingError, errors.RateLimitError)):
        return StopReason.LIMIT
    return None


def code_of(error: errors.WixResellerError) -> str:
    """Give Wix's code; else the status; else the error's own name, ``CONNECT_FAILED``."""
    if isinstance(error, errors.APIError):
        return error.code.value if error.code is not None else f"HTTP_{error.status}"
    words = re.findall(r"[A-Z][a-z]*", type(error).__name__.removesuffix("Error"))
    return "_".join(words).upper()


def message_of(error: errors.WixResellerError) -> str:
    """Give Wix's words, or the error's own without request id, which has a place of its own."""
    if not isinstance(error, errors.APIError) or not error.message:
        return str(error.args[0])
    violations = [f"{item.field}: {item.description}" for item in error.field_violations]
    return f"{error.message} ({'; '.join(violations)})" if violations else error.message
