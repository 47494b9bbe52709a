"""Decide whether, and after how long, a call is tried again: pure policies.

Only reads are. A write is never sent a second time by itself: if its answer was lost it may have
happened, and a duplicate create is a duplicate invoice.
"""

from __future__ import annotations

from email.utils import parsedate_to_datetime

import attrs

from wixreseller.models import checks

__all__ = ["RetryPolicy", "parse_retry_after"]


@attrs.frozen(kw_only=True)
class RetryPolicy:
    """Say how often a read is tried, and how long it waits in between.

    The n-th wait is ``first_delay * 2 ** (n - 1)`` seconds, at most ``max_delay``, and up to half
    as long again by chance, so that many clients do not come back at once. A ``Retry-After`` of
    the server's is waited for in full, unless it exceeds ``max_retry_after``: then the error is
    raised at once, with ``.retry_after``.
    """

    max_attempts: int = 3
    first_delay: float = 0.5
    max_delay: float = 8.0
    max_retry_after: float = 60.0

    def __attrs_post_init__(self) -> None:
        checks.whole_number(self.max_attempts, "retry.max_attempts")
        checks.seconds(self.first_delay, "retry.first_delay")
        checks.seconds(self.max_delay, "retry.max_delay")
        checks.seconds(self.max_retry_after, "retry.max_retry_after")

    def delay(self, attempts: int, retry_after: float | None, chance: float) -> float | None:
        """Give the seconds to wait before another attempt, or ``None`` to stop.

        ``attempts`` were made so far; ``chance`` is a random number from 0 to 1.
        """
        if attempts >= self.max_attempts:
            return None
        if retry_after is not None and retry_after > self.max_retry_after:
            return None
        backoff = min(self.first_delay * 2.0 ** (attempts - 1), self.max_delay)
        return (retry_after or 0.0) + backoff * (1 + chance / 2)


def parse_retry_after(value: str | None, now: float) -> float | None:
    """Read a ``Retry-After`` header: seconds, or an HTTP date.

    Gives seconds from ``now`` (POSIX time), never negative; ``None`` for none or nonsense.
    """
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return None
