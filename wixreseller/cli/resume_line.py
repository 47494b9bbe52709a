"""Write the command that goes on with a plan, as it can be pasted into a shell."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Self

import attrs

from wixreseller.cli.connection import Connection
from wixreseller.cli.limits import Limit

__all__ = ["ResumeLine", "command_line"]


@attrs.frozen
class ResumeLine:
    """Hold the command that resumes a plan."""

    plan: Path
    command: str

    @classmethod
    def of(cls, connection: Connection, plan: Path, limit: Limit) -> Self:
        """Make it, with the options that were given and still matter."""
        options = () if limit == connection.default_limit else ("--rate-limit", str(limit))
        return cls(plan, command_line(connection, "resume", str(plan), *options))

    def __str__(self) -> str:
        return self.command

    def with_option(self, option: str) -> str:
        """Give it with one more option."""
        return f"{self.command} {option}"


def command_line(connection: Connection, *arguments: str) -> str:
    """Write a command of ``provision``, started as this process was, to the same server."""
    named = (
        ("--profile", connection.profile),
        ("--base-url", connection.base_url),
        ("--account", connection.account_id),
        ("--api-key-file", connection.api_key_file),
        ("--catalogue", connection.catalogue_file),
    )
    options = [part for name, value in named if value is not None for part in (name, value)]
    return shlex.join([*_program(), *options, "provision", *arguments])


def _program() -> list[str]:
    import shutil

    started = sys.argv[0]
    if Path(started).name == "__main__.py":
        return [Path(sys.executable).name, "-m", "wixreseller"]
    found = shutil.which("wixreseller")
    if Path(started).name == "wixreseller" and found is not None and _same(found, started):
        return ["wixreseller"]
    return [started] if Path(started).name == "wixreseller" else ["wixreseller"]


def _same(one: str, other: str) -> bool:
    return Path(one).resolve() == Path(other).resolve()
