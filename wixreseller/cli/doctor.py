"""Offer ``wixreseller doctor``: what is in the way, and what mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from wixreseller.cli.connection import Connection

__all__ = ["doctor"]

_HELP = """\
Find out what is in the way to Wix, with what mends it. Nothing is written.

It looks at versions, settings, key (which is never shown), account, proxy, the way to the server
step by step, a query for one package, the clocks, the rate limit's folder, and the terminal. It
needs no key to begin with, and says how to give one.

\b
Exit codes: 0 it works, maybe with warnings · 1 something is in the way ·
2 wrong usage · 3 key or account is refused · 130 interrupted
"""


@click.command(help=_HELP, short_help="Find out what is in the way, and what mends it.")
@click.option("--json", "as_json", is_flag=True, help="Print each check as NDJSON.")
@click.pass_obj
def doctor(connection: Connection, as_json: bool) -> int:
    """Check, show and count; the help text is ``_HELP``."""
    import asyncio
    import os
    import shutil
    import sys

    from wixreseller.cli.doctor_checks import Check, Mark, doctor_exit_code
    from wixreseller.cli.doctor_network import check_network
    from wixreseller.cli.doctor_setup import check_setup, check_terminal
    from wixreseller.cli.doctor_show import shown_by, tell_result

    show = shown_by(as_json=as_json)
    made: list[Check] = []

    def take(check: Check) -> None:
        made.append(check)
        show(check)

    async def go() -> None:
        checks = check_network(connection, os.environ, may_read=can("key") and can("account"))
        async for check in checks:
            take(check)

    def can(name: str) -> bool:
        return any(check.name == name and check.mark in (Mark.OK, Mark.WARN) for check in made)

    for check in check_setup(connection):
        take(check)
    if can("address"):
        asyncio.run(go())
    take(check_terminal(sys.stdout, os.environ, shutil.get_terminal_size().columns))
    tell_result(made)
    return doctor_exit_code(made)
