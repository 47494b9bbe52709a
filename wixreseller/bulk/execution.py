"""Carry a plan out from its first order to the report: what ``provision apply`` and others do."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import attrs

from wixreseller.bulk import verdicts
from wixreseller.bulk.journal import STATES, Change, Entry, Journal, Record, State
from wixreseller.bulk.plan_file import PlanFile
from wixreseller.bulk.results import Outcome
from wixreseller.bulk.runner import MOST_IN_FLIGHT, run
from wixreseller.bulk.stopping import Stop
from wixreseller.bulk.summary import StopReason, exit_code
from wixreseller.errors import (
    AuthenticationError,
    ConfigurationError,
    JournalError,
    PermissionDeniedError,
    WixResellerError,
)
from wixreseller.models import JSONObject

if TYPE_CHECKING:
    from wixreseller.client import AsyncClient

__all__ = ["CANCELS_CONFIRMED", "Execution", "ExecutionOptions", "Report", "all_counts"]

CANCELS_CONFIRMED: Final = "cancelsConfirmed"
"""The fact in a journal that says how many cancels somebody has agreed to."""
_UNDER_WAY: Final = "it was under way when the run was ended: resume looks for it"


@attrs.frozen(kw_only=True)
class ExecutionOptions:
    """Say how a plan is carried out; see :func:`~wixreseller.bulk.run`."""

    resend_absent: bool = False
    retry_failed: bool = False
    max_concurrency: int = MOST_IN_FLIGHT
    max_failures: int | None = None
    """Send nothing more when so many orders failed in this run."""


@attrs.frozen(kw_only=True)
class Report:
    """Say how carrying out a plan ended."""

    orders: int
    """How many the plan has."""
    counts: Mapping[State, int]
    """How many of them are in which state; what was not come to is ``planned``."""
    outcomes: Mapping[str, int]
    """How many were told with which word of the results file."""
    seconds: float
    reason: StopReason | None = None
    """Why it stopped before its end."""
    error: Exception | None = None
    """What stopped it."""

    @property
    def exit_code(self) -> int:
        """The exit code; :func:`~wixreseller.bulk.summary.exit_code` says of what."""
        return exit_code(self.counts, self.reason)

    @property
    def open(self) -> int:
        """How many orders a resumed run has something to do for."""
        return self.counts["planned"] + self.counts["intent"] + self.counts["unknown"]


def all_counts(orders: int, counts: Mapping[State, int]) -> dict[State, int]:
    """Add to what a journal counts those of its plan's orders that it was not told of yet."""
    return {**counts, "planned": counts["planned"] + max(0, orders - sum(counts.values()))}


class Execution:
    """Carry a plan out: :meth:`run` does it and says how it ended; the others end it early.

    ``journal`` is the plan's, open. ``tell`` gets each outcome, once it is in the journal; what it
    raises stops the run. Belongs to one event loop.
    """

    def __init__(
        self,
        client: AsyncClient,
        plan: PlanFile,
        journal: Journal,
        *,
        tell: Callable[[Outcome], None],
        options: ExecutionOptions = ExecutionOptions(),
    ) -> None:
        self._client = client
        self._plan = plan
        self._options = options
        self._stop = Stop()
        self._journal = _Watched(journal, self._stop, options.max_failures)
        self._tell = tell
        self._outcomes: Counter[str] = Counter()
        self._task: asyncio.Task[None] | None = None

    def interrupt(self) -> None:
        """Send nothing more, and finish what is in flight."""
        self._stop.request(StopReason.INTERRUPTED)

    def abandon(self) -> None:
        """End at once; what is in flight stays open in the journal."""
        self._stop.request(StopReason.INTERRUPTED)
        if self._task is not None:
            self._task.cancel()

    async def run(self) -> Report:
        """Carry the plan out, as far as that is possible, and say how it ended.

        Raises:
            JournalError: the journal cannot even be read; nothing was sent.
        """
        began = time.monotonic()
        before = await self._journal.counts()
        self._task = asyncio.ensure_future(self._consume())
        try:
            await asyncio.wait({self._task})
        except asyncio.CancelledError:
            self._task.cancel()
            await asyncio.wait({self._task})
            raise
        error = None if self._task.cancelled() else self._task.exception()
        if error is not None and not isinstance(error, Exception):
            raise error
        reason = _reason(error, self._stop)
        if reason is None and error is not None:
            raise error
        counts = await self._final_counts(before)
        with contextlib.suppress(OSError, JournalError):
            await self._tell_of_intents()
        return Report(
            orders=self._plan.counts.orders,
            counts=all_counts(self._plan.counts.orders, counts),
            outcomes=self._outcomes,
            seconds=time.monotonic() - began,
            reason=reason,
            error=error,
        )

    async def _consume(self) -> None:
        options = self._options
        with contextlib.closing(self._plan.entries()) as entries:
            outcomes = run(
                self._client,
                entries,
                journal=self._journal,
                resend_absent=options.resend_absent,
                retry_failed=options.retry_failed,
                max_concurrency=options.max_concurrency,
                stop=self._stop,
            )
            async with contextlib.aclosing(outcomes):
                async for outcome in outcomes:
                    self._told(outcome)

    def _told(self, outcome: Outcome) -> None:
        self._outcomes[outcome.outcome] += 1
        self._tell(outcome)

    async def _final_counts(self, before: Mapping[State, int]) -> Mapping[State, int]:
        try:
            return await self._journal.counts()
        except JournalError:
            # What may have been sent and has no result is all that matters now.
            return {**before, "intent": before["intent"] + self._journal.in_flight}

    async def _tell_of_intents(self) -> None:
        """Account for what was under way when the run was ended."""
        async for record in self._journal.records(("intent",)):
            if record.entry.number in self._journal.unwritten:
                continue  # told already, though the journal could not be
            self._told(verdicts.unknown(record.entry, verdicts.NOT_SEEN, _UNDER_WAY))


def _reason(error: BaseException | None, stop: Stop) -> StopReason | None:
    if stop.reason is not None or error is None:
        return stop.reason
    if isinstance(error, (JournalError, OSError)):
        return StopReason.FILES
    if isinstance(error, ConfigurationError):
        return StopReason.INPUT
    if isinstance(error, (AuthenticationError, PermissionDeniedError)):
        return StopReason.AUTHENTICATION
    return StopReason.LIMIT if isinstance(error, WixResellerError) else None


class _Watched:
    """Pass everything on to a journal, and watch what becomes of orders in this run."""

    def __init__(self, journal: Journal, stop: Stop, max_failures: int | None) -> None:
        self._journal = journal
        self._stop = stop
        self._max_failures = max_failures
        self._failures = 0
        self._on_way: set[int] = set()
        self.unwritten: set[int] = set()
        """Orders that have an outcome which could not be written down."""

    @property
    def in_flight(self) -> int:
        """How many orders may have been sent, and have no result yet."""
        return len(self._on_way)

    async def add(self, entries: Sequence[Entry], at: float) -> Sequence[Record]:
        return await self._journal.add(entries, at)

    async def note(self, changes: Sequence[Change]) -> None:
        try:
            await self._journal.note(changes)
        except JournalError:
            self.unwritten.update(change.number for change in changes if change.outcome)
            raise
        for change in changes:
            if change.state == "intent":
                self._on_way.add(change.number)
            else:
                self._on_way.discard(change.number)
        self._failures += sum(change.state == "failed" for change in changes)
        if self._max_failures is not None and self._failures >= self._max_failures:
            self._stop.request(StopReason.FAILURES)

    def records(self, states: Sequence[State] = STATES) -> AsyncIterator[Record]:
        return self._journal.records(states)

    async def counts(self) -> dict[State, int]:
        return await self._journal.counts()

    async def facts(self) -> JSONObject:
        return await self._journal.facts()

    async def set_facts(self, facts: JSONObject) -> None:
        await self._journal.set_facts(facts)

    async def aclose(self) -> None:
        """Leave it to whoever opened it."""
