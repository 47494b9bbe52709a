"""Find how many requests in flight a server takes well: the pure part.

More in flight than the server works on at a time wait in its queue, which only shows as time: with
``fastest`` the time of a request that did not wait, ``limit * (1 - fastest / seconds)`` is about
how many of ours do (the idea of TCP Vegas). The limit grows while that is few, and shrinks while it
is many, and at once when requests are refused or lost.
"""

from __future__ import annotations

from typing import Final

__all__ = ["Concurrency"]

_FIRST: Final = 16.0
_FEW_WAITING: Final = 3.0
_MANY_WAITING: Final = 6.0
_AFTER_TROUBLE: Final = 0.5
_FORGET: Final = 1.0005  # what a server can do changes: each answer lets the fastest count less
_SMOOTHING: Final = 0.2


class Concurrency:
    """Count what is in flight, and say whether one more may be.

    ``most`` bounds the limit from above. Not safe for threads.
    """

    def __init__(self, most: int) -> None:
        self._most = float(most)
        self._limit = min(_FIRST, self._most)
        self._in_flight = 0
        self._fastest: float | None = None
        self._typical = 0.0
        self._since_trouble = most

    @property
    def limit(self) -> int:
        """How many may be in flight."""
        return int(self._limit)

    @property
    def is_full(self) -> bool:
        """Whether no more may begin just now."""
        return self._in_flight >= self.limit

    def begin(self) -> None:
        """Count one more in flight."""
        self._in_flight += 1

    def give_up(self) -> None:
        """Count one less: it was not sent, and tells nothing."""
        self._in_flight -= 1

    def answered(self, seconds: float) -> None:
        """Count one less: it was answered well, this long after it was sent."""
        was_used = self._in_flight >= self.limit / 2
        self._in_flight -= 1
        self._since_trouble += 1
        fastest = seconds if self._fastest is None else min(seconds, self._fastest * _FORGET)
        self._fastest = fastest
        self._typical += (seconds - self._typical) * (_SMOOTHING if self._typical else 1.0)
        if not was_used:
            return  # the limit did not limit, so nothing is learnt about it
        waiting = self._limit * (1 - fastest / self._typical) if self._typical > fastest else 0.0
        if waiting < _FEW_WAITING:
            self._limit = min(self._most, self._limit + 1 / self._limit)
        elif waiting > _MANY_WAITING:
            self._limit = max(1.0, self._limit - 1 / self._limit)

    def troubled(self) -> None:
        """Count one less: it was refused by an overload, lost, or could not be sent."""
        self._in_flight -= 1
        # Those that were under way together fail together, and count once.
        if self._since_trouble >= self._limit:
            self._limit = max(1.0, self._limit * _AFTER_TROUBLE)
            self._since_trouble = 0
        else:
            self._since_trouble += 1
