"""Put the commands together, and turn every error into one line and the right exit code."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from wixreseller._version import __version__
from wixreseller.cli.audit import audit
from wixreseller.cli.completion import complete_file, complete_profile, completion
from wixreseller.cli.demo_command import demo
from wixreseller.cli.doctor import doctor
from wixreseller.cli.failures import CommandError, exit_code_of, explain
from wixreseller.cli.instances import instances
from wixreseller.cli.packages import packages
from wixreseller.cli.provision import provision

__all__ = ["main"]

_EXIT_INTERRUPTED = 130

_HELP = """\
Sell Wix: packages, product instances, and whole files of orders.

The API key comes from the variable WIX_API_KEY, from a file, or from a command that a profile
names, a password manager's say. Never from an option, where every process of the machine could
read it.

A profile says how to reach the API: key, account, address and more. It has its place in a file,
which 'wixreseller doctor' names:

\b
[profiles.acme]
api_key_command = ["pass", "show", "wix/acme"]
account_id = "GUID"

A catalogue has a line for each product, and orders, options and tables then speak its names:

\b
premium-yearly = {product = "GUID", billing = "RECURRING", every = "1 YEAR"}
"""

_EPILOG = """\b
Exit codes: 0 done · 1 failed · 2 wrong usage or input · 3 key refused ·
4 outcome unknown · 5 stopped by a limit · 130 interrupted
"""


def main(argv: Sequence[str]) -> int:
    """Run a command and give its exit code."""
    _open_what_is_closed()
    _spell_out_what_cannot_be_written()
    _forget_a_width_of_nothing()
    try:
        result: object = cli.main(
            # Asked for nothing, it says what there is.
            args=list(argv) or ["--help"],
            prog_name="wixreseller",
            standalone_mode=False,
        )
    except click.Abort:
        click.echo("interrupted", err=True)
        return _EXIT_INTERRUPTED
    except click.ClickException as error:
        _show(error)
        return error.exit_code
    except Exception as error:
        code = exit_code_of(error)
        if code is None:
            raise
        _tell(error)
        return code
    return result if isinstance(result, int) else 0


def _open_what_is_closed() -> None:
    """Give the streams of which the caller closed the file one that is empty.

    Or else the next file to be opened, a journal say, would get its number, and what anyone writes
    to standard error would end up in there.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115  # stays open
            setattr(sys, name, stream)


def _spell_out_what_cannot_be_written() -> None:
    """Have characters that the terminal's encoding lacks spelt out, as standard error has it."""
    out = sys.stdout
    if isinstance(out, io.TextIOWrapper) and not out.encoding.lower().startswith("utf"):
        out.reconfigure(errors="backslashreplace")


def _forget_a_width_of_nothing() -> None:
    """Find the width out where ``COLUMNS`` is 0, as terminals without a size have it.

    Or else nothing would be shown at all, how a run ended included.
    """
    if os.environ.get("COLUMNS", "").strip("0 ") == "":
        os.environ.pop("COLUMNS", None)


def _tell(error: Exception) -> None:
    from wixreseller.cli.next_steps import next_step

    click.echo(f"error: {explain(error)}", err=True)
    if (step := next_step(error)) is not None:
        click.echo(f"  next: {step}", err=True)


def _show(error: click.ClickException) -> None:
    if isinstance(error, click.UsageError) and error.ctx is not None:
        click.echo(error.ctx.get_usage(), err=True)
        click.echo(f"error: {error.format_message()}", err=True)
        click.echo(f"See '{error.ctx.command_path} --help'.", err=True)
        return
    click.echo(f"error: {error.format_message()}", err=True)
    if isinstance(error, CommandError) and error.then is not None:
        click.echo(f"  next: {error.then}", err=True)


@click.group(
    help=_HELP,
    no_args_is_help=False,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="wixreseller")
@click.option(
    "--profile",
    metavar="NAME",
    shell_complete=complete_profile,
    help="Profile that says how to reach the API; it counts as a whole, and WIX_API_KEY and "
    "WIX_ACCOUNT_ID do not. [env: WIXRESELLER_PROFILE; default: the profile 'default', where the "
    "environment names no key and no account]",
)
@click.option(
    "--base-url",
    metavar="URL",
    help="Where the API is: an emulator, say. [env: WIXRESELLER_BASE_URL; default: Wix]",
)
@click.option(
    "--account",
    metavar="GUID",
    help="Account that calls are for; a query is kept to it. [env: WIX_ACCOUNT_ID]",
)
@click.option(
    "--api-key-file",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="File that holds the API key, and nothing else. [default: the profile's key, or "
    "WIX_API_KEY]",
)
@click.option(
    "--catalogue",
    metavar="FILE",
    shell_complete=complete_file,
    help="TOML file that gives products names, to use instead of GUIDs. "
    "[env: WIXRESELLER_CATALOGUE]",
)
@click.pass_context
def cli(
    ctx: click.Context,
    profile: str | None,
    base_url: str | None,
    account: str | None,
    api_key_file: str | None,
    catalogue: str | None,
) -> None:
    """Keep what the global options say; the help text is ``_HELP``."""
    import logging

    from wixreseller.cli.connection import Connection

    for option, given in (("--profile", profile), ("--base-url", base_url)):
        if given == "":  # of a variable that is not set, say: it must not lead to another place
            raise click.UsageError(f"{option} is empty")
    # What is worth a log line is told in other words; without a handler, Python prints it as well.
    logging.getLogger("wixreseller").addHandler(logging.NullHandler())
    ctx.obj = Connection(
        profile=profile,
        base_url=base_url,
        account_id=account,
        api_key_file=api_key_file,
        catalogue_file=catalogue,
    )


@cli.command(
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def emulator(arguments: Sequence[str]) -> int:
    """Run an emulator of the API on this machine."""
    from wixreseller.emulator import command

    try:
        return command.main(arguments)
    except SystemExit as leaving:
        # argparse leaves by itself, after --help and wrong options.
        return leaving.code if isinstance(leaving.code, int) else 0


cli.add_command(audit)
cli.add_command(completion)
cli.add_command(demo)
cli.add_command(doctor)
cli.add_command(packages)
cli.add_command(instances)
cli.add_command(provision)
