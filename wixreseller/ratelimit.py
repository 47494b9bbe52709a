"""Decide when a request may go out: the pure part of pacing.

Wix documents 200 requests a minute and no headers that say how many are left. A log of slots never
meets a 429 on a window limiter of that size: there are as many slots as requests allowed, and each
becomes free one window after the *answer* to its request, so that two requests which use the same
slot are more than a window apart at the server, however late the network delivered either.

Where the limit is smaller than was thought, or others use it too, a 429 comes all the same. It
closes the :class:`Gate`, through which every request of the key must go; and it is learnt from, in
:mod:`wixreseller._learning`.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import attrs

from wixreseller._sentinels import NO_TIMEOUT, Seconds
from wixreseller.errors import ConfigurationError
from wixreseller.models import checks

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Gate", "RateLimit", "Refusal", "SlotLog"]

PROBES_IN_A_WINDOW: Final = 60
"""A 429 that names no time is followed by a probe after this part of the window, 1 s of 60 s."""
SPREAD: Final = 0.25
"""How much longer than asked for a closed gate stays closed at the most, as a part of that wait.

Never shorter. Processes and machines draw each their own part, so that they do not all come back in
the same instant.
"""
LONGEST_CLOSED: Final = 3600.0
"""Seconds that a gate stays closed at the most, and its spread; then a probe asks again.

A ``Retry-After`` of years is a mistake, and must not silence a key for as long as a process lives.
"""
PROBE_LEASE: Final = 60.0
"""Seconds after which a probe that nobody gave back is believed lost, and another may go."""

FEW: Final = 6
"""Requests that may be in flight at once while nothing is known of the limit."""
FEW_IN_DOUBT: Final = 3
"""The same after a 429."""


def _optional_file(value: str | Path | None) -> Path | None:
    return None if value is None else _file(value)


def _file(value: object) -> Path:
    from pathlib import Path  # most limits name none

    if not isinstance(value, (str, Path)) or not str(value):
        raise ConfigurationError(
            f"rate_limit.shared must be the path of a file (str or Path), or None to share with no "
            f"other process, not {checks.shorten(value)}",
            field="rate_limit.shared",
        )
    # Absolute, so that it stays the same file when the process goes to another directory.
    return Path(value).expanduser().absolute()


@attrs.frozen
class RateLimit:
    """Say how many requests may go out in how many seconds.

    ``max_wait`` is the longest that a call may wait for its turn, in seconds; one that would wait
    longer raises :class:`~wixreseller.errors.PacingError` and sends nothing. Web handlers set it
    to 0 or 1; the default waits as long as it takes.

    All clients of a process that have the same base URL, key and ``requests`` per ``per`` share
    one count, and all of the same key pause together when Wix answers 429. Two limits for one key
    count apart: so a share of the limit can be set aside, 150 for a web site and 50 for a batch.

    The first burst grows with its answers, so 200 requests take the time of about fourteen answers,
    and calls that may not wait join at once. Where Wix allows less than ``requests``, that is
    learnt from its 429s: how many it takes in ``per`` seconds, or how fast, if it minds bursts.
    All limits of the key keep to that, and more is tried again after a while, never more than
    ``requests``. It is a guess: requests are still refused now and then (about one in a hundred),
    and where others use the key as well, or hardly two requests at once are taken, a part of the
    limit may stay unused. Each process learns for itself.

    ``shared`` is the path of a file through which all processes of this machine that name it share
    the limit, and pause together. It is made if there is none, readable by its owner only, and
    never holds a key; take one file per key, on a local disk. Slots of a process that crashed come
    back by themselves. Where the file cannot be used, the process keeps to the limit by itself:
    there is one ``RuntimeWarning``, no call fails, and the file is tried again every ``per``
    seconds.
    """

    requests: int = 200
    per: float = attrs.field(default=60.0, kw_only=True)
    max_wait: Seconds = attrs.field(default=NO_TIMEOUT, kw_only=True)
    shared: Path | None = attrs.field(default=None, converter=_optional_file, kw_only=True)

    def __attrs_post_init__(self) -> None:
        checks.whole_number(self.requests, "rate_limit.requests")
        checks.seconds(self.per, "rate_limit.per")
        checks.wait(self.max_wait, "rate_limit.max_wait")


class SlotLog:
    """Keep the slots: in flight, or cooling until one window after their answer.

    Times are seconds on any monotonic clock. Not safe for threads: the caller locks.
    """

    def __init__(
        self, requests: int, per: float, *, in_flight: int = 0, answered: Iterable[float] = ()
    ) -> None:
        self.requests = requests
        """May be changed at any time; what is in use beyond it cools as usual."""
        self.per: Final = per
        self.in_flight: int = in_flight
        """How many slots were taken and not given back. Only to be read."""
        self.few: int = max(FEW, requests // 20)
        """While fewer are in flight, :meth:`seconds_to_calm` is 0."""
        self._cooling = deque(at + per for at in answered)
        self._last = -math.inf
        self._is_proven = False
        self._is_in_doubt = False

    def take(self, now: float) -> bool:
        """Take a free slot, if there is one."""
        cooling = self._cooling
        while cooling and cooling[0] <= now:  # as _thaw, without the call: every request does it
            cooling.popleft()
        if self.in_flight + len(cooling) >= self.requests:
            self._is_proven |= self.in_flight < self.requests / 4
            return False
        self.in_flight += 1
        self._last = now
        return True

    def give_back(self, now: float) -> None:
        """Let a slot cool: its request has been answered, or given up, now."""
        self.in_flight -= 1
        self._cooling.append(now + self.per)

    def put_back(self) -> None:
        """Free a slot at once: its request was never sent."""
        self.in_flight -= 1

    def abandon(self, now: float) -> None:
        """Let all slots in flight cool, as if answered now: nobody will give them back."""
        self._cooling.extend([now + self.per] * self.in_flight)
        self.in_flight = 0

    def forget(self) -> None:
        """Free all slots that cool: what was counted in them counts no longer."""
        self._cooling.clear()

    def answered(self, now: float) -> list[float]:
        """List when the slots that cool were answered, the earliest first."""
        self._thaw(now)
        return [until - self.per for until in self._cooling]

    def seconds_to_first(self, now: float) -> float:
        """Give the seconds after which the first of those that cool is free; a window if none."""
        self._thaw(now)
        return self._cooling[0] - now if self._cooling else self.per

    def in_use(self, now: float) -> int:
        """Give how many slots are not free."""
        self._thaw(now)
        return self.in_flight + len(self._cooling)

    def is_idle(self, now: float) -> bool:
        """Say whether every slot is free."""
        return not self.in_use(now)

    def doubt(self) -> None:
        """Take the number of slots for unproven again: a request was refused."""
        self._is_proven = False
        self._is_in_doubt = True
        self.few = min(self.few, FEW_IN_DOUBT)

    def seconds_to_calm(self, now: float) -> float:
        """Give the seconds after which another may join those in flight; 0 if it may now.

        A burst that finds the limit lower than it was told shall find few in flight, so it grows
        with what has been answered: at most a sixth of that is in flight, or a twentieth of the
        slots, or six; after a 429 three at the most. Whatever is in flight, one and a half times
        the rate of the limit may leave, so that slow answers hold nothing up. Once all slots were
        in use, and hardly any of them in flight, nothing holds a burst back.
        """
        in_flight = self.in_flight
        if in_flight < self.few or self._is_proven:
            return 0.0
        if not self._is_in_doubt and in_flight * 6 < len(self._cooling):
            return 0.0
        return max(0.0, self._last + self.per / (1.5 * self.requests) - now)

    def wait_expected(self, now: float, ahead: int = 0) -> float:
        """Estimate, from below, the seconds until a slot is free for one with ``ahead`` before it.

        Exact while enough slots are cooling; a slot in flight counts as answered now.
        """
        self._thaw(now)
        place = ahead - (self.requests - self.in_flight - len(self._cooling))
        if place < 0:
            return 0.0
        if place < len(self._cooling):
            return self._cooling[place] - now
        excess = max(0, self.in_flight + len(self._cooling) - self.requests)
        rounds, place = divmod(place - excess, self.requests)
        frees_at = self._cooling[place] if place < len(self._cooling) else now + self.per
        return frees_at - now + rounds * self.per

    def _thaw(self, now: float) -> None:
        while self._cooling and self._cooling[0] <= now:
            self._cooling.popleft()


@attrs.frozen
class Refusal:
    """A throttling 429. ``retry_after``, ``window`` and ``at`` (monotonic) are in seconds.

    A ``retry_after`` of 0 says no more than ``None``: obeying it would send without a pause.
    ``chance`` is a random number from 0 to 1.
    """

    at: float
    retry_after: float | None
    window: float
    chance: float
    useful_in: float = math.inf
    """Seconds after which the next one may be accepted at the latest, as far as is known."""


@attrs.define
class Gate:
    """Pause all requests of a key after one 429.

    With ``Retry-After`` it opens by itself when that is over; after an hour a probe goes, whatever
    was asked for. Without one it stays closed until
    one request, the probe, has been let through and answered with anything but 429; the first goes
    after a sixtieth of the window, and the wait doubles with every probe refused, up to the whole
    window. Every wait is up to a quarter longer by chance, never shorter.

    Each closing begins an epoch. A 429 to a request of an earlier epoch is old news: it was in
    flight when the gate closed. It moves the opening only if its own ``Retry-After`` ends later.

    Times are seconds on one monotonic clock. Not safe for threads: the caller locks.
    """

    epoch: int = 0
    until: float = 0.0
    """Nothing passes before this."""
    wait: float = 0.0
    """The wait in force while a probe must be answered first; 0 if none must."""
    probe_until: float = 0.0
    """A probe is out, and believed in until this."""

    def seconds_closed(self, now: float) -> float:
        """Give the seconds for which surely nothing passes; 0 if a request may pass now.

        While a probe is out nobody knows: its wait is the guess.
        """
        if now < self.until:
            return self.until - now
        return self.wait if self.wait and now < self.probe_until else 0.0

    def seconds_to_probe(self, now: float) -> float:
        """Give the seconds after which a probe that is out is given up, to sleep until then."""
        return max(self.until, self.probe_until) - now

    def is_idle(self, now: float) -> bool:
        """Say whether nothing is lost by forgetting this gate: it is open, or long unused."""
        return now >= self.until + self.wait * PROBES_IN_A_WINDOW and now >= self.probe_until

    def enter(self, now: float) -> bool:
        """Pass the open gate; say whether as the probe."""
        if not self.wait:
            return False
        self.probe_until = now + PROBE_LEASE
        return True

    def hear(self, refusal: Refusal | None, *, epoch: int, is_probe: bool, answered: bool) -> None:
        """Learn what became of a request: refused, else answered, else lost or never sent."""
        if refusal is not None:
            self._refuse(refusal, epoch, is_probe)
        elif is_probe and answered:
            self.wait = self.probe_until = 0.0  # open for everybody
        elif is_probe:
            self.probe_until = 0.0  # the next request is the probe

    def _refuse(self, refusal: Refusal, epoch: int, is_probe: bool) -> None:
        told = min(refusal.retry_after or 0.0, LONGEST_CLOSED)
        shortest = refusal.window / PROBES_IN_A_WINDOW
        if epoch < self.epoch:
            if told:
                self.until = max(self.until, refusal.at + told)
            return
        if told:
            seconds, self.wait = told, shortest if told == LONGEST_CLOSED else 0.0
        elif is_probe and self.wait:
            self.wait = min(2 * self.wait, refusal.window)
            # Not much sooner, though: what should have become free may have been no help before.
            seconds = min(self.wait, max(refusal.useful_in, self.wait / 2))
        else:
            seconds = self.wait = shortest
        self.epoch += 1
        self.until = refusal.at + seconds * (1 + SPREAD * refusal.chance)
        self.probe_until = 0.0
