"""Offer whole files of orders: ``wixreseller provision …``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from wixreseller.cli.connection import Connection, InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wixreseller.bulk.orders import Order
    from wixreseller.bulk.results import Outcome, ResultsWriter

__all__ = ["provision"]

_HELP = """\
Make a package of each order in a file.

ORDERS is a CSV file with a header, or NDJSON with the same keys (by its name: .ndjson or .jsonl);
- is standard input. Columns: external_id, catalog_product_id and country_code must be there;
account_id, site_id, billing_type, cycle_unit, cycle_count, discount_code,
reference_product_instance_id and operation may be. A row is a product; adjacent rows with the same
account and external id are one package.

All rows are checked before anything is sent: if one is wrong, all problems are listed, with line
and column, and nothing is sent.

Each package is looked up by its external id first, and created only if there is none. There is no
journal yet, and no resuming: after a crash or Ctrl-C, run the same file again. That is safe,
because it looks first; what exists is reported as existing, not created twice. Give Wix a moment
before: a package created a second ago may not be visible yet.

Ctrl-C takes no more orders, finishes the creates under way (within the rate limit, so it may take
a minute) and writes their results. A second one ends at once; what was under way is then unknown.

\b
Exit codes: 0 all done · 1 orders failed · 2 wrong usage or input · 3 key refused ·
4 outcomes unknown · 5 stopped by a limit · 130 interrupted
"""


@click.group(no_args_is_help=False)
def provision() -> None:
    """Turn files of orders into packages."""


@provision.command(help=_HELP, short_help="Make a package of each order in a file.")
@click.argument("orders", metavar="ORDERS")
@click.option(
    "--results",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where to write what became of each order (CSV). "
    "[default: beside ORDERS, a name that is free]",
)
@click.option("--overwrite", is_flag=True, help="Let --results replace a file that exists.")
@click.option(
    "--format",
    "file_format",
    type=click.Choice(("csv", "ndjson")),
    help="What ORDERS is. [default: by its name]",
)
@click.option(
    "--concurrency",
    type=click.IntRange(min=1),
    default=32,
    show_default=True,
    metavar="N",
    help="How many orders are worked on at a time.",
)
@click.option(
    "--no-rate-limit",
    is_flag=True,
    help="Do not keep to Wix's 200 requests a minute: for an emulator without a limit.",
)
@click.option("--json", "as_json", is_flag=True, help="Also print each result, as NDJSON.")
@click.pass_obj
def run(
    connection: Connection,
    orders: str,
    results: Path | None,
    overwrite: bool,
    file_format: Literal["csv", "ndjson"] | None,
    concurrency: int,
    no_rate_limit: bool,
    as_json: bool,
) -> int:
    """Read, check, run, and sum up; the help text is ``_HELP``."""
    from wixreseller.bulk.results import free_results_path
    from wixreseller.cli.order_input import read_order_file

    rows = read_order_file(orders, file_format, connection.default_account)
    path = results or free_results_path(orders)
    return _run(
        connection,
        rows,
        path,
        overwrite=overwrite,
        concurrency=concurrency,
        is_paced=not no_rate_limit,
        as_json=as_json,
    )


def _run(
    connection: Connection,
    orders: Sequence[Order],
    path: Path,
    *,
    overwrite: bool,
    concurrency: int,
    is_paced: bool,
    as_json: bool,
) -> int:
    import asyncio

    from wixreseller import RateLimit
    from wixreseller.bulk.results import to_json
    from wixreseller.bulk.summary import exit_code
    from wixreseller.cli.run_orders import Report, error_console, run_orders, tell_end

    client = connection.client(is_paced=is_paced)
    limit = RateLimit()
    console = error_console()
    with _open_results(path, overwrite=overwrite) as writer:

        def write(outcome: Outcome) -> None:
            writer.write(outcome)
            if as_json:
                sys.stdout.buffer.write(to_json(outcome))
                sys.stdout.buffer.flush()

        async def provision_all() -> Report:
            async with client:
                return await run_orders(
                    client,
                    orders,
                    concurrency=concurrency,
                    requests_per_second=limit.requests / limit.per if is_paced else None,
                    write=write,
                    console=console,
                )

        report = asyncio.run(provision_all())
    tell_end(report, console, str(path))
    return exit_code(report.summary)


def _open_results(path: Path, *, overwrite: bool) -> ResultsWriter:
    from wixreseller.bulk.results import ResultsWriter

    try:
        return ResultsWriter(path, overwrite=overwrite)
    except FileExistsError:
        raise InputError(
            f"the results file {path} exists, and may be the only record of another run: name "
            f"another, or add --overwrite"
        ) from None
    except OSError as error:
        raise InputError(f"cannot write the results file: {error}") from error
