"""Offer ``--rate-limit``, and share the limit between all processes of a user with one key."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs
import click

if TYPE_CHECKING:
    from wixreseller.ratelimit import RateLimit

__all__ = ["WIX_LIMIT", "Limit", "limit_option", "plain_limit", "shared_limit"]

_STALE: Final = 86_400.0
"""Seconds after which nobody can still need a file that nobody wrote."""


@attrs.frozen
class Limit:
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


def _read(_: click.Context, __: click.Parameter, text: str) -> Limit:
    """Read ``200/60`` or ``off``."""
    if text.strip() == "off":
        return Limit(0, 60.0)
    match = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9}(?:\.[0-9]{1,6})?)", text.strip())
    if match is None or not int(match[1]) or not float(match[2]):
        raise click.BadParameter(f"{text!r} is neither requests/seconds, like 200/60, nor off")
    return Limit(int(match[1]), float(match[2]))


limit_option: Final = click.option(
    "--rate-limit",
    "limit",
    callback=_read,
    default=str(WIX_LIMIT),
    show_default=True,
    metavar="N/SECONDS|off",
    help="How many requests to send in how many seconds. All commands of yours on this machine "
    "with the same key count together. off: for an emulator without a limit.",
)


def plain_limit(limit: Limit) -> RateLimit | None:
    """Give the limit as the library says it, for reckoning; ``None`` for ``off``."""
    from wixreseller import RateLimit

    return RateLimit(limit.requests, per=limit.per) if limit.requests else None


def shared_limit(limit: Limit, *, key: str, base_url: str) -> RateLimit | None:
    """Give the limit of a client, counted in a file of the user's; ``None`` for ``off``.

    The file is named by a digest, and neither its name nor its content tells the key.
    """
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


def _folder() -> Path:
    """Give the folder of these files, made if that is possible, without those of long ago."""
    import platformdirs

    folder = Path(platformdirs.user_state_dir("wixreseller", appauthor=False)) / "limits"
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for path in folder.glob("*.limit"):
            # Of an emulator that is gone, mostly.
            if time.time() - path.stat().st_mtime > _STALE:
                path.unlink()
    return folder
