"""Offer whole files of orders: ``wixreseller provision …``."""

from __future__ import annotations

import click

from wixreseller.cli.provision_apply import apply, resume, run
from wixreseller.cli.provision_plan import plan
from wixreseller.cli.provision_prove import report, verify
from wixreseller.cli.provision_status import status

__all__ = ["provision"]

_HELP = """\
Turn files of orders into packages, each exactly once.

\b
Files beside orders.csv:
orders.plan.json     the plan
orders.plan.journal  what was sent, and what came of it: keep it
orders.results.csv   what became of each order
orders.failed.csv    the rows of orders that failed, and why

\b
Exit codes: 0 all done · 1 orders failed · 2 wrong usage or input ·
3 key refused · 4 outcomes unknown · 5 stopped by a limit, an outage or a
full disk · 130 interrupted
"""


class _InOrder(click.Group):
    """List commands in the order in which they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's
        return list(self.commands)


@click.group(
    help=_HELP,
    short_help="Turn files of orders into packages, each exactly once.",
    no_args_is_help=False,
    cls=_InOrder,
)
def provision() -> None:
    """Hold the commands; the help text is ``_HELP``."""


for _command in (plan, apply, run, resume, status, verify, report):
    provision.add_command(_command)
