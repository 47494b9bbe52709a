"""Find how many requests in flight a server takes well: the pure part.

More in flight than the server works on at a time wait in its queue, which only shows as time: with
``fastest`` the time of a request that did not wait, ``limit * (1 - fastest / seconds)`` is about
how many of ours do (the idea of TCP Vegas). The limit grows while that is few, and shrinks while it
is many, and at once when requests are refused or lost. What a request takes that does not wait may
change, so while some seem to wait, now and then half as many are in flight for a moment, and it is
measured again.
"""

from __future__ import annotations

import math
from typing import Final

__all__ = ["Concurrency"]

_FIRST: Final = 16.0
_FEW_WAITING: Final = 3.0
_MANY_WAITING: Final = 6.0
_AFTER_TROUBLE: Final = 0.5
_SMOOTHING: Final = 0.2
_ROUNDS_TO_MEASURE: Final = 60  # answers, in units of the limit
_LEAST_MEASURED: Final = 4


class Concurrency:
    """Count what is in flight, and say whether one more may be.

    ``most`` bounds the limit from above. Not safe for threads.
    """

    def __init__(self, most: int) -> None:
        self._most = float(most)
        self._limit = min(_FIRST, self._most)
        self._in_flight = 0
        self._fastest = math.inf
        self._typical = 0.0
        self._forgiven = 0
        """Requests that were under way in the trouble that counted last."""
        self._answers = 0
        """Answers since it was measured how long one takes that does not wait."""
        self._unmeasured = 0
        """Answers till the measuring ends; none if it is not under way."""

    @property
    def limit(self) -> int:
        """How many may be in flight."""
        return max(1, int(self._limit / 2 if self._unmeasured else self._limit))

    @property
    def is_full(self) -> bool:
        """Whether no more may begin just now."""
        return self._in_flight >= self.limit

    def begin(self) -> None:
        """Count one more in flight."""
        self._in_flight += 1

    def give_up(self) -> None:
        """Count one less: it was not sent, and tells nothing."""
        self._end()

    def answered(self, seconds: float) -> None:
        """Count one less: it was answered well, this long after it was sent."""
        was_used = self._in_flight >= self.limit / 2
        self._end()
        if self._unmeasured:
            self._measure(seconds)
            return
        self._answers += 1
        self._fastest = min(seconds, self._fastest)
        self._typical += (seconds - self._typical) * (_SMOOTHING if self._typical else 1.0)
        if not was_used:
            return  # the limit did not limit, so nothing is learnt about it
        waiting = self._adjust()
        if waiting >= _FEW_WAITING and self._answers >= _ROUNDS_TO_MEASURE * self._limit:
            # Those that are in flight now waited with the others; the next ones do not.
            self._unmeasured = self._in_flight + max(_LEAST_MEASURED, int(self._limit / 4))
            self._fastest = math.inf

    def _adjust(self) -> float:
        """Move the limit, and give how many of ours seem to wait."""
        share = self._fastest / self._typical if self._typical > self._fastest else 1.0
        waiting = self._limit * (1 - share)
        if waiting < _FEW_WAITING:
            self._limit = min(self._most, self._limit + 1 / self._limit)
        elif waiting > _MANY_WAITING:
            self._limit = max(1.0, self._limit - 1 / self._limit)
        return waiting

    def _measure(self, seconds: float) -> None:
        self._fastest = min(seconds, self._fastest)
        self._unmeasured -= 1
        if not self._unmeasured:
            self._answers = 0

    def troubled(self) -> None:
        """Count one less: it was refused by an overload, lost, or could not be sent."""
        is_new = not self._forgiven
        self._end()
        if is_new:
            # Those that are under way together fail together, and count once.
            self._forgiven = self._in_flight
            self._limit = max(1.0, self._limit * _AFTER_TROUBLE)

    def _end(self) -> None:
        self._in_flight -= 1
        self._forgiven = max(0, self._forgiven - 1)
