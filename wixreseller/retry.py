"""Say how often and how fast calls are tried again: pure policies.

*Whether* a call may be tried again at all is decided in :mod:`wixreseller.matrix`.
"""

from __future__ import annotations

from typing import Final

import attrs

from wixreseller.models import checks

__all__ = ["RetryBudget", "RetryPolicy", "parse_retry_after"]


@attrs.frozen(kw_only=True)
class RetryPolicy:
    """Say how often a call is tried, and how long it waits in between.

    The n-th wait is ``first_delay * 2 ** (n - 1)`` seconds, at most ``max_delay``, and up to half
    as long again by chance, so that many clients do not come back at once. A ``Retry-After`` of
    the server's is waited for in full, unless it exceeds ``max_retry_after``: then the error is
    raised at once, with ``.retry_after``. That of a 429 pauses all requests of the key, for an hour
    at the most.

    Attempts that Wix throttled (429) are counted apart, up to ``max_throttled``: they wait at the
    limiter's gate with all others of the same key.

    After an unknown outcome the state is looked at, again and again, for up to ``settle_window``
    seconds: a write may become visible late.
    """

    max_attempts: int = 3
    first_delay: float = 0.5
    max_delay: float = 8.0
    max_retry_after: float = 60.0
    max_throttled: int = 10
    settle_window: float = 10.0

    def __attrs_post_init__(self) -> None:
        checks.whole_number(self.max_attempts, "retry.max_attempts")
        checks.seconds(self.first_delay, "retry.first_delay")
        checks.seconds(self.max_delay, "retry.max_delay")
        checks.seconds(self.max_retry_after, "retry.max_retry_after")
        checks.whole_number(self.max_throttled, "retry.max_throttled")
        checks.seconds(self.settle_window, "retry.settle_window")

    def delay(self, attempts: int, retry_after: float | None, chance: float) -> float | None:
        """Give the seconds to wait before another attempt, or ``None`` to stop.

        ``attempts`` were made so far; ``chance`` is a random number from 0 to 1.
        """
        if attempts >= self.max_attempts or self._is_too_long(retry_after):
            return None
        backoff = min(self.first_delay * 2.0 ** (attempts - 1), self.max_delay)
        return (retry_after or 0.0) + backoff * (1 + chance / 2)

    def delay_when_throttled(self, throttled: int, retry_after: float | None) -> float | None:
        """Give the least seconds to wait after a 429, or ``None`` to stop.

        It is the gate of the limiter that makes the call wait; this is what it will be at least.
        """
        if throttled >= self.max_throttled or self._is_too_long(retry_after):
            return None
        return retry_after or 0.0

    def _is_too_long(self, retry_after: float | None) -> bool:
        return retry_after is not None and retry_after > self.max_retry_after


class RetryBudget:
    """Bound retries by calls: in an outage, one retry for five calls once the stock is used up.

    Each call earns a fifth of a retry, up to a stock of twenty; so a blip is retried in full, and
    an outage is not made worse. When calls succeed again the stock refills.
    """

    _EARNED_BY_A_CALL: Final = 0.2
    _STOCK: Final = 20.0

    def __init__(self) -> None:
        self._stock = self._STOCK

    def earn(self) -> None:
        """Count a logical call."""
        if self._stock < self._STOCK:
            self._stock = min(self._STOCK, self._stock + self._EARNED_BY_A_CALL)

    @property
    def has_some(self) -> bool:
        """Whether a retry can be paid for."""
        # Five fifths add up to a little less than one in floating point.
        return self._stock >= 1.0 - 1e-9

    def spend(self) -> None:
        """Pay for a retry."""
        self._stock -= 1.0


def parse_retry_after(value: str | None, now: float) -> float | None:
    """Read a ``Retry-After`` header: seconds, or an HTTP date.

    Gives seconds from ``now`` (POSIX time), never negative; ``None`` for none or nonsense.
    """
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    from email.utils import parsedate_to_datetime  # numbers are what is nearly always sent

    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return None
