"""Define the arguments and options that commands of ``provision`` share."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import click

from wixreseller.cli.completion import complete_file, complete_plan
from wixreseller.cli.failures import InputError
from wixreseller.cli.limits import limit_option

if TYPE_CHECKING:
    from wixreseller.bulk.order_source import OrderSource
    from wixreseller.bulk.plan_file import PlanFile
    from wixreseller.cli.connection import Connection

__all__ = [
    "FileFormat",
    "changed_option",
    "check_can_ask",
    "confirm_cancels",
    "format_option",
    "open_orders",
    "orders_argument",
    "plan_argument",
    "read_plan",
    "send_options",
]

FileFormat = Literal["csv", "ndjson"]

_path: Final = click.Path(path_type=Path, dir_okay=False)

orders_argument: Final = click.argument("orders", metavar="ORDERS", shell_complete=complete_file)
plan_argument: Final = click.argument(
    "plan_path", metavar="PLAN", type=_path, shell_complete=complete_plan
)
format_option: Final = click.option(
    "--format",
    "file_format",
    type=click.Choice(("csv", "ndjson")),
    help="What ORDERS is. [default: by its name]",
)
changed_option: Final = click.option(
    "--orders-changed-ok",
    is_flag=True,
    help="Apply the plan although the order file was changed since.",
)
# What is asked of every command that sends, in the order of its help.
_SEND_OPTIONS: Final = (
    click.option("--yes", is_flag=True, help="Cancel without asking; needs --expect."),
    click.option(
        "--expect",
        type=click.IntRange(min=0),
        metavar="N",
        help="How many packages may be canceled, exactly.",
    ),
    click.option(
        "--results",
        type=_path,
        metavar="FILE",
        help="Where to write what became of each order, as CSV or, by its name, NDJSON. "
        "[default: beside the plan, a name that is free]",
    ),
    click.option("--overwrite", is_flag=True, help="Let --results replace a file that exists."),
    click.option(
        "--concurrency",
        type=click.IntRange(min=1),
        default=100,
        show_default=True,
        metavar="N",
        help="How many orders may be in flight; fewer if Wix answers slowly.",
    ),
    click.option(
        "--max-failures",
        type=click.IntRange(min=1),
        metavar="N",
        help="Send nothing more when N orders have failed. [default: go on]",
    ),
    limit_option,
    click.option(
        "--json",
        "as_json",
        is_flag=True,
        help="Print events as NDJSON: start, an outcome for each order, end.",
    ),
)


_SEND_NAMES: Final = (
    *("yes", "expect", "results", "overwrite"),
    *("concurrency", "max_failures", "limit", "as_json"),
)


def send_options(command: Callable[..., int]) -> Callable[..., int]:
    """Add the options of commands that send; the command gets them as ``send``."""

    @functools.wraps(command)
    def gathering(*arguments: object, **given: object) -> int:
        from wixreseller.cli.sending import SendOptions

        told = {name: given.pop(name) for name in _SEND_NAMES}
        send = SendOptions(**told)  # type: ignore[arg-type]  # click has made them what they are
        return command(*arguments, send=send, **given)

    for option in reversed(_SEND_OPTIONS):
        gathering = option(gathering)
    return gathering


def read_plan(path: Path) -> PlanFile:
    """Read a plan, and check it.

    Raises:
        InputError: it cannot be read.
        ConfigurationError: it is no plan, or was changed.
    """
    from wixreseller.bulk.plan_file import PlanFile

    try:
        return PlanFile(path)
    except OSError as error:
        raise InputError(
            f"cannot read the plan: {path}: {error.strerror or error}",
            then="'wixreseller provision plan ORDERS' writes one",
        ) from error


def open_orders(connection: Connection, orders: str, file_format: FileFormat | None) -> OrderSource:
    """Open an order file; rows without an account are of the connection's."""
    from wixreseller.bulk.order_source import OrderSource

    return OrderSource(
        orders,
        stdin=sys.stdin.buffer,
        file_format=file_format,
        account_id=connection.default_account,
        catalogue=connection.catalogue,
    )


def check_can_ask(cancels: int, *, yes: bool, expect: int | None) -> None:
    """Refuse cancels that nobody could agree to.

    Raises:
        InputError: there is no terminal to ask on, and the options do not answer.
    """
    if cancels and not (yes and expect is not None) and (yes or not sys.stdin.isatty()):
        why = "" if yes else " (there is no terminal to ask on)"
        raise InputError(
            f"this cancels {_packages(cancels)}, for good: add --yes --expect {cancels}{why}; "
            f"nothing was sent"
        )


def confirm_cancels(cancels: int, *, yes: bool, expect: int | None) -> None:
    """Have someone agree to the cancels of a plan.

    Raises:
        InputError: nobody did, or to another number; nothing was sent.
    """
    packages = _packages(cancels)
    if expect is not None and expect != cancels:
        raise InputError(
            f"the plan cancels {packages}, not {expect:,}; nothing was sent",
            then=f"look at the plan, and say --expect {cancels} if that is meant",
        )
    check_can_ask(cancels, yes=yes, expect=expect)
    if not cancels or yes:
        return
    click.echo(f"This cancels {packages}. Customers lose access at once, and for good.", err=True)
    typed: object = click.prompt(
        "Type how many packages to cancel", err=True, default="", show_default=False
    )
    if str(typed).strip().replace(",", "") != str(cancels):
        raise InputError(
            "that is not the number of cancels; nothing was sent",
            then="look at the plan, and run it again",
        )


def _packages(count: int) -> str:
    return f"{count:,} package{'' if count == 1 else 's'}"
