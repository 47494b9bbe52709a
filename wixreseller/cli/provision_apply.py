"""Offer what sends: ``provision apply``, ``run`` and ``resume``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from wixreseller.cli.failures import InputError
from wixreseller.cli.limits import Limit
from wixreseller.cli.provision_options import (
    FileFormat,
    changed_option,
    check_can_ask,
    confirm_cancels,
    format_option,
    open_orders,
    orders_argument,
    plan_argument,
    read_plan,
    send_options,
)
from wixreseller.cli.provision_plan import make_plan

if TYPE_CHECKING:
    from wixreseller.bulk.plan_file import PlanFile
    from wixreseller.bulk.status import PlanStatus
    from wixreseller.cli.connection import Connection
    from wixreseller.cli.sending import SendOptions

__all__ = ["apply", "resume", "run"]

_WHILE_IT_RUNS = """\
Ctrl-C (or SIGTERM) sends nothing more and finishes what is in flight; a second one ends at once.
However it ends, kill -9 and power cuts included, it says or 'provision status' says how to go on;
nothing is sent twice.

\b
Exit codes: 0 all done · 1 orders failed · 2 wrong usage or input ·
3 key refused · 4 outcomes unknown · 5 stopped by a limit, an outage or a
full disk · 130 interrupted
"""

_APPLY = f"""\
Do exactly what a plan says, once.

Each order is looked for once more right before it is sent. What the plan does not say is not done.
A plan with cancels asks how many there are; without a terminal, --yes --expect N answers.

{_WHILE_IT_RUNS}"""

_RUN = f"""\
Plan an order file, and apply the plan: 'provision plan' and 'provision apply' in one.

ORDERS is as in 'provision plan'; - is standard input. The plan is written beside it. Orders that
were begun before and not finished are refused: 'provision resume' goes on with them.

{_WHILE_IT_RUNS}"""

_RESUME = f"""\
Go on with a plan where it ended.

What was done is not done again. What was under way is looked for; what cannot be seen stays
unknown, and is not sent again unless --resend-absent says so. Cancels were agreed to when the plan
was applied, and are not asked for again.

{_WHILE_IT_RUNS}"""


@click.command(help=_APPLY, short_help="Do exactly what a plan says, once.")
@plan_argument
@changed_option
@send_options
@click.pass_obj
def apply(
    connection: Connection, plan_path: Path, orders_changed_ok: bool, send: SendOptions
) -> int:
    """Check, ask, and carry out; the help text is ``_APPLY``."""
    from wixreseller.cli.carrying_out import carry_out

    plan = read_plan(plan_path)
    _refuse_applied(connection, plan, _status(plan), send.limit)
    if not orders_changed_ok:
        _refuse_changed(plan)
    confirm_cancels(plan.counts.cancel, yes=send.yes, expect=send.expect)
    return carry_out(connection, plan, send.carrying(plan, is_new=True))


@click.command(help=_RUN, short_help="Plan an order file, and apply the plan.")
@orders_argument
@click.option(
    "-o",
    "--plan",
    "output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where to write the plan. [default: beside ORDERS, a name that is free]",
)
@format_option
@send_options
@click.pass_obj
def run(
    connection: Connection,
    orders: str,
    output: Path | None,
    file_format: FileFormat | None,
    send: SendOptions,
) -> int:
    """Check, plan, ask, and carry out; the help text is ``_RUN``."""
    from wixreseller.cli.carrying_out import carry_out, check_results
    from wixreseller.cli.order_input import check_orders
    from wixreseller.cli.plan_show import tell_plan
    from wixreseller.cli.terminal import error_console

    if send.results is not None:
        check_results(send.results, overwrite=send.overwrite)
    with open_orders(connection, orders, file_format) as source:
        checked = check_orders(source)
        check_can_ask(checked.cancels, yes=send.yes, expect=send.expect)
        path = _path_for_run(connection, orders, output, checked.sha256, send.limit)
        _tell_numbered(orders, output, path)
        summary = make_plan(connection, source, checked, path, orders, send.limit)
    console = error_console()
    if console.is_terminal:
        tell_plan(summary, orders, send.limit, connection, console)
    plan = read_plan(path)
    confirm_cancels(plan.counts.cancel, yes=send.yes, expect=send.expect)
    return carry_out(connection, plan, send.carrying(plan, is_new=True))


@click.command(help=_RESUME, short_help="Go on after a crash, Ctrl-C or an outage.")
@plan_argument
@click.option(
    "--resend-absent",
    is_flag=True,
    help="Send again what may have been sent and cannot be seen, with its old key.",
)
@click.option("--only-failed", is_flag=True, help="Also try again the orders that failed.")
@send_options
@click.pass_obj
def resume(
    connection: Connection,
    plan_path: Path,
    resend_absent: bool,
    only_failed: bool,
    send: SendOptions,
) -> int:
    """Check, and carry out what is left; the help text is ``_RESUME``."""
    from wixreseller.cli.carrying_out import carry_out

    plan = read_plan(plan_path)
    status = _status(plan)
    if not status.is_applied:
        from wixreseller.cli.resume_line import command_line

        line = command_line(connection, "apply", str(plan_path))
        raise InputError(f"{plan_path} was not applied yet; to do so:\n  {line}")
    if status.holder is None and status.cancels_confirmed != plan.counts.cancel:
        # Begun by the library, where nobody was asked.
        confirm_cancels(plan.counts.cancel, yes=send.yes, expect=send.expect)
    _tell_changed(plan)
    carrying = send.carrying(
        plan, is_new=False, resend_absent=resend_absent, retry_failed=only_failed
    )
    return carry_out(connection, plan, carrying)


def _status(plan: PlanFile) -> PlanStatus:
    import asyncio

    from wixreseller.bulk.status import read_status

    return asyncio.run(read_status(plan))


def _refuse_applied(
    connection: Connection, plan: PlanFile, status: PlanStatus, limit: Limit
) -> None:
    """Refuse to apply a plan for the second time, and say what to do instead."""
    from wixreseller.cli.resume_line import ResumeLine

    if status.holder is not None:
        raise InputError(
            f"the plan {plan.path} is being applied by {status.holder}",
            then=f"'wixreseller provision status {plan.path}' says how far it is",
        )
    if not status.is_applied:
        return
    line = ResumeLine.of(connection, plan.path, limit)
    if status.open:
        raise InputError(
            f"the plan {plan.path} was begun before and is not finished; go on with:\n  {line}"
        )
    if failed := status.counts["failed"]:
        what = "1 order failed; try that" if failed == 1 else f"{failed:,} orders failed; try those"
        raise InputError(
            f"the plan {plan.path} was applied before, and {what} again with:\n"
            f"  {line.with_option('--only-failed')}"
        )
    raise InputError(
        f"the plan {plan.path} was applied before, and all of it is done",
        then=f"'wixreseller provision verify {plan.path}' proves it",
    )


def _refuse_changed(plan: PlanFile) -> None:
    from wixreseller.bulk.applying import check_orders_unchanged
    from wixreseller.errors import ConfigurationError

    try:
        check_orders_unchanged(plan)
    except ConfigurationError as error:
        raise InputError(f"{error}, or apply the plan as it is with --orders-changed-ok") from None


def _tell_changed(plan: PlanFile) -> None:
    from wixreseller.bulk.applying import check_orders_unchanged
    from wixreseller.errors import ConfigurationError

    try:
        check_orders_unchanged(plan)
    except ConfigurationError:
        click.echo(
            f"note: {plan.head.orders_name} was changed since; what is resumed is the plan as it "
            f"was",
            err=True,
        )


def _tell_numbered(orders: str, output: Path | None, path: Path) -> None:
    """Name the plan where it has not the name that ``verify`` and others would be given."""
    from wixreseller.bulk.planning import plan_path_of

    if output is None and path != (usual := plan_path_of(orders)):
        click.echo(f"note: there is a plan {usual} already; this one is {path}", err=True)


def _free_plan_path(connection: Connection, orders: str, sha256: str) -> Path:
    import asyncio

    from wixreseller.bulk.planning import free_plan_path

    return asyncio.run(
        free_plan_path(
            orders, sha256, base_url=connection.server, account_id=connection.default_account
        )
    )


def _refuse_unfinished(connection: Connection, orders: str, sha256: str) -> None:
    """Refuse to begin orders under another name that were begun, and are not finished.

    The new plan would know nothing of what was sent, and sell again what cannot be seen yet.

    Raises:
        UnfinishedError: there is such a plan beside them.
    """
    from wixreseller.bulk.planning import UnfinishedError
    from wixreseller.errors import WixResellerError

    try:
        _free_plan_path(connection, orders, sha256)
    except UnfinishedError:
        raise
    except WixResellerError:
        return  # a plan or journal that cannot be read any more: planning again is the way on


def _path_for_run(
    connection: Connection, orders: str, output: Path | None, sha256: str, limit: Limit
) -> Path:
    from wixreseller.bulk.planning import AlreadyAppliedError, UnfinishedError, check_plan_path
    from wixreseller.cli.resume_line import ResumeLine

    try:
        if output is None:
            return _free_plan_path(connection, orders, sha256)
        check_plan_path(output, overwrite=False)
        _refuse_unfinished(connection, orders, sha256)
    except UnfinishedError as error:
        line = ResumeLine.of(connection, error.plan, limit)
        raise InputError(f"{error}; go on with:\n  {line}") from None
    except AlreadyAppliedError as error:
        line = ResumeLine.of(connection, output or Path(orders), limit)
        raise InputError(f"{error} with -o; to go on with it:\n  {line}") from None
    except FileExistsError:
        raise InputError(f"{output} exists: name another plan with -o, or apply it") from None
    return output
