"""Drive a run: one task reads and looks ahead, one hands out, one settles what was lost."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Sequence,
)
from functools import partial
from typing import TYPE_CHECKING, Final

from wixreseller.bulk import verdicts
from wixreseller.bulk.journal import Change, Entry, Journal, Record, entry_of, outcome_state
from wixreseller.bulk.lookup import MOST_IN_A_LOOK, find_packages
from wixreseller.bulk.orders import Order
from wixreseller.bulk.results import Ok, Outcome, Unknown
from wixreseller.bulk.sending import Sender, Sending
from wixreseller.bulk.settling import Settling
from wixreseller.bulk.stopping import Stop
from wixreseller.errors import ConfigurationError, WixResellerError

if TYPE_CHECKING:
    from wixreseller.client import AsyncClient

__all__ = ["Engine"]

_log: Final = logging.getLogger("wixreseller")

_MOST_UNREAD: Final = 1000  # outcomes that nobody took yet


class Engine:
    """Carry out the orders of one run: :meth:`work`, while :meth:`next` gives the outcomes."""

    def __init__(
        self,
        client: AsyncClient,
        orders: Iterable[Order] | AsyncIterable[Order] | Iterable[Entry],
        journal: Journal,
        *,
        resend_absent: bool,
        retry_failed: bool,
        max_concurrency: int,
        stop: Stop,
    ) -> None:
        self.stop = stop
        self._outcomes: asyncio.Queue[Outcome | None] = asyncio.Queue()
        self._orders = orders
        self._journal = journal
        self._resend_absent = resend_absent
        self._retry_failed = retry_failed
        self._calls = client._calls  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        self._sender = Sender(self._calls, journal, stop, max_concurrency)
        self._settling = Settling(self._calls, self._settled)
        self._ready: asyncio.Queue[Sending | None] = asyncio.Queue()
        self._room = asyncio.Event()
        self._open: set[int] = set()
        self._has_read_all = False
        self._failure: Exception | None = None

    async def work(self) -> None:
        """Carry out all orders, or stop; then raise what went wrong, if anything did."""
        try:
            await self._check_journal()
            async with asyncio.TaskGroup() as group:
                settling = group.create_task(self._guarded(self._settling.run))
                reading = group.create_task(self._guarded(self._read))
                handing_out = group.create_task(self._guarded(partial(self._hand_out, group)))

                def halt() -> None:
                    reading.cancel()
                    handing_out.cancel()
                    self._sender.abandon_unsent()
                    self._settling.hurry()

                self.stop.on_request(halt)
                await asyncio.wait({reading, handing_out})
                await self._sender.all_ended()
                self._settling.finish()
                await asyncio.wait({settling})
        finally:
            self._outcomes.put_nowait(None)
        if self._failure is not None:
            raise self._failure
        if self.stop.error is not None:
            raise self.stop.error

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
            self._failure = self._failure or error
            self.stop.request()

    # --- reading and looking --------------------------------------------------------------------

    async def _read(self) -> None:
        number = 0
        async for chunk in _in_chunks(self._orders):
            entries = [
                item if isinstance(item, Entry) else entry_of(item, number + place)
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
        while self._ready.qsize() > MOST_IN_A_LOOK // 2 or self._outcomes.qsize() > _MOST_UNREAD:
            self._room.clear()
            await self._room.wait()

    async def _sort_out(self, records: Sequence[Record]) -> None:
        """Give each order to whom it concerns, by what the journal knows of it."""
        fresh: list[Record] = []
        for record in records:
            entry = record.entry
            if entry.number in self._open:
                raise ConfigurationError(
                    f"orders must be of different packages: that of {entry.external_id!r} for "
                    f"account {entry.account_id} came twice",
                    field="orders",
                )
            if record.state in ("intent", "unknown"):
                self._open.add(entry.number)
                self._settling.add(record)
            elif record.outcome is not None and not self._is_to_retry(record):
                self._tell(record.outcome)
            else:
                self._open.add(entry.number)
                fresh.append(record)
        again = [record for record in fresh if record.state == "failed"]
        if again:
            await self._journal.note(
                [
                    Change(
                        number=record.entry.number, at=self._now(), state="planned", note="again"
                    )
                    for record in again
                ]
            )
        await self._look(fresh)

    def _is_to_retry(self, record: Record) -> bool:
        is_planned_so = record.entry.expects in (None, "send")
        return self._retry_failed and record.state == "failed" and is_planned_so

    async def _look(self, records: Sequence[Record]) -> None:
        """Look orders up that are about to be sent, and settle those that need not be."""
        refused = [record for record in records if record.entry.expects == "conflict"]
        wanted = [record for record in records if record.entry.expects != "conflict"]
        settled: list[tuple[Record, Outcome]] = [
            (record, verdicts.failed(record.entry, verdicts.CONFLICT, record.entry.note or ""))
            for record in refused
        ]
        if wanted:
            await self._wait_until_due(wanted)
            entries = [record.entry for record in wanted]
            found = await self._sender.persistently(lambda: find_packages(self._calls, entries))
            for record in wanted:
                verdict = verdicts.before_sending(record.entry, found[record.entry.number])
                if isinstance(verdict, verdicts.Send):
                    self._ready.put_nowait(Sending(record, verdict.package_id))
                else:
                    settled.append((record, verdict))
        await self._record(settled)

    async def _wait_until_due(self, records: Sequence[Record]) -> None:
        """Wait until Wix had time to show what this process made of these external ids of late."""
        clock, window = self._calls.executor.clock, self._calls.config.retry.settle_window
        made = [
            since
            for record in records
            if (since := self._calls.recent.due_since(*_place(record))) is not None
        ]
        if made:
            await clock.sleep(min(window, max(0.0, max(made) + window - clock.posix())))

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
            self._settling.add(sending.record)
        else:
            await self._record([(sending.record, verdict)])

    # --- outcomes -------------------------------------------------------------------------------

    async def _settled(self, told: Sequence[tuple[Record, Ok | Unknown]]) -> None:
        final: list[tuple[Record, Outcome]] = []
        for record, outcome in told:
            is_absent = isinstance(outcome, Unknown) and outcome.code == verdicts.NOT_SEEN
            number = record.entry.number
            if is_absent and self._resend_absent and not self._sender.has_sent(number):
                self._ready.put_nowait(Sending(record, record.entry.package_id))
            else:
                final.append((record, outcome))
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


def _place(record: Record) -> tuple[str, str]:
    return record.entry.account_id, record.entry.external_id


async def _in_chunks(
    orders: Iterable[Order] | AsyncIterable[Order] | Iterable[Entry],
) -> AsyncIterator[Sequence[Order | Entry]]:
    chunk: list[Order | Entry] = []
    if isinstance(orders, AsyncIterable):
        async for order in orders:
            chunk.append(order)
            if len(chunk) == MOST_IN_A_LOOK:
                yield chunk
                chunk = []
    else:
        for item in orders:
            chunk.append(item)
            if len(chunk) == MOST_IN_A_LOOK:
                yield chunk
                chunk = []
    if chunk:
        yield chunk
