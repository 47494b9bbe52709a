"""Model the rate limits that a server may have, in simulated time; what others send counts too."""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from typing import Protocol

import attrs

WINDOW = 60.0

Limit = Callable[[float], float]
"""Give the requests allowed in a window at some time."""


class Counting(Protocol):
    """Count requests by the rules of one kind of limit."""

    def ask(self, now: float, limit: float) -> float:
        """Count one; give 0 if it is accepted, else the seconds after which one would be."""
        ...


@attrs.define
class FixedWindow:
    """Count from each full minute on; ours begins ``phase`` seconds into one."""

    phase: float = 0.0
    _number: int = -1
    _count: int = 0

    def ask(self, now: float, limit: float) -> float:
        """Count one."""
        number = int((now + self.phase) // WINDOW)
        if number != self._number:
            self._number, self._count = number, 0
        if self._count >= limit:
            return (number + 1) * WINDOW - self.phase - now
        self._count += 1
        return 0.0


@attrs.define
class FromFirst:
    """Count for a minute from the first request that comes when no window is open."""

    _began: float = -math.inf
    _count: int = 0

    def ask(self, now: float, limit: float) -> float:
        """Count one."""
        if now >= self._began + WINDOW:
            self._began, self._count = now, 0
        if self._count >= limit:
            return self._began + WINDOW - now
        self._count += 1
        return 0.0


@attrs.define
class SlidingLog:
    """Look at the last minute; what was refused counts or not."""

    counts_refused: bool = False
    _seen: deque[float] = attrs.field(factory=deque[float])

    def ask(self, now: float, limit: float) -> float:
        """Count one."""
        seen = self._seen
        while seen and seen[0] <= now - WINDOW:
            seen.popleft()
        over = len(seen) + 1 - limit
        wait = seen[max(0, math.ceil(over) - 1)] + WINDOW - now if over > 0 else 0.0
        if over <= 0 or self.counts_refused:
            seen.append(now)
        return wait


@attrs.define
class SlidingCounter:
    """Count by the minute, and add what part of the minute before is within the last sixty seconds.

    It is how large sites approximate a sliding log. A burst in one minute is remembered as if it
    had been spread evenly, so no burst may follow in the next.
    """

    phase: float = 0.0
    _number: int = 0
    _before: float = 0.0
    _count: float = 0.0

    def ask(self, now: float, limit: float) -> float:
        """Count one."""
        number, part = divmod((now + self.phase) / WINDOW, 1.0)
        if number != self._number:
            self._before = self._count if number == self._number + 1 else 0.0
            self._number, self._count = int(number), 0.0
        if self._count + self._before * (1 - part) + 1 > limit + 1e-9:
            if self._count + 1 > limit:
                return (1 - part) * WINDOW
            return (1 - (limit - 1 - self._count) / max(self._before, 1.0) - part) * WINDOW
        self._count += 1
        return 0.0


@attrs.define
class Bucket:
    """Hold some tokens, and refill evenly at the limit's rate."""

    size: float
    _tokens: float = attrs.field(init=False)
    _at: float = 0.0

    def __attrs_post_init__(self) -> None:
        self._tokens = self.size

    def ask(self, now: float, limit: float) -> float:
        """Take a token."""
        rate = limit / WINDOW
        self._tokens = min(self.size, self._tokens + (now - self._at) * rate)
        self._at = now
        if self._tokens < 1.0 - 1e-9:
            return (1.0 - self._tokens) / rate
        self._tokens -= 1.0
        return 0.0


@attrs.define
class Server:
    """Answer requests: accept, or refuse with or without saying when to come again."""

    counting: Counting
    limit: Limit
    tells: bool
    foreign: deque[float] = attrs.field(factory=deque[float])
    """When others ask; they do not come again when they are refused."""
    accepted: list[float] = attrs.field(factory=list[float])
    refused: list[float] = attrs.field(factory=list[float])
    foreign_accepted: list[float] = attrs.field(factory=list[float])

    def answer(self, now: float) -> int | None:
        """Give ``None`` if the request is accepted, else ``Retry-After``; 0 for no such header."""
        self.let_others_ask(now)
        wait = self.counting.ask(now, self.limit(now))
        if wait <= 0.0:
            self.accepted.append(now)
            return None
        self.refused.append(now)
        return max(1, math.ceil(wait)) if self.tells else 0

    def let_others_ask(self, now: float) -> None:
        """Let all come by whom this time had been meant for."""
        while self.foreign and self.foreign[0] <= now:
            moment = self.foreign.popleft()
            if self.counting.ask(moment, self.limit(moment)) <= 0.0:
                self.foreign_accepted.append(moment)

    def share_used(self, allowed: list[float], until: float) -> float:
        """Give which part was used of what was allowed, less what others got.

        Windows come in steps; so it is the mean over all ends within the last window.
        """
        used, left = self._means(allowed, until)
        return used / left

    def steady(self, allowed: list[float], until: float) -> float:
        """Give the same without the first window."""
        (used, left), (used_first, left_first) = (
            self._means(allowed, end) for end in (until, 2 * WINDOW)
        )
        return (used - used_first) / (left - left_first)

    def _means(self, allowed: list[float], until: float) -> tuple[float, float]:
        steps = 120
        used = left = 0
        for number in range(steps):
            end = until - WINDOW * number / steps
            used += bisect_right(self.accepted, end)
            left += bisect_right(allowed, end) - bisect_right(self.foreign_accepted, end)
        return used / steps, left / steps


def allowed_by(
    counting: Counting, limit: Limit, until: float, *, told: float = math.inf
) -> list[float]:
    """List when requests of one are accepted who knows the server and takes whatever there is.

    ``counting`` must be new, and must not count what it refused. With ``told`` it never sends more
    than that in the time of a window.
    """
    times, now = list[float](), 0.0
    while now <= until:
        if len(times) >= told and times[-int(told)] + WINDOW > now:
            now = times[-int(told)] + WINDOW + 1e-9
            continue
        wait = counting.ask(now, limit(now))
        if wait <= 0.0:
            times.append(now)
        else:
            now += min(wait, 0.5) + 1e-9  # the limit may change
    return times


def evenly(rate: float, until: float, chance: random.Random) -> deque[float]:
    """Let others send so many requests a second, at random times."""
    times, now = deque[float](), 0.0
    while (now := now + chance.expovariate(rate)) < until:
        times.append(now)
    return times


def in_bursts(rate: float, until: float, chance: random.Random, *, every: float) -> deque[float]:
    """Let others send as much in bursts, one in so many seconds, each within two seconds."""
    times, now = list[float](), 0.0
    while now < until:
        start = now + chance.uniform(0.0, every / 2)
        times += [start + chance.uniform(0.0, 2.0) for _ in range(round(rate * every))]
        now += every
    return deque(sorted(times))
