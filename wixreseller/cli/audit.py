"""Offer ``wixreseller audit``: what costs money for nothing, in a live account."""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal

import click

from wixreseller.cli.completion import complete_file
from wixreseller.cli.failures import InputError
from wixreseller.cli.limits import Limit, limit_option

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from wixreseller.bulk.findings import AuditSummary
    from wixreseller.bulk.orders import Order
    from wixreseller.cli.audit_show import FindingSink
    from wixreseller.cli.connection import Connection
    from wixreseller.client import AsyncClient

__all__ = ["audit"]

_HELP = """\
List what costs money for nothing in a live account. Nothing is written.

Without --account it reads the whole family of accounts, with it that account only: all packages,
a hundred in a request, within the rate limit.

\b
floating       an enabled instance on no site that has billing, and no reference
               instance that makes it free (a guess: Wix shows no prices)
duplicate      a live package whose external id an older live package of the same
               account has
half_canceled  an enabled instance in a package of which another instance is
               canceled, not expired (a guess: packages have no status of their own)
failed         an instance with the status FAILED
pending        an instance that has been PENDING for long, and unchanged

With --orders, a file of all orders there ever were:

\b
orphan         a live package that no order asks for: none creates its external id in
               its account, or one cancels it
stranger       an order to create a package of which there is no live package

A package is live if it has an instance that is neither CANCELED nor FAILED.

\b
Exit codes: 0 no findings · 1 findings, or the account could not be read ·
2 wrong usage or input · 3 key refused · 5 stopped by a limit · 130 interrupted
"""

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def _read_duration(_: click.Context, __: click.Parameter, text: str) -> timedelta:
    """Read a length of time like ``90m``, ``24h`` or ``3d``."""
    match = re.fullmatch(r"([0-9]{1,6})([smhdw])", text.strip())
    if match is None:
        raise click.BadParameter(
            f"{text!r} is no length of time: a whole number and a unit (s, m, h, d or w), "
            f"like 90m, 24h or 3d"
        )
    return timedelta(seconds=int(match[1]) * _UNITS[match[2]])


@click.command(help=_HELP, short_help="List what costs money for nothing in a live account.")
@click.option(
    "--orders",
    metavar="FILE",
    shell_complete=complete_file,
    help="Order file to compare with; - is standard input.",
)
@click.option(
    "--format",
    "file_format",
    type=click.Choice(("csv", "ndjson")),
    help="What --orders is. [default: by its name]",
)
@click.option(
    "--pending-longer-than",
    callback=_read_duration,
    default="24h",
    show_default=True,
    metavar="DURATION",
    help="How long an instance may be PENDING, by Wix's clock: 90m, 24h, 3d.",
)
@limit_option
@click.option("--json", "as_json", is_flag=True, help="Print findings as NDJSON, as they come.")
@click.option("--csv", "as_csv", is_flag=True, help="Print findings as CSV, as they come.")
@click.pass_obj
def audit(
    connection: Connection,
    orders: str | None,
    file_format: Literal["csv", "ndjson"] | None,
    pending_longer_than: timedelta,
    limit: Limit,
    as_json: bool,
    as_csv: bool,
) -> int:
    """Read, list and count; the help text is ``_HELP``."""
    from wixreseller.bulk.findings import audit_exit_code
    from wixreseller.cli.audit_show import sink_for

    if as_json and as_csv:
        raise InputError("--json and --csv: choose one")
    sink = sink_for(
        "json" if as_json else "csv" if as_csv else "table",
        connection.catalogue,
        with_accounts=connection.account_id is None,
    )
    with _orders(connection, orders, file_format) as wanted:
        return audit_exit_code(_audit(connection, wanted, pending_longer_than, sink, limit))


@contextmanager
def _orders(
    connection: Connection, path: str | None, file_format: Literal["csv", "ndjson"] | None
) -> Generator[Iterable[Order] | None, None, None]:
    if path is None:
        yield None
        return
    from wixreseller.bulk.order_source import OrderSource
    from wixreseller.cli.order_input import check_orders

    with OrderSource(
        path,
        stdin=sys.stdin.buffer,
        file_format=file_format,
        account_id=connection.default_account,
        catalogue=connection.catalogue,
    ) as source:
        check_orders(source)
        yield source


def _audit(
    connection: Connection,
    orders: Iterable[Order] | None,
    pending_longer_than: timedelta,
    sink: FindingSink,
    limit: Limit,
) -> AuditSummary:
    from wixreseller.bulk.auditing import audit as begin
    from wixreseller.cli.audit_show import reading, tell_counts

    async def read(client: AsyncClient) -> AuditSummary:
        found = begin(
            client,
            orders=orders,
            pending_longer_than=pending_longer_than,
            account_id=connection.account_id,
        )
        try:
            with reading(shows_bar=not (sink.is_streaming and sys.stdout.isatty())) as tell:
                while (page := await found.next_page()) is not None:
                    for finding in page:
                        sink.add(finding)
                    tell(found.summary)
        finally:
            # What was found before an error or Ctrl-C is worth as much.
            sink.finish()
            tell_counts(found.summary)
        return found.summary

    return connection.run(read, limit=limit)
