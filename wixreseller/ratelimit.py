"""Decide when a request may go out: the pure part of pacing.

Wix documents 200 requests a minute and no headers that say how many are left. A log of slots never
meets a 429 on a window limiter of that size: there are as many slots as requests allowed, and each
becomes free one window after the *answer* to its request, so that two requests which use the same
slot are more than a window apart at the server, however late the network delivered either.
"""

from __future__ import annotations

from collections import deque

import attrs

from wixreseller._sentinels import NO_TIMEOUT, Seconds
from wixreseller.models import checks

__all__ = ["RateLimit", "SlotLog"]


@attrs.frozen
class RateLimit:
    """Say how many requests may go out in how many seconds.

    ``max_wait`` is the longest that a call may wait for its turn, in seconds; one that would wait
    longer raises :class:`~wixreseller.errors.PacingError` and sends nothing. Web handlers set it
    to 0 or 1; the default waits as long as it takes.
    """

    requests: int = 200
    per: float = attrs.field(default=60.0, kw_only=True)
    max_wait: Seconds = attrs.field(default=NO_TIMEOUT, kw_only=True)

    def __attrs_post_init__(self) -> None:
        checks.whole_number(self.requests, "rate_limit.requests")
        checks.seconds(self.per, "rate_limit.per")
        checks.wait(self.max_wait, "rate_limit.max_wait")


class SlotLog:
    """Keep the slots: in flight, or cooling until one window after their answer.

    Times are seconds on any monotonic clock. Not safe for threads: the caller locks.
    """

    def __init__(self, requests: int, per: float) -> None:
        self._requests = requests
        self._per = per
        self._in_flight = 0
        self._cooling: deque[float] = deque()

    def take(self, now: float) -> bool:
        """Take a free slot, if there is one."""
        self._thaw(now)
        if self._in_flight + len(self._cooling) >= self._requests:
            return False
        self._in_flight += 1
        return True

    def give_back(self, now: float) -> None:
        """Let a slot cool: its request has been answered, or given up, now."""
        self._in_flight -= 1
        self._cooling.append(now + self._per)

    def wait_expected(self, now: float, ahead: int = 0) -> float:
        """Estimate, from below, the seconds until a slot is free for one with ``ahead`` before it.

        Exact while enough slots are cooling; a slot in flight counts as answered now.
        """
        self._thaw(now)
        place = ahead - (self._requests - self._in_flight - len(self._cooling))
        if place < 0:
            return 0.0
        rounds, place = divmod(place, self._requests)
        frees_at = self._cooling[place] if place < len(self._cooling) else now + self._per
        return frees_at - now + rounds * self._per

    def _thaw(self, now: float) -> None:
        while self._cooling and self._cooling[0] <= now:
            self._cooling.popleft()
