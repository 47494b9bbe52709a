"""Define the options that several commands share, and the question before a cancel."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from wixreseller.cli.failures import CommandError, InputError

if TYPE_CHECKING:
    from wixreseller.models import BillingInfo

__all__ = [
    "CYCLE_UNITS",
    "billing_info",
    "billing_options",
    "confirm_cancel",
    "json_option",
    "key_option",
    "yes_option",
]

Command = TypeVar("Command", bound=Callable[..., Any])

# Spelt out, because importing the enum costs more than showing the help.
CYCLE_UNITS: Final = ("DAY", "WEEK", "MONTH", "YEAR")

json_option: Final = click.option(
    "--json", "as_json", is_flag=True, help="Print Wix's own JSON, one package per line."
)
key_option: Final = click.option(
    "--idempotency-key",
    metavar="KEY",
    help="Send this key: to repeat a call whose outcome is unknown. [default: a new one]",
)
yes_option: Final = click.option(
    "--yes", is_flag=True, help="Do not ask. Needed where there is no terminal to ask on."
)


def billing_options(command: Command) -> Command:
    """Add ``--billing-type``, ``--cycle-unit`` and ``--cycle-count``."""
    for option in (
        click.option("--cycle-count", type=int, metavar="N", help="How many units a cycle has."),
        click.option("--cycle-unit", type=click.Choice(CYCLE_UNITS), help="Unit of the cycle."),
        click.option(
            "--billing-type",
            type=click.Choice(("ONE_TIME", "RECURRING")),
            help="How it is paid for; RECURRING needs a cycle. [default: Wix decides]",
        ),
    ):
        command = option(command)
    return command


def billing_info(
    billing_type: str | None, cycle_unit: str | None, cycle_count: int | None
) -> BillingInfo | None:
    """Make billing info of the three options, or ``None`` where none is given."""
    from wixreseller import BillingInfo, CycleUnit

    if billing_type == "RECURRING" and cycle_unit is not None and cycle_count is not None:
        return BillingInfo.recurring(cycle_count, CycleUnit(cycle_unit))
    has_cycle = cycle_unit is not None or cycle_count is not None
    if billing_type == "ONE_TIME" and not has_cycle:
        return BillingInfo.one_time()
    if billing_type is None and not has_cycle:
        return None
    raise InputError(
        "--billing-type RECURRING takes both --cycle-unit and --cycle-count, ONE_TIME neither"
    )


def confirm_cancel(what: str, *, is_confirmed: bool) -> None:
    """Ask before a cancel.

    Raises:
        InputError: there is no terminal to ask on, and no ``--yes``.
        CommandError: the answer is no.
    """
    if is_confirmed:
        return
    if not sys.stdin.isatty():
        raise InputError(f"this cancels {what}, for good: add --yes (there is no terminal to ask)")
    click.echo(f"This cancels {what}. The customer loses access at once, and for good.", err=True)
    if not click.confirm("Cancel it?", err=True):
        raise CommandError("nothing was canceled", then="run it again, and answer y")
