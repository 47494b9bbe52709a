"""Complete what is typed in a shell: ``wixreseller completion``, and what values there are.

Completing never runs the command of a key, sends nothing, and keeps silent about what is wrong.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

__all__ = [
    "complete_file",
    "complete_plan",
    "complete_product",
    "complete_profile",
    "completion",
]

_VARIABLE: Final = "_WIXRESELLER_COMPLETE"
_PLAN: Final = re.compile(r".+\.plan(-[0-9]+)?\.json")
_HOW: Final = {
    "bash": "wixreseller completion bash > ~/.local/share/bash-completion/completions/wixreseller",
    "zsh": 'wixreseller completion zsh > "${fpath[1]}/_wixreseller"',
    "fish": "wixreseller completion fish > ~/.config/fish/completions/wixreseller.fish",
}

_HELP = f"""\
Print what makes a shell complete commands, options and values.

Values are the profiles, the names of the catalogue, plans, files, and whatever else there are few
of. It is kept in a file, once, and counts in every shell that is started from then on:

\b
{_HOW["bash"]}
{_HOW["zsh"]}
{_HOW["fish"]}

In bash the package bash-completion reads that file, and the folder must be there; without it, add
to ~/.bashrc: eval "$(wixreseller completion bash)". In zsh, ~/.zshrc must run compinit.
"""


@click.command(help=_HELP, short_help="Make bash, zsh or fish complete what is typed.")
@click.argument("shell", type=click.Choice(tuple(_HOW)))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print click's script; the help text is ``_HELP``."""
    import sys

    from click.shell_completion import ShellComplete, get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101  # click knows all three
    complete = kind(ctx.find_root().command, {}, "wixreseller", _VARIABLE)
    # Bash's own would first look which bash is here, where its user may not be.
    click.echo(ShellComplete.source(complete).strip())
    if sys.stdout.isatty():
        click.echo(f"To keep it: {_HOW[shell]}", err=True)


def complete_file(
    ctx: click.Context,  # noqa: ARG001  # click's
    param: click.Parameter,  # noqa: ARG001  # click's
    incomplete: str,
) -> Sequence[CompletionItem]:
    """Leave it to the shell, which knows files best."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def complete_plan(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> Sequence[CompletionItem]:
    """List the plans that are there; where there are none, any file."""
    typed = Path(incomplete)
    folder = typed if incomplete.endswith("/") else typed.parent
    found: list[str] = []
    with contextlib.suppress(OSError):
        found = [
            name
            for path in folder.iterdir()
            if _PLAN.fullmatch(path.name) and (name := str(path)).startswith(incomplete)
        ]
    return _items(sorted(found)) or complete_file(ctx, param, incomplete)


def complete_profile(
    ctx: click.Context,  # noqa: ARG001  # click's
    param: click.Parameter,  # noqa: ARG001  # click's
    incomplete: str,
) -> Sequence[CompletionItem]:
    """List profiles."""
    from wixreseller.cli.profiles import config_path, load_profiles

    names: Sequence[str] = ()
    with contextlib.suppress(click.ClickException):
        names = tuple(load_profiles(config_path()))
    return _items(name for name in names if name.startswith(incomplete))


def complete_product(
    ctx: click.Context,
    param: click.Parameter,  # noqa: ARG001  # click's
    incomplete: str,
) -> Sequence[CompletionItem]:
    """List the names of the catalogue that would count."""
    from wixreseller.cli.connection import Connection

    options = ctx.find_root().params
    connection = Connection(
        profile=options.get("profile"),
        base_url=options.get("base_url"),
        account_id=options.get("account"),
        api_key_file=options.get("api_key_file"),
        catalogue_file=options.get("catalogue"),
    )
    names: Sequence[str] = ()
    with contextlib.suppress(click.ClickException):
        names = [entry.name for entry in connection.catalogue.entries]
    wanted = incomplete.casefold()
    return _items(name for name in names if name.casefold().startswith(wanted))


def _items(names: Iterable[str]) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    return [CompletionItem(name) for name in names]
