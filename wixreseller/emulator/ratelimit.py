"""Count requests and refuse those past the limit.

Documented: 200 requests a minute, then 429. Guesses, switchable: how they are counted, whose they
are, what a 429 says, whether ``Retry-After`` tells when to come again. Another process that uses
the same key can be simulated.
"""

import math
from collections import deque
from datetime import timedelta

import attrs

from wixreseller.emulator.clock import Clock
from wixreseller.emulator.http_date import http_date
from wixreseller.emulator.replies import Refusal, refuse
from wixreseller.emulator.settings import Settings


class RateLimitError(ValueError):
    """Say how a rate limit is written."""


@attrs.frozen
class RateLimit:
    """Allow ``count`` requests in ``seconds``."""

    count: int
    seconds: float

    @classmethod
    def parse(cls, text: str) -> "RateLimit | None":
        """Read ``N/SECONDS``, or ``off`` as ``None``; raise :class:`RateLimitError`."""
        if text == "off":
            return None
        count, _, seconds = text.partition("/")
        try:
            limit = cls(int(count), float(seconds))
        except ValueError:
            limit = cls(0, 0)
        if limit.count < 1 or not 0 < limit.seconds < math.inf:
            raise RateLimitError(
                f"rate limit {text!r}: write N/SECONDS with both above zero (200/60), or off"
            )
        return limit

    def __str__(self) -> str:
        return f"{self.count}/{self.seconds:g}"


@attrs.define
class _Counter:
    """Hold what one caller has used, in the terms of every kind of limit."""

    started: float
    used: int = 0
    times: deque[float] = attrs.field(factory=deque[float])
    tokens: float = 0.0
    foreign: float | None = None
    refused: int = 0


@attrs.frozen
class Usage:
    """Hold what was used of a limit, at some moment."""

    counters: dict[str, _Counter]


@attrs.frozen
class Gauge:
    """Tell how much of a limit a caller has used, and how often it was refused."""

    caller: str
    used: int
    refused: int


class RateLimiter:
    """Apply a limit to each key, account or address."""

    def __init__(self, limit: RateLimit | None, clock: Clock) -> None:
        self.limit = limit
        self._clock = clock
        self._counters: dict[str, _Counter] = {}

    def reset(self) -> None:
        """Forget what was used."""
        self._counters.clear()

    def usage(self) -> Usage:
        """Return what is used now, for :meth:`go_to`."""
        return Usage(_copied(self._counters))

    def go_to(self, usage: Usage) -> None:
        """Make the use of the limit what it was once."""
        self._counters = _copied(usage.counters)

    def admit(self, caller: str, settings: Settings) -> None:
        """Count a request, or refuse it with 429."""
        limit = self.limit
        if limit is None:
            return
        now = self._clock.epoch()
        name = f"{settings.rate_limit_kind} {caller}"
        counter = self._counters.get(name)
        if counter is None:
            # What others do, they have been doing for a while.
            since = now - limit.seconds if settings.foreign_requests_per_minute else now
            counter = _Counter(since, tokens=float(limit.count), foreign=since)
            self._counters[name] = counter
        take = {"fixed": _fixed, "sliding": _sliding, "bucket": _bucket}[settings.rate_limit_kind]
        for moment in _foreign(limit, counter, now, settings.foreign_requests_per_minute):
            take(limit, counter, moment)
        wait = take(limit, counter, now)
        if wait > 0:
            counter.refused += 1
            raise self._refuse(limit, wait, settings)

    @property
    def refused(self) -> int:
        """Return how many requests were refused, whoever sent them."""
        return sum(counter.refused for counter in self._counters.values())

    def gauges(self, kind: str) -> list[Gauge]:
        """Return what every caller has used by now, the fullest first; nothing is counted."""
        limit, now = self.limit, self._clock.epoch()
        if limit is None:
            return []
        gauges = [
            Gauge(name.partition(" ")[2], _used(limit, counter, kind, now), counter.refused)
            for name, counter in self._counters.items()
            if name.startswith(f"{kind} ")
        ]
        return sorted(gauges, key=lambda gauge: -gauge.used)

    def _refuse(self, limit: RateLimit, wait: float, settings: Settings) -> Refusal:
        seconds = math.ceil(wait)
        headers: dict[str, str] = {}
        if settings.retry_after == "seconds":
            headers["Retry-After"] = str(seconds)
        elif settings.retry_after == "date":
            # A date has whole seconds; one more makes sure that it is not too early.
            moment = self._clock.now() + timedelta(seconds=wait + 1)
            headers["Retry-After"] = http_date(moment)
        text = f"more than {limit.count} requests in {limit.seconds:g} seconds"
        if settings.rate_limit_body == "message":
            return Refusal(429, {"message": text}, headers)
        return refuse(429, "RESOURCE_EXHAUSTED", text, headers=headers)


def _copied(counters: dict[str, _Counter]) -> dict[str, _Counter]:
    return {
        name: attrs.evolve(counter, times=deque(counter.times))
        for name, counter in counters.items()
    }


def _used(limit: RateLimit, counter: _Counter, kind: str, now: float) -> int:
    """Return what is used of a limit, by the rules of the functions below."""
    if kind == "fixed":
        return counter.used if now < counter.started + limit.seconds else 0
    if kind == "sliding":
        return sum(moment > now - limit.seconds for moment in counter.times)
    refilled = (now - counter.started) * limit.count / limit.seconds
    return limit.count - math.floor(min(limit.count, counter.tokens + refilled))


def _foreign(limit: RateLimit, counter: _Counter, now: float, per_minute: float) -> list[float]:
    """Return when another process sent requests since the last look; it is refused like us."""
    if per_minute == 0:
        counter.foreign = None
        return []
    apart = 60 / per_minute
    # What is older than two windows makes no difference any more.
    last = max(now if counter.foreign is None else counter.foreign, now - 2 * limit.seconds)
    count = math.floor((now - last) / apart + 1e-9)
    counter.foreign = last + count * apart
    return [last + number * apart for number in range(1, count + 1)]


def _fixed(limit: RateLimit, counter: _Counter, now: float) -> float:
    """Count in windows that begin with a caller's first request; return the seconds to wait."""
    if now >= counter.started + limit.seconds:
        counter.started, counter.used = now, 0
    if counter.used >= limit.count:
        return counter.started + limit.seconds - now
    counter.used += 1
    return 0.0


def _sliding(limit: RateLimit, counter: _Counter, now: float) -> float:
    """Look back over the last ``seconds``; return the seconds to wait."""
    while counter.times and counter.times[0] <= now - limit.seconds:
        counter.times.popleft()
    if len(counter.times) >= limit.count:
        return counter.times[0] + limit.seconds - now
    counter.times.append(now)
    return 0.0


def _bucket(limit: RateLimit, counter: _Counter, now: float) -> float:
    """Refill evenly up to ``count`` tokens, one for each request; return the seconds to wait."""
    rate = limit.count / limit.seconds
    counter.tokens = min(limit.count, counter.tokens + (now - counter.started) * rate)
    counter.started = now
    if counter.tokens < 1:
        return (1 - counter.tokens) / rate
    counter.tokens -= 1
    return 0.0
