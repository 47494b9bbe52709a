"""Find out what became of orders that may have been sent: look, until Wix had time to show them.

Only reads. A hundred orders share a query, so that an outage that loses many answers does not use
up the rate limit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import attrs

from wixreseller._calls import Calls
from wixreseller._sentinels import NO_TIMEOUT
from wixreseller.bulk import verdicts
from wixreseller.bulk.journal import Record
from wixreseller.bulk.lookup import MOST_IN_A_LOOK, find_packages
from wixreseller.bulk.outage import Reach
from wixreseller.bulk.results import Ok, Unknown
from wixreseller.errors import WixResellerError
from wixreseller.models import Package

__all__ = ["Settled", "Settling", "Tell"]

_FIRST_LOOK: Final = 0.5  # seconds after it was lost; then twice as long, and so on
_LAST_LOOK: Final = 10.0
"""Seconds that the last look may take of a run that is stopped: it may wait for the rate limit."""

_Found = Mapping[int, Sequence[Package]]


@attrs.frozen
class Settled:
    """Hold what an order that may have been sent comes to."""

    record: Record
    outcome: Ok | Unknown
    again: verdicts.Send | None = None
    """What to send if it is to be sent again: Wix had its time to show it, and did not."""


Tell = Callable[[Sequence[Settled]], Awaitable[None]]
"""Take what orders come to that may have been sent."""


@attrs.define(eq=False)
class _Case:
    record: Record
    ends: float
    """When Wix had time to show it, on the monotonic clock."""
    next_look: float
    pause: float = _FIRST_LOOK


class Settling:
    """Hold the orders whose outcome is open, and give each of them one.

    ``tell`` is awaited with outcomes. :meth:`run` works until :meth:`finish` was called and all
    are settled; :meth:`hurry` makes it look once more and then take what it knows for all.
    """

    def __init__(self, calls: Calls, reads: Reach, tell: Tell) -> None:
        self._calls = calls
        self._reads = reads
        self._tell = tell
        self._cases: dict[int, _Case] = {}
        self._changed = asyncio.Event()
        self._hurried = asyncio.Event()
        self._is_finishing = False

    def __len__(self) -> int:
        return len(self._cases)

    def add_lost(self, record: Record) -> None:
        """Take an order whose answer was lost just now."""
        now = self._calls.executor.clock.monotonic()
        window = self._calls.config.retry.settle_window
        self._add(_Case(record, now + window, next_look=now + min(window, _FIRST_LOOK)))

    def add_found(self, record: Record) -> None:
        """Take an order that a run before this one left open.

        That run may have ended right after the request had left; then Wix had until the time-out
        to carry it out, and from there the window to show it.
        """
        clock, config = self._calls.executor.clock, self._calls.config
        answered = 0.0 if config.timeout is NO_TIMEOUT else config.timeout
        whole = answered + config.retry.settle_window
        # By the date, since it is of another process; never longer than the whole, whatever
        # clocks were set to meanwhile.
        passed = max(0.0, clock.posix() - (record.last_sent or 0.0))
        now = clock.monotonic()
        self._add(_Case(record, now + max(0.0, whole - passed), next_look=now))

    def _add(self, case: _Case) -> None:
        self._cases[case.record.entry.number] = case
        self._changed.set()

    def finish(self) -> None:
        """Say that no more will come."""
        self._is_finishing = True
        self._changed.set()

    def hurry(self) -> None:
        """Let it look once more and wait no longer."""
        self._hurried.set()
        self._changed.set()

    async def run(self) -> None:
        """Work until all are settled and no more will come.

        Raises:
            JournalError: an outcome could not be written down.
        """
        while self._cases or not self._is_finishing:
            self._changed.clear()
            due = self._due()
            if due:
                await self._look(due)
            else:
                await self._wait()

    def _due(self) -> Sequence[_Case]:
        now, is_hurried = self._calls.executor.clock.monotonic(), self._hurried.is_set()
        due = [case for case in self._cases.values() if is_hurried or case.next_look <= now]
        return due[:MOST_IN_A_LOOK]

    async def _wait(self) -> None:
        """Wait until something changes, or a look is due."""
        if not self._cases:
            await self._changed.wait()
            return
        clock = self._calls.executor.clock
        pause = min(case.next_look for case in self._cases.values()) - clock.monotonic()
        changed = asyncio.ensure_future(self._changed.wait())
        nap = asyncio.ensure_future(clock.sleep(max(0.0, pause)))
        await _first_of(changed, nap)

    async def _look(self, due: Sequence[_Case]) -> None:
        began = self._calls.executor.clock.monotonic()
        found, problem = await self._find(due)
        now = self._calls.executor.clock.monotonic()
        told: list[Settled] = []
        for case in due:
            # A look that began before the end does not say what was shown at the end.
            is_over = began >= case.ends
            settled = (
                self._judge(case.record, found, is_over=is_over)
                if found is not None
                else self._judge_unseen(case.record, problem, is_over=is_over)
            )
            if settled is not None:
                del self._cases[case.record.entry.number]
                told.append(settled)
            elif found is None:
                case.next_look = now + max(_FIRST_LOOK, self._reads.outage.seconds_left)
            else:
                case.pause *= 2
                case.next_look = min(now + case.pause, case.ends)
        if told:
            await self._tell(told)

    async def _find(self, due: Sequence[_Case]) -> tuple[_Found | None, WixResellerError | None]:
        """Look, but do not hold a run up that is stopped."""
        entries = [case.record.sought for case in due]
        looking = asyncio.ensure_future(find_packages(self._calls, entries))
        if not await _first_of(looking, asyncio.ensure_future(self._out_of_time())):
            return None, None
        try:
            found = looking.result()
        except WixResellerError as error:
            try:
                self._reads.failed(error)
            except WixResellerError:
                return None, error  # waiting does not help
            return None, None if not self._hurried.is_set() else error
        self._reads.got_through()
        return found, None

    async def _out_of_time(self) -> None:
        await self._hurried.wait()
        await self._calls.executor.clock.sleep(_LAST_LOOK)

    def _judge(self, record: Record, found: _Found, *, is_over: bool) -> Settled | None:
        packages = found[record.entry.number]
        has_rival = self._has_rival(record)
        if is_over:
            outcome = verdicts.when_settled(record, packages, has_rival=has_rival)
            again = verdicts.to_send_again(record, packages)
            return Settled(record, outcome, again if isinstance(outcome, Unknown) else None)
        if not has_rival and (proof := verdicts.proven(record, packages)):
            return Settled(record, proof)
        if not self._hurried.is_set():
            return None
        text = "it may have been sent, and the run was stopped before Wix could show it"
        return Settled(record, verdicts.unknown(record.entry, verdicts.NOT_SEEN, text))

    def _judge_unseen(
        self, record: Record, problem: WixResellerError | None, *, is_over: bool
    ) -> Settled | None:
        """Say what an order comes to that could not be looked for: none, while that may pass."""
        if not self._hurried.is_set() and (problem is None or not is_over):
            return None
        why = f": {problem}" if problem is not None else " before the run was stopped"
        text = f"it may have been sent, and Wix could not be asked{why}"
        return Settled(record, verdicts.unknown(record.entry, verdicts.NOT_ASKED, text))

    def _has_rival(self, record: Record) -> bool:
        """Say whether another create of this process may have made what a look found."""
        entry, since = record.entry, record.first_sent or 0.0
        return self._calls.recent.has_rival(entry.account_id, entry.external_id, entry.key, since)


async def _first_of(wanted: asyncio.Future[Any], other: asyncio.Future[Any]) -> bool:
    """Wait for one of two, end the other, and say whether the first came to its end."""
    try:
        await asyncio.wait({wanted, other}, return_when=asyncio.FIRST_COMPLETED)
        return wanted.done() and not wanted.cancelled()
    finally:
        for future in (wanted, other):
            future.cancel()
        await asyncio.wait({wanted, other})
        for future in (wanted, other):
            if not future.cancelled():
                future.exception()  # nobody else may ask for it
