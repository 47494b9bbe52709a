"""Offer ``provision plan``, and plan for ``provision run``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from wixreseller.cli.failures import InputError
from wixreseller.cli.limits import Limit, limit_option
from wixreseller.cli.provision_options import (
    FileFormat,
    format_option,
    open_orders,
    orders_argument,
)

if TYPE_CHECKING:
    from wixreseller.bulk.order_source import Checked, OrderSource
    from wixreseller.bulk.planning import PlanSummary
    from wixreseller.cli.connection import Connection

__all__ = ["make_plan", "plan"]

_HELP = """\
Look at what exists, and write down what would be done. Sends nothing but queries.

ORDERS is a CSV file with a header, or NDJSON with the same keys (by its name: .ndjson or .jsonl);
- is standard input. Columns: external_id, catalog_product_id (a GUID, or a name of the catalogue)
and country_code must be there; account_id, site_id, billing_type, cycle_unit, cycle_count,
discount_code, reference_product_instance_id, operation and package_id may be. A row is a product;
adjacent rows with the same account and external id are one package. The operation cancel cancels
the package of a package_id or external_id.

All rows are checked first: if one is wrong, all problems are listed, with line and column, and no
plan is written. Orders whose external id is taken by something else are conflicts: they are
listed, and would fail; the others can be done.

\b
Exit codes: 0 planned · 1 Wix could not be asked · 2 wrong usage or input · 3 key refused ·
5 stopped by a limit · 130 interrupted
"""


@click.command(help=_HELP, short_help="Look, and write down what would be done.")
@orders_argument
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where to write the plan. [default: ORDERS' name with .plan.json, beside it]",
)
@click.option(
    "--overwrite",
    is_flag=True,
    help="Let the plan replace one that was not applied.",
)
@format_option
@limit_option
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
@click.pass_obj
def plan(
    connection: Connection,
    orders: str,
    output: Path | None,
    overwrite: bool,
    file_format: FileFormat | None,
    limit: Limit,
    as_json: bool,
) -> int:
    """Check, look, write, and show; the help text is ``_HELP``."""
    from wixreseller.bulk.planning import AlreadyAppliedError, check_plan_path, plan_path_of
    from wixreseller.cli.order_input import check_orders
    from wixreseller.cli.plan_show import show_plan
    from wixreseller.cli.resume_line import ResumeLine

    path = output or plan_path_of(orders)
    try:
        check_plan_path(path, overwrite=overwrite)
    except AlreadyAppliedError as error:
        line = ResumeLine.of(connection, path, limit)
        if _is_open(connection, path):
            raise InputError(
                f"the plan {path} was begun before and is not finished; go on with:\n  {line}"
            ) from None
        raise InputError(f"{error} with -o; to go on with it:\n  {line}") from None
    except FileExistsError:
        raise InputError(
            f"{path} exists, and was not applied: name another plan with -o, or add --overwrite"
        ) from None
    with open_orders(connection, orders, file_format) as source:
        summary = make_plan(connection, source, check_orders(source), path, orders, limit)
    show_plan(summary, orders, limit, connection, as_json=as_json)
    return 0


def _is_open(connection: Connection, path: Path) -> bool:
    """Tell whether a plan that was applied has orders left to do something for here."""
    import asyncio

    from wixreseller.bulk.plan_file import PlanFile
    from wixreseller.bulk.planning import is_for
    from wixreseller.bulk.status import read_status
    from wixreseller.errors import WixResellerError

    try:
        plan = PlanFile(path)
        is_here = is_for(plan, connection.server, connection.default_account)
        return is_here and asyncio.run(read_status(plan)).open > 0
    except (WixResellerError, OSError):
        return False  # there is a journal, and no plan to it; or it cannot be read any more


def make_plan(
    connection: Connection,
    source: OrderSource,
    checked: Checked,
    path: Path,
    orders: str,
    limit: Limit,
) -> PlanSummary:
    """Plan the orders of a checked file, showing how far it is.

    Raises:
        InputError: the plan cannot be written.
        WixResellerError: it could not be looked.
    """
    import asyncio
    from datetime import UTC, datetime

    from wixreseller.bulk.planning import plan_orders
    from wixreseller.cli.plan_show import planning

    client = connection.client(limit)

    async def look() -> PlanSummary:
        async with client:
            with planning(checked.orders) as tell:
                return await plan_orders(
                    client,
                    source,
                    checked,
                    path,
                    orders=orders,
                    made_at=datetime.now(UTC),
                    tell=tell,
                )

    try:
        return asyncio.run(look())
    except OSError as error:
        raise InputError(
            f"cannot write the plan: {error}", then="name another place with -o FILE"
        ) from error
