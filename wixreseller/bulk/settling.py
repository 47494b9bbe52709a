"""Find out what became of orders that may have been sent: look, until Wix had time to show them.

Only reads. A hundred orders share a query, so that an outage that loses many answers does not use
up the rate limit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

import attrs

from wixreseller._calls import Calls
from wixreseller.bulk import verdicts
from wixreseller.bulk.journal import Record
from wixreseller.bulk.lookup import MOST_IN_A_LOOK, find_packages
from wixreseller.bulk.results import Ok, Unknown
from wixreseller.errors import WixResellerError
from wixreseller.models import Package

__all__ = ["Settled", "Settling"]

_FIRST_LOOK: Final = 0.5  # seconds after it was lost; then twice as long, and so on

Settled = Callable[[Sequence[tuple[Record, Ok | Unknown]]], Awaitable[None]]
"""Take the outcomes of orders that may have been sent."""


@attrs.define(eq=False)
class _Case:
    record: Record
    ends: float
    """When Wix had time to show it, on the monotonic clock."""
    pause: float = _FIRST_LOOK
    next_look: float = 0.0


class Settling:
    """Hold the orders whose outcome is open, and give each of them one.

    ``settled`` is awaited with outcomes. :meth:`run` works until :meth:`finish` was called and
    all are settled; :meth:`hurry` makes it look once more and then take what it knows for all.
    """

    def __init__(self, calls: Calls, settled: Settled) -> None:
        self._calls = calls
        self._settled = settled
        self._cases: dict[int, _Case] = {}
        self._changed = asyncio.Event()
        self._is_finishing = False
        self._is_hurried = False

    def __len__(self) -> int:
        return len(self._cases)

    def add(self, record: Record) -> None:
        """Take an order whose answer was lost, now or in a run before this one."""
        clock, window = self._calls.executor.clock, self._calls.config.retry.settle_window
        now = clock.monotonic()
        # By the date, since it may be of another process; never longer than the window, whatever
        # clocks were set to meanwhile.
        passed = max(0.0, clock.posix() - (record.last_sent or 0.0))
        left = max(0.0, window - passed)
        case = _Case(record, now + left, next_look=now if not left else now + _FIRST_LOOK)
        self._cases[record.entry.number] = case
        self._changed.set()

    def finish(self) -> None:
        """Say that no more will come."""
        self._is_finishing = True
        self._changed.set()

    def hurry(self) -> None:
        """Let it look once more and wait no longer."""
        self._is_hurried = True
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
        now = self._calls.executor.clock.monotonic()
        due = [case for case in self._cases.values() if self._is_hurried or case.next_look <= now]
        return due[:MOST_IN_A_LOOK]

    async def _wait(self) -> None:
        clock = self._calls.executor.clock
        changed = asyncio.ensure_future(self._changed.wait())
        try:
            if not self._cases:
                await changed
                return
            pause = min(case.next_look for case in self._cases.values()) - clock.monotonic()
            nap = asyncio.ensure_future(clock.sleep(max(0.0, pause)))
            try:
                await asyncio.wait({changed, nap}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                nap.cancel()
        finally:
            changed.cancel()

    async def _look(self, due: Sequence[_Case]) -> None:
        clock = self._calls.executor.clock
        began = clock.monotonic()
        found: Mapping[int, Sequence[Package]] | None = None
        problem: WixResellerError | None = None
        try:
            found = await find_packages(self._calls, [case.record.entry for case in due])
        except WixResellerError as error:
            problem = error
        told: list[tuple[Record, Ok | Unknown]] = []
        for case in due:
            # A look that began before the end does not say what was shown at the end.
            outcome = self._judge(case, found, problem, is_over=began >= case.ends)
            if outcome is None:
                case.pause *= 2
                case.next_look = min(clock.monotonic() + case.pause, case.ends)
            else:
                del self._cases[case.record.entry.number]
                told.append((case.record, outcome))
        if told:
            await self._settled(told)

    def _judge(
        self,
        case: _Case,
        found: Mapping[int, Sequence[Package]] | None,
        problem: WixResellerError | None,
        *,
        is_over: bool,
    ) -> Ok | Unknown | None:
        entry = case.record.entry
        if found is None:
            text = f"it may have been sent, and Wix could not be asked: {problem}"
            is_last = is_over or self._is_hurried
            return verdicts.unknown(entry, verdicts.NOT_SEEN, text) if is_last else None
        packages = found[entry.number]
        if is_over:
            return verdicts.when_settled(case.record, packages)
        if not self._has_rival(case.record) and (out := verdicts.proven(case.record, packages)):
            return out
        if not self._is_hurried:
            return None
        text = "it may have been sent, and the run was stopped before Wix could show it"
        return verdicts.unknown(entry, verdicts.NOT_SEEN, text)

    def _has_rival(self, record: Record) -> bool:
        """Say whether another create of this process may have made what a look found."""
        entry, since = record.entry, record.first_sent or 0.0
        return self._calls.recent.has_rival(entry.account_id, entry.external_id, entry.key, since)
