"""Offer what proves a run afterwards: ``provision verify`` and ``provision report``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wixreseller.cli.failures import InputError
from wixreseller.cli.limits import RATE_LIMIT, Limit, limit_option, parse_limit, read_limit
from wixreseller.cli.provision_options import plan_argument, read_plan

if TYPE_CHECKING:
    from wixreseller.bulk.journal_sqlite import SqliteJournal
    from wixreseller.bulk.verify_findings import VerifySummary
    from wixreseller.cli.connection import Connection
    from wixreseller.client import AsyncClient

__all__ = ["report", "verify"]

_VERIFY = """\
Prove order by order that what was planned is there, once. Sends nothing but queries.

Plan, journal and live state are compared: the plan says what was asked, the journal what was done,
Wix what is. Listed is every order that is missing, there twice, with another product, site or
billing, floating, failed, canceled, or otherwise than the journal says. Without a journal, plan
and live state are compared alone.

\b
Exit codes: 0 every order is as it was asked · 1 some are not, or Wix could not be asked ·
2 wrong usage or input · 3 key refused · 5 stopped by a limit · 130 interrupted
"""

_REPORT = """\
Write a run down for people: one HTML page, made of the journal, that needs nothing else.

Counts, throughput over time against the limit, failures by code. Also while the run goes on.

Exit codes: 0 written, 2 plan or journal cannot be read, or the page not be written
"""


@click.command(help=_VERIFY, short_help="Prove that each order is there, once.")
@plan_argument
@limit_option
@click.option("--json", "as_json", is_flag=True, help="Print every order as NDJSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print every order as CSV.")
@click.pass_obj
def verify(
    connection: Connection, plan_path: Path, limit: Limit, as_json: bool, as_csv: bool
) -> int:
    """Compare, list and count; the help text is ``_VERIFY``."""
    import asyncio
    import contextlib

    from wixreseller.bulk.journal_sqlite import open_journal
    from wixreseller.bulk.verify_findings import VerifySummary, verify_exit_code
    from wixreseller.bulk.verifying import order_file_state
    from wixreseller.bulk.verifying import verify as begin
    from wixreseller.cli.verify_show import tell_summary, verified_sink, verifying

    if as_json and as_csv:
        raise InputError("--json and --csv: choose one")
    plan = read_plan(plan_path)
    show = verified_sink("json" if as_json else "csv" if as_csv else "lines", connection.catalogue)

    async def compare(client: AsyncClient) -> VerifySummary:
        summary = VerifySummary()
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(client)
            journal = None
            if plan.journal_path.exists():
                journal = await stack.enter_async_context(
                    await open_journal(plan.journal_path, is_reader=True)
                )
            tell = stack.enter_context(verifying(plan.counts.orders))
            rows = await stack.enter_async_context(
                contextlib.aclosing(begin(client, plan, journal))
            )
            async for row in rows:
                summary += row
                show(row)
                tell(summary)
        return summary

    summary = asyncio.run(compare(connection.client(limit)))
    has_journal = plan.journal_path.exists()
    tell_summary(summary, order_file_state(plan), has_journal=has_journal)
    return verify_exit_code(summary)


def _read_limit(context: click.Context, parameter: click.Parameter, text: str | None) -> object:
    return None if text is None else parse_limit(context, parameter, text)


@click.command(help=_REPORT, short_help="Write a run down as one HTML page.")
@plan_argument
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where to write the page. [default: PLAN's name with .report.html, beside it]",
)
@click.option("--overwrite", is_flag=True, help="Let --output replace a file that exists.")
@click.option(
    "--rate-limit",
    "limit",
    callback=_read_limit,
    metavar="N/SECONDS|off",
    help="What to show the throughput against. [default: the limit of the run]",
)
@click.pass_obj
def report(
    connection: Connection,
    plan_path: Path,
    output: Path | None,
    overwrite: bool,
    limit: Limit | None,
) -> int:
    """Read and write; the help text is ``_REPORT``."""
    import asyncio
    from datetime import UTC, datetime

    from wixreseller.bulk.journal_sqlite import open_journal
    from wixreseller.bulk.report import write_report
    from wixreseller.cli.limits import plain_limit

    if output is not None and output.exists() and not overwrite:
        raise InputError(f"{output} exists: name another file with -o, or add --overwrite")
    plan = read_plan(plan_path)
    # By the name of its plan, so that what is replaced is an older report of the same.
    path = output or _beside(plan_path)
    if plan.needs(path):
        raise InputError(
            f"the report cannot be written to {path}, which this plan needs",
            then="name another file with -o FILE",
        )

    async def write() -> None:
        async with await open_journal(plan.journal_path, is_reader=True) as journal:
            await write_report(
                plan,
                journal,
                path,
                catalogue=connection.catalogue,
                limit=plain_limit(limit or await _limit_of_run(journal, connection)),
                made_at=datetime.now(UTC),
            )

    try:
        asyncio.run(write())
    except OSError as error:
        raise InputError(
            f"cannot write the report: {error}", then="name another place with -o FILE"
        ) from error
    click.echo(f"report: {path}", err=True)
    return 0


async def _limit_of_run(journal: SqliteJournal, connection: Connection) -> Limit:
    """Give the limit that the journal was written under; one of the library's does not say."""
    told = (await journal.facts()).get(RATE_LIMIT)
    limit = read_limit(told) if isinstance(told, str) else None
    return limit or connection.default_limit


def _beside(plan: Path) -> Path:
    stem = re.sub(r"\.plan(-[0-9]+)?$", r".report\1", plan.stem)
    return plan.with_name(f"{stem if stem != plan.stem else f'{stem}.report'}.html")
