"""Drive a run: tasks read, look ahead, hand out, and settle what was lost, side by side."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from wixreseller.bulk import verdicts
from wixreseller.bulk.journal import Change, Entry, Journal, Record, entry_of, outcome_state
from wixreseller.bulk.lookup import MOST_IN_A_LOOK, calls_of, find_packages
from wixreseller.bulk.orders import Order
from wixreseller.bulk.outage import Reach
from wixreseller.bulk.reading import Chunks, Numbers
from wixreseller.bulk.results import Outcome, Unknown
from wixreseller.bulk.sending import Sender, Sending
from wixreseller.bulk.settling import Settled, Settling
from wixreseller.bulk.stopping import Stop
from wixreseller.errors import ConfigurationError, WixResellerError
from wixreseller.models import Package, checks

if TYPE_CHECKING:
    from wixreseller.client import AsyncClient

__all__ = ["Engine"]

_log: Final = logging.getLogger("wixreseller")

_MOST_UNREAD: Final = 1000  # outcomes that nobody took yet
_MOST_UNSETTLED: Final = 1000

_Found = dict[int, Sequence[Package]]


class Engine:
    """Carry out the orders of one run: :meth:`work`, while :meth:`next` gives the outcomes."""

    def __init__(
        self,
        client: AsyncClient,
        orders: Iterable[Order | Entry] | AsyncIterable[Order | Entry],
        journal: Journal,
        *,
        resend_absent: bool,
        retry_failed: bool,
        max_concurrency: int,
        stop: Stop,
    ) -> None:
        self._outcomes: asyncio.Queue[Outcome | None] = asyncio.Queue()
        self._chunks = Chunks[Order | Entry](orders, MOST_IN_A_LOOK)
        self._journal = journal
        self._resend_absent = resend_absent
        self._retry_failed = retry_failed
        self._stop = stop
        self._calls = calls_of(client)
        self._reads = Reach(self._calls.executor.clock, stop)
        self._sender = Sender(self._calls, journal, stop, max_concurrency)
        self._settling = Settling(self._calls, self._reads, self._settled)
        self._ready: asyncio.Queue[Sending | None] = asyncio.Queue()
        self._room = asyncio.Event()
        self._seen = Numbers()
        self._open: set[int] = set()
        self._has_read_all = False
        self._is_halted = False
        self._beginners: list[asyncio.Task[None]] = []
        self._failure: Exception | None = None

    async def work(self) -> None:
        """Carry out all orders, or stop; then raise what went wrong, if anything did."""
        self._stop.on_request(self.halt)
        try:
            await self._check_journal()
            async with asyncio.TaskGroup() as group:
                settling = group.create_task(self._guarded(self._settling.run))
                begins = (self._chunks.fill, self._read, partial(self._hand_out, group))
                self._beginners = [group.create_task(self._guarded(part)) for part in begins]
                if self._is_halted:
                    self.halt()
                await asyncio.wait(self._beginners)
                await self._sender.all_ended()
                self._settling.finish()
                await asyncio.wait({settling})
        finally:
            self._stop.forget(self.halt)
            self._outcomes.put_nowait(None)
        if self._failure is not None:
            raise self._failure
        if self._stop.error is not None:
            raise self._stop.error

    def halt(self) -> None:
        """Send nothing more, and finish what is in flight."""
        self._is_halted = True
        for task in self._beginners:
            task.cancel()
        self._sender.abandon_unsent()
        self._settling.hurry()

    async def next(self) -> Outcome | None:
        """Give the next outcome, as soon as there is one; ``None`` after the last."""
        outcome = await self._outcomes.get()
        self._room.set()
        return outcome

    async def _check_journal(self) -> None:
        """Refuse to go on with a journal of another server: what it did is not known here."""
        here = self._calls.config.base_url
        there = (await self._journal.facts()).get("baseUrl")
        if there is None:
            await self._journal.set_facts({"baseUrl": here})
        elif there != here:
            raise ConfigurationError(
                f"the journal is of a run against {there}, and this client talks to {here}",
                field="journal",
            )

    async def _guarded(self, part: Callable[[], Awaitable[None]]) -> None:
        """Keep the first error for the end, when what is in flight is finished.

        Takes a function: a task that is cancelled before it begins would leave a coroutine behind.
        """
        try:
            await part()
        except Exception as error:  # noqa: BLE001  # raised by work()
            self._fail(error)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and not task.cancelling():
                # Nobody cancelled us, so it came from within: from an iterable, say.
                failure = RuntimeError("what gives the orders was cancelled before its end")
                failure.__cause__ = error
                self._fail(failure)
            raise

    def _fail(self, error: Exception) -> None:
        self._failure = self._failure or error
        self.halt()

    # --- reading and looking --------------------------------------------------------------------

    async def _read(self) -> None:
        number = 0
        while chunk := await self._chunks.take():
            entries = [
                item if isinstance(item, Entry) else _entry_of(item, number + place)
                for place, item in enumerate(chunk)
            ]
            number += len(chunk)
            records = await self._journal.add(entries, self._now())
            await self._sort_out(records)
            await self._wait_for_room()
        self._has_read_all = True
        self._end_if_done()

    async def _wait_for_room(self) -> None:
        """Read no further ahead than the next look is needed."""
        while (
            self._ready.qsize() > MOST_IN_A_LOOK // 2
            or self._outcomes.qsize() > _MOST_UNREAD
            or len(self._settling) > _MOST_UNSETTLED
        ):
            self._room.clear()
            await self._room.wait()

    async def _sort_out(self, records: Sequence[Record]) -> None:
        """Give each order to whom it concerns, by what the journal knows of it."""
        for record in records:
            if not self._seen.add(record.entry.number):
                raise ConfigurationError(
                    f"orders must be of different packages: that of "
                    f"{record.entry.external_id or record.entry.package_id!r} for account "
                    f"{record.entry.account_id} came twice",
                    field="orders",
                )
        fresh: list[Record] = []
        for record in records:
            if record.state in ("intent", "unknown"):
                self._open.add(record.entry.number)
                self._settling.add_found(record)
            elif record.outcome is not None and not self._is_to_retry(record):
                self._tell(record.outcome)
            else:
                self._open.add(record.entry.number)
                fresh.append(record)
        now = self._now()
        again = [
            Change(number=record.entry.number, at=now, state="planned", note="again")
            for record in fresh
            if record.state == "failed"
        ]
        if again:
            await self._journal.note(again)
        await self._look(fresh)

    def _is_to_retry(self, record: Record) -> bool:
        is_planned_so = record.entry.expects in (None, "send")
        return self._retry_failed and record.state == "failed" and is_planned_so

    async def _look(self, records: Sequence[Record]) -> None:
        """Look orders up that are about to be sent, and settle those that need not be."""
        wanted = [record for record in records if record.entry.expects != "conflict"]
        settled: list[tuple[Record, Outcome]] = [
            (record, verdicts.refused(record.entry))
            for record in records
            if record.entry.expects == "conflict"
        ]
        found = await self._find(wanted)
        for record in wanted:
            verdict = verdicts.before_sending(record.entry, found[record.entry.number])
            if isinstance(verdict, verdicts.Send):
                self._ready.put_nowait(Sending(record, verdict.package_id))
            else:
                settled.append((record, verdict))
        await self._record(settled)

    async def _find(self, records: Sequence[Record]) -> _Found:
        """Find the packages of orders; twice, where this process made some that may not show."""
        if not records:
            return {}

        async def look(records: Sequence[Record]) -> _Found:
            entries = [record.entry for record in records]
            found = await self._reads.persistently(lambda: find_packages(self._calls, entries))
            return dict(found)

        found = await look(records)
        made = {
            record.entry.number: since
            for record in records
            if not found[record.entry.number]
            and (since := self._calls.recent.due_since(*_place(record))) is not None
        }
        if made:
            clock, window = self._calls.executor.clock, self._calls.config.retry.settle_window
            await clock.sleep(min(window, max(0.0, max(made.values()) + window - clock.posix())))
            found |= await look([record for record in records if record.entry.number in made])
        return found

    # --- handing out ----------------------------------------------------------------------------

    async def _hand_out(self, group: asyncio.TaskGroup) -> None:
        while (sending := await self._ready.get()) is not None:
            self._room.set()
            await self._sender.turn()
            task = group.create_task(self._guarded(partial(self._send, sending)))
            self._sender.started(sending, task)

    async def _send(self, sending: Sending) -> None:
        verdict = await self._sender.send(sending)
        if isinstance(verdict, WixResellerError):
            # Certainly not carried out, and no fault of the order's.
            self._ready.put_nowait(sending)
        elif verdict is None:
            self._settling.add_lost(sending.record)
        else:
            await self._record([(sending.record, verdict)])

    # --- outcomes -------------------------------------------------------------------------------

    async def _settled(self, told: Sequence[Settled]) -> None:
        final: list[tuple[Record, Outcome]] = []
        for one in told:
            number = one.record.entry.number
            is_wanted = self._resend_absent and not self._is_halted
            if one.again and is_wanted and self._sender.may_send_again(number):
                self._ready.put_nowait(Sending(one.record, one.again.package_id))
            else:
                final.append((one.record, one.outcome))
        self._room.set()
        await self._record(final)

    async def _record(self, told: Sequence[tuple[Record, Outcome]]) -> None:
        """Write outcomes down, then tell them."""
        if not told:
            return
        now = self._now()
        changes = [
            Change(
                number=record.entry.number, at=now, state=outcome_state(outcome), outcome=outcome
            )
            for record, outcome in told
        ]
        try:
            await self._journal.note(changes)
        finally:
            for record, outcome in told:
                self._open.discard(record.entry.number)
                self._sender.forget(record.entry.number)
                self._tell(outcome)
            self._end_if_done()

    def _tell(self, outcome: Outcome) -> None:
        if isinstance(outcome, Unknown):
            _log.error(
                "outcome unknown: account %s, external id %s: %s: %s",
                outcome.account_id,
                outcome.external_id,
                outcome.code,
                outcome.message,
            )
        self._outcomes.put_nowait(outcome)

    def _end_if_done(self) -> None:
        self._room.set()
        if self._has_read_all and not self._open:
            self._ready.put_nowait(None)

    def _now(self) -> float:
        return self._calls.executor.clock.posix()


def _entry_of(item: object, number: int) -> Entry:
    if not isinstance(item, Order):
        raise ConfigurationError(
            f"orders must give Order objects, not {checks.shorten(item)}", field="orders"
        )
    return entry_of(item, number)


def _place(record: Record) -> tuple[str, str]:
    return record.entry.account_id, record.entry.external_id
