"""Decide as of when a read answers, and write and read the token that stands for a moment.

Documented: a query right after a create may miss the package, and who sends ``X-Wix-Consistent``
back sees their own writes. Guesses, mostly switchable: how long a query lags, whether a get does,
what a token holds (here: the moment that its answer had seen), that a token from elsewhere is
ignored.
"""

import hashlib
import hmac
from collections.abc import Mapping

from wixreseller.emulator.core import Core

HEADER = "X-Wix-Consistent"

_GET, _QUERY = "getPackage", "queryPackages"


def as_of(
    core: Core, headers: Mapping[str, str], operation: str, stale_seconds: float | None
) -> int | None:
    """Return the moment (in milliseconds) that a request sees, or ``None`` for how things are.

    ``stale_seconds`` is for a fault: no token helps against it.
    """
    settings, now_ms = core.settings, core.clock.milliseconds()
    if operation not in (_GET, _QUERY):
        return None
    if stale_seconds is not None:
        return now_ms - round(stale_seconds * 1000)
    lags = operation == _QUERY or settings.visibility_lags_get
    if not lags or not settings.visibility_lag_seconds:
        return None
    moment_ms = now_ms - round(settings.visibility_lag_seconds * 1000)
    if settings.consistency_token == "honoured":  # noqa: S105 # a setting, no secret
        moment_ms = max(moment_ms, read_token(core, headers.get(HEADER, "")) or 0)
    return moment_ms if moment_ms < now_ms else None


def write_token(core: Core, moment_ms: int, commits: int) -> str:
    """Return the token for a moment."""
    content = f"{commits}.{moment_ms}"
    return f"{content}.{_sign(core, content)}"


def read_token(core: Core, token: str) -> int | None:
    """Return the moment of a token, or ``None`` if it was not written here."""
    content, _, signature = token.strip().rpartition(".")
    if not content or not hmac.compare_digest(signature.encode(), _sign(core, content).encode()):
        return None
    return int(content.partition(".")[2])


def _sign(core: Core, content: str) -> str:
    secret = f"consistent {core.store.seed()}".encode()
    return hmac.digest(secret, content.encode(), hashlib.sha256)[:6].hex()
