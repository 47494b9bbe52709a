"""Write the file of what failed: the rows as they were ordered, and why nothing came of them.

Its columns are those of the order file and four more, so that rows can be mended and ordered again.
So what may have been carried out has no place in it: another plan would not know that it was sent.
"""

from __future__ import annotations

import contextlib
import csv
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

from wixreseller.bulk.journal import Record
from wixreseller.bulk.journal_sqlite import open_journal
from wixreseller.bulk.order_columns import TOLD_COLUMNS
from wixreseller.bulk.plan import PlanRow
from wixreseller.bulk.plan_file import PlanFile
from wixreseller.bulk.results import Failed

__all__ = ["is_retryable", "write_failed"]

_MAY_PASS: Final = frozenset(
    {
        "PRODUCT_LIMIT_EXCEEDED",
        "PRODUCT_SETTINGS_NOT_FOUND",
        "PRODUCT_NOT_SUPPORTED_ON_SITE",
        "PRODUCT_TYPE_ALREADY_ASSIGNED",
    }
)
"""Codes that speak of something beside the order, which may change while the order stays."""


def is_retryable(outcome: Failed) -> bool:
    """Say whether resuming may get an order done as it is; else its row has to be changed."""
    return outcome.code in _MAY_PASS


async def write_failed(plan: PlanFile, path: Path, *, overwrite: bool = False) -> int:
    """Write the rows of a plan's orders that failed; give how many.

    Nothing is written if there are none. Memory stays constant.

    Raises:
        FileExistsError: there is a file at ``path``, and it is not to be overwritten.
        OSError: it cannot be written.
        JournalError: the journal cannot be read.
    """
    columns: dict[str, None] = {}
    async for row, _ in _failed_rows(plan):
        for values in row.rows:
            columns |= dict.fromkeys(name for name in values if name not in TOLD_COLUMNS)
    if not columns:
        return 0
    count = 0
    with path.open("w" if overwrite else "x", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow([*columns, *TOLD_COLUMNS])
        async for row, outcome in _failed_rows(plan):
            why = (
                outcome.code,
                outcome.message,
                outcome.request_id or "",
                "true" if is_retryable(outcome) else "false",
            )
            for values in row.rows:
                writer.writerow([*(values.get(name, "") for name in columns), *why])
                count += 1
    return count


async def _failed_rows(plan: PlanFile) -> AsyncIterator[tuple[PlanRow, Failed]]:
    """Give what failed with its row of the plan; both are read side by side, by number."""
    async with await open_journal(plan.journal_path, is_reader=True) as journal:
        with contextlib.closing(plan.rows()) as rows:
            async for record in journal.records(("failed",)):
                row = _find(rows, record)
                if row is not None and isinstance(record.outcome, Failed):
                    yield row, record.outcome


def _find(rows: Iterator[PlanRow], record: Record) -> PlanRow | None:
    for row in rows:
        if row.entry.number == record.entry.number:
            return row
    return None
