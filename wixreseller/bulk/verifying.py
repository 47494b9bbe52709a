"""Prove afterwards, order by order, that what was asked is there, once. Only reads.

Plan, journal and live state are compared: the plan says what was asked, the journal what was done,
Wix what is. A hundred orders share a query, and memory stays constant.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import attrs

from wixreseller._calls import Calls
from wixreseller.bulk.journal import Record
from wixreseller.bulk.journal_names import NAMED, hash_of
from wixreseller.bulk.journal_rows import RECORD_COLUMNS, read_record
from wixreseller.bulk.journal_sqlite import SqliteJournal
from wixreseller.bulk.lookup import MOST_IN_A_LOOK, calls_of, find_packages
from wixreseller.bulk.order_source import sha256_of
from wixreseller.bulk.plan import PlanRow
from wixreseller.bulk.plan_file import PLAN_SHA256, PlanFile
from wixreseller.bulk.verify_findings import MismatchKind, VerifiedRow
from wixreseller.bulk.verify_rules import judge, judge_renamed, refusal_of
from wixreseller.errors import ConfigurationError, JournalError
from wixreseller.models import Package

if TYPE_CHECKING:
    from wixreseller.client import AsyncClient

__all__ = ["OrderFileState", "order_file_state", "verify"]

# Looks that run side by side: enough for the rate limit to be what bounds them.
_LOOKS_AT_ONCE: Final = 4
_RECORD: Final = f"SELECT {', '.join(RECORD_COLUMNS)} FROM orders WHERE {NAMED}"  # noqa: S608  # our own names

OrderFileState = Literal["unchanged", "changed", "gone", "not_kept"]
"""What became of the file that a plan was made of; standard input is not kept."""


def order_file_state(plan: PlanFile) -> OrderFileState:
    """Say whether the order file is the one that was planned, by its hash.

    Raises:
        OSError: it cannot be read.
    """
    if plan.head.orders_path is None:
        return "not_kept"
    path = Path(plan.head.orders_path)
    if not path.is_file():
        return "gone"
    return "unchanged" if sha256_of(path) == plan.head.orders_sha256 else "changed"


async def verify(
    client: AsyncClient, plan: PlanFile, journal: SqliteJournal | None
) -> AsyncGenerator[VerifiedRow, None]:
    """Compare plan, journal and live state, and give what each order comes to, in their order.

    ``journal`` is that of the plan, open for reading; ``None`` compares plan and live state alone.
    Orders that look amiss, and were sent so lately that Wix may not show them yet, are looked at
    again when the client's ``settle_window`` is over.

    Raises:
        ConfigurationError: the plan was made against another server, or was changed meanwhile.
        JournalError: the journal is of another plan, or cannot be read.
        WixResellerError: it could not be looked.
    """
    calls = calls_of(client)
    here = calls.config.base_url
    if plan.head.base_url != here:
        raise ConfigurationError(
            f"the plan {plan.path} was made against {plan.head.base_url}, and this client talks "
            f"to {here}",
            field="plan",
        )
    await _check_journal(plan, journal)
    looker = _Looker(calls, journal)
    with contextlib.closing(plan.rows()) as rows:
        while wave := list(itertools.islice(rows, MOST_IN_A_LOOK * _LOOKS_AT_ONCE)):
            for row in await looker.verify_all(wave):
                yield row


async def _check_journal(plan: PlanFile, journal: SqliteJournal | None) -> None:
    if journal is None:
        return
    told = (await journal.facts()).get(PLAN_SHA256)
    # A run that was killed at its very beginning has written nothing down.
    if told is not None and told != plan.sha256:
        raise JournalError(
            f"the journal {journal.path} is of another plan than {plan.path} is now",
            path=str(journal.path),
        )


class _Looker:
    """Look orders up in the journal and at Wix, and judge what was found."""

    def __init__(self, calls: Calls, journal: SqliteJournal | None) -> None:
        self._calls = calls
        self._journal = journal

    async def verify_all(self, rows: Sequence[PlanRow]) -> Sequence[VerifiedRow]:
        """Judge some hundred orders; their queries run side by side."""
        chunks = [
            rows[start : start + MOST_IN_A_LOOK] for start in range(0, len(rows), MOST_IN_A_LOOK)
        ]
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._verify_patiently(chunk)) for chunk in chunks]
        except ExceptionGroup as several:
            raise several.exceptions[0] from None
        return [row for task in tasks for row in task.result()]

    async def _verify_patiently(self, rows: Sequence[PlanRow]) -> Sequence[VerifiedRow]:
        """Judge orders, and those again that look amiss before Wix had time to show them."""
        records = await self._records(rows)
        verified = await self._verify(rows, records)
        recent = [
            record.last_sent
            for record, row in zip(records, verified, strict=True)
            if row.findings and record is not None and record.last_sent is not None
        ]
        clock, window = self._calls.executor.clock, self._calls.config.retry.settle_window
        # By the date, and never longer than the window, whatever clocks were set to meanwhile.
        wait = min(window, max(recent) + window - clock.posix()) if recent else 0.0
        if wait <= 0:
            return verified
        await clock.sleep(wait)
        amiss = [place for place, row in enumerate(verified) if row.findings]
        again = [rows[place] for place in amiss]
        settled = await self._verify(again, await self._records(again))
        of_place = dict(zip(amiss, settled, strict=True))
        return [of_place.get(place, row) for place, row in enumerate(verified)]

    async def _records(self, rows: Sequence[PlanRow]) -> Sequence[Record | None]:
        if self._journal is None:
            return [None] * len(rows)
        names = [(hash_of(row.entry.name), *row.entry.name) for row in rows]
        found = await self._journal.read(
            lambda connection: [connection.execute(_RECORD, name).fetchone() for name in names]
        )
        return [None if values is None else read_record(values) for values in found]

    async def _verify(
        self, rows: Sequence[PlanRow], records: Sequence[Record | None]
    ) -> Sequence[VerifiedRow]:
        found = await find_packages(self._calls, [row.entry for row in rows])
        verified = [
            self._judge(row, record, found[row.entry.number])
            for row, record in zip(rows, records, strict=True)
        ]
        return await self._with_renamed(rows, verified)

    def _judge(
        self, row: PlanRow, record: Record | None, packages: Sequence[Package]
    ) -> VerifiedRow:
        entry = row.entry
        has_journal = self._journal is not None
        return VerifiedRow(
            number=entry.number,
            lines=row.lines,
            operation=entry.operation,
            account_id=entry.account_id,
            external_id=entry.external_id,
            state=None if record is None else record.state,
            package_ids=tuple(package.id for package in packages),
            refusal=refusal_of(entry, record),
            mismatches=tuple(judge(entry, record, packages, has_journal=has_journal)),
        )

    async def _with_renamed(
        self, rows: Sequence[PlanRow], verified: Sequence[VerifiedRow]
    ) -> Sequence[VerifiedRow]:
        """Look for the packages that the journal names and their external ids do not find.

        Whoever was told that such a one is missing would order it a second time.
        """
        by_package = [
            # As a cancel, because those are looked up by the id of their package.
            attrs.evolve(row.entry, operation="cancel", package_id=item.package_ids[0])
            for row, seen in zip(rows, verified, strict=True)
            for item in seen.mismatches
            if item.kind is MismatchKind.MISSING and item.package_ids and seen.operation == "create"
        ]
        if not by_package:
            return verified
        found = await find_packages(self._calls, by_package)
        return [
            attrs.evolve(
                seen,
                package_ids=tuple(package.id for package in packages),
                mismatches=tuple(judge_renamed(row.entry, packages[0])),
            )
            if (packages := found.get(seen.number))
            else seen
            for row, seen in zip(rows, verified, strict=True)
        ]
