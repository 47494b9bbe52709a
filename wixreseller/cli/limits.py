"""Offer ``--rate-limit``, and share the limit between all processes of a user with one key."""

from __future__ import annotations

import contextlib
import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import click

if TYPE_CHECKING:
    from wixreseller.ratelimit import RateLimit

__all__ = [
    "LIMIT_FORM",
    "RATE_LIMIT",
    "WIX_LIMIT",
    "Limit",
    "limit_option",
    "limits_folder",
    "parse_limit",
    "plain_limit",
    "read_limit",
    "shared_limit",
]

_STALE: Final = 86_400.0
"""Seconds after which nobody can still need a file that nobody wrote."""
LIMIT_FORM: Final = "requests/seconds, like 200/60, or off"
"""How a limit is written."""
RATE_LIMIT: Final = "rateLimit"
"""By which name a journal keeps the limit of its run."""


# A tuple, because importing attrs would cost a fifth of what showing the help does.
class Limit(NamedTuple):
    """Hold what ``--rate-limit`` says; ``requests`` is 0 for ``off``."""

    requests: int
    per: float

    def __str__(self) -> str:
        return f"{self.requests}/{self.per:g}" if self.requests else "off"

    @property
    def per_second(self) -> float | None:
        """Requests a second; ``None`` if there is no limit."""
        return self.requests / self.per if self.requests else None


WIX_LIMIT: Final = Limit(200, 60.0)
"""What Wix documents."""


def read_limit(text: str) -> Limit | None:
    """Read ``200/60`` or ``off``; ``None`` if it is neither."""
    if text.strip() == "off":
        return Limit(0, 60.0)
    match = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9}(?:\.[0-9]{1,6})?)", text.strip())
    if match is None or not int(match[1]) or not float(match[2]):
        return None
    return Limit(int(match[1]), float(match[2]))


def _limit_or_default(
    context: click.Context, parameter: click.Parameter, text: str | None
) -> Limit:
    if text is None:
        from wixreseller.cli.connection import Connection

        known = context.find_object(Connection)
        return WIX_LIMIT if known is None else known.default_limit
    return parse_limit(context, parameter, text)


def parse_limit(_: click.Context, __: click.Parameter, text: str) -> Limit:
    """Read a limit that an option gives.

    Raises:
        BadParameter: it is none.
    """
    limit = read_limit(text)
    if limit is None:
        raise click.BadParameter(f"{text!r} is not {LIMIT_FORM}")
    return limit


limit_option: Final = click.option(
    "--rate-limit",
    "limit",
    callback=_limit_or_default,
    metavar="N/SECONDS|off",
    help="How many requests to send in how many seconds. All commands of yours on this machine "
    "with the same key count together. off: for an emulator without a limit. "
    f"[default: the profile's, else {WIX_LIMIT}]",
)


def plain_limit(limit: Limit) -> RateLimit | None:
    """Give the limit as the library says it, for reckoning; ``None`` for ``off``."""
    from wixreseller import RateLimit

    return RateLimit(limit.requests, per=limit.per) if limit.requests else None


def shared_limit(limit: Limit, *, key: str, base_url: str) -> RateLimit | None:
    """Give the limit of a client, counted in a file of the user's; ``None`` for ``off``.

    The file is named by a digest, and neither its name nor its content tells the key.
    """
    import hashlib

    from wixreseller import RateLimit

    if not limit.requests:
        return None
    folder = _folder()
    if not os.access(folder, os.W_OK):
        click.echo(
            f"note: this command counts its requests by itself, and not together with others of "
            f"yours: {folder} cannot be written",
            err=True,
        )
        return RateLimit(limit.requests, per=limit.per)
    what = f"{base_url}\n{key}".encode()
    name = hashlib.blake2b(what, digest_size=16, person=b"wixreseller-rate").hexdigest()
    return RateLimit(limit.requests, per=limit.per, shared=folder / f"{name}.limit")


def limits_folder() -> Path:
    """Give the folder of the files in which requests are counted, whether it is there or not."""
    import platformdirs

    return Path(platformdirs.user_state_dir("wixreseller", appauthor=False)) / "limits"


def _folder() -> Path:
    """Give the folder of these files, made if that is possible, without those of long ago."""
    folder = limits_folder()
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for path in folder.glob("*.limit"):
            # Of an emulator that is gone, mostly.
            if time.time() - path.stat().st_mtime > _STALE:
                path.unlink()
    return folder
