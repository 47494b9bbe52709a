"""Offer ``provision status``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from wixreseller.cli.provision_options import plan_argument, read_plan

if TYPE_CHECKING:
    from wixreseller.cli.connection import Connection

__all__ = ["status"]

_HELP = """\
Say how far a plan is: from its journal alone, also while another process is at it.

\b
planned  not sent yet
intent   under way, or it was when the run ended
done     the package exists, or is canceled, as ordered
failed   certainly nothing was bought or canceled
unknown  sent, and there is no answer: it may have happened

Exit code 0, whatever the state, and 2 if plan or journal cannot be read.
"""


@click.command(help=_HELP, short_help="Say how far a plan is.")
@plan_argument
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.pass_obj
def status(connection: Connection, plan_path: Path, as_json: bool) -> int:
    """Read and show; the help text is ``_HELP``."""
    import asyncio

    from wixreseller.bulk.status import read_status
    from wixreseller.cli.status_show import show_status

    plan = read_plan(plan_path)
    show_status(plan, asyncio.run(read_status(plan)), connection, as_json=as_json)
    return 0
