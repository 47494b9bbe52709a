"""Learn from throttling 429s how much a server really allows.

Nothing here exists before the first 429. Then a :class:`Learner` decides, from what was accepted
and when the gate could be opened again, what kind of limit it was:

- *a window*: nothing passes until what was accepted has grown old. So much as was accepted in a
  window is the limit; that many slots are used from then on.
- *a bucket*: little later something passes again, though nothing has grown old. Bursts are what it
  minds, so requests leave evenly from then on, at the rate of the limit; and if they are refused
  all the same, at the rate at which they were accepted since.

What was learnt is doubted again: after three windows without a 429 the limit grows by one per cent,
after one more by two, then four, up to what the user told; a first step that is refused at once
makes the next one wait longer. After that an even pace may have ever longer bursts, until nothing
is left of what was learnt.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

from wixreseller.ratelimit import SlotLog

__all__ = ["Learner"]

EARLY: Final = 1 / 12
"""What passes after this part of a window was stopped by a bucket, or by others for a moment."""
BUSY: Final = 0.9
"""Requests over this part of a window, and not in one burst, show its limit by their number."""
CLEAN: Final = 3
"""Windows without a 429 after which more is tried."""
CLEAN_AGAIN: Final = 1
"""The same after a step that went well."""
FIRST_STEP: Final = 0.01
"""By which part the limit grows then; it doubles with every step that went well."""
LAST_STEP: Final = 0.32
PATIENCE: Final = (3, 9)
"""How many times longer it waits after a first step that did not go well, and at the most."""
PATIENCE_WHEN_TOLD: Final = (4, 16)
"""The same where ``Retry-After`` names a long time: its jitter costs an eighth of it on average."""
DOUBTFUL: Final = 1 / 4
"""A limit this much lower than was thought is believed when it is seen twice.

Somebody else may have used up the window just once, another process that has ended, say.
"""
STEEPEST: Final = 0.6
"""An even pace that was refused becomes slower by this factor at the most,"""
GENTLE: Final = 0.85
"""or by this, if hardly two at once were accepted: the network may have shuffled them;"""
SLIGHTEST: Final = 0.03
"""and by this part at the least, if it was refused again at once,"""
HARMLESS: Final = 300
"""down to nothing if so many had been accepted since."""
SHORTEST_BURST: Final = 2
_A_LITTLE: Final = 1e-6


class Learner:
    """Hold what was learnt of the limit of a key: how many slots, and how long a burst.

    ``told`` is how many requests in how many seconds (``window``) the user believes to be allowed;
    ``in_flight`` and ``answered`` (times) say what was sent by the first 429.

    Times are seconds on one monotonic clock. Not safe for threads: the caller locks.
    """

    def __init__(
        self,
        told: int,
        window: float,
        now: float,
        *,
        in_flight: int = 0,
        answered: Iterable[float] = (),
    ) -> None:
        self.told = told
        self.window = window
        self.limit: float = told
        """Requests in a window, as far as is known."""
        self.burst: float = math.inf
        """How many may leave at once if none did for a while; any number if it is a window."""
        self._slots = SlotLog(told, window, in_flight=in_flight, answered=answered)
        self._level = 0.0  # of the burst: what may leave now
        self._level_at = now
        self._step = FIRST_STEP
        self._patience = 1
        self._steps = 0  # since the last 429
        self._clean_since = now
        self._is_doubted = False
        # Since when nothing is known to pass, and what was accepted in the window before that.
        self._closed_at: float | None = None
        self._accepted = 0
        self._limit_then: float = told
        self._is_settled = False
        self._passed = math.inf  # accepted since something passed again
        # Since when the pace is even, and what the pace should have been.
        self._even_since = now
        self._measured: float = told

    # --- who may pass ---------------------------------------------------------------------------

    @property
    def is_even(self) -> bool:
        """Whether requests leave evenly, not in bursts."""
        return self.burst < math.inf

    @property
    def in_flight(self) -> int:
        """How many were let pass and are not answered."""
        return self._slots.in_flight

    def take(self, now: float) -> None:
        """Let a request pass, for which :meth:`wait_expected` is 0."""
        self._slots.take(now)
        self._level -= 1.0

    def wait_expected(self, now: float, ahead: int = 0) -> float:
        """Estimate, from below, the seconds until one may pass that has ``ahead`` before it."""
        self._grow(now)
        wait = self._slots.wait_expected(now, ahead)
        if not self.is_even:
            return wait
        self._fill(now)
        missing = ahead + 1 - self._level
        if missing <= _A_LITTLE:
            return wait
        return max(wait, self._level_at - now + missing * self.window / self.limit)

    def is_over(self, now: float) -> bool:
        """Say whether nothing is left of what was learnt."""
        self._grow(now)
        return self.limit >= self.told and not self.is_even and self._steps > 0

    # --- what becomes of it ---------------------------------------------------------------------

    def hear_unsent(self) -> None:
        """Take back one that never left."""
        self._slots.put_back()
        self._level += 1.0

    def hear_answer(self, now: float, *, is_current: bool, answered: bool) -> None:
        """Take note of a request that was not refused.

        ``is_current``: it left since the gate closed last. Not ``answered``: its answer was lost.
        """
        self._slots.give_back(now)
        self._passed += 1
        if self._closed_at is None:
            return
        if not is_current:
            self._accepted += 1
            if self._is_settled and not self.is_even:
                self._allow(self._accepted)
        elif answered:
            if not self._is_settled:
                self._settle(now - self._closed_at, now)
            self._closed_at, self._passed = None, 1

    def hear_refusal(self, now: float, retry_after: float | None) -> None:
        """Take note of a throttling 429. Until something passes again, only the first counts."""
        self._slots.put_back()
        if self._closed_at is None:
            self._close(now, retry_after)
            if retry_after:
                self._settle(retry_after, now + retry_after)
            elif not self.is_even and self._accepted >= 0.9 * self.limit:
                self._allow(self._accepted)  # no use in asking before the first has grown old

    def seconds_to_old(self, now: float) -> float:
        """Give the seconds after which the first that was accepted has grown old."""
        return self._slots.seconds_to_first(now)

    def abandon(self, now: float) -> None:
        """Count all in flight as answered now: nobody will give them back."""
        self._slots.abandon(now)

    # --- learning -------------------------------------------------------------------------------

    def _close(self, now: float, retry_after: float | None) -> None:
        accepted = self._slots.answered(now)
        self._accepted, self._limit_then = len(accepted), self.limit
        if self.is_even:
            self._measured = self._measure(now, accepted)
        if self._steps == 1:
            is_told = (retry_after or 0.0) > EARLY * self.window
            longer, most = PATIENCE_WHEN_TOLD if is_told else PATIENCE
            self._patience = max(self._patience, min(longer * self._patience, most))
        self._step, self._steps = FIRST_STEP, 0
        self._closed_at = self._clean_since = now
        self._is_settled = False

    def _measure(self, now: float, accepted: list[float]) -> float:
        """Give the rate at which requests were accepted since the pace is even, per window.

        A bucket was empty in the beginning and is now, so it is the rate at which it refills.
        """
        start = max(self._even_since, now - self.window)
        since = sum(at > start for at in accepted)
        rate = (since + 1) * self.window / (now - start) if now > start else math.inf
        was_busy = bool(accepted) and now - accepted[0] > BUSY * self.window
        return max(rate, len(accepted)) if was_busy else rate

    def _settle(self, closed: float, opens: float) -> None:
        """Decide what it was that refused, after so many seconds in which nothing passed."""
        assert self._closed_at is not None  # noqa: S101  # else there is nothing to decide
        self._is_settled = True
        # Refused again so soon after the last time, it was no new window that had begun.
        is_new = self._is_doubted or self._passed >= self._limit_then / 2
        if closed > EARLY * self.window and is_new:
            self.burst = math.inf
            self._allow(self._accepted)
            return
        if self.is_even:
            self._slow_down(closed)
            self.burst = max(SHORTEST_BURST, self.burst / 2)
        elif self._accepted:  # else it was no burst of ours
            self.burst = max(SHORTEST_BURST, self._accepted / 2)
            self._even_since = self._closed_at
            self._set_limit(self._limit_then)
        # What a bucket has gained by then stays in it, for requests that arrive too early.
        self._level, self._level_at = 0.0, opens

    def _slow_down(self, closed: float) -> None:
        """Leave at the rate at which requests were accepted, but not all too much slower."""
        if closed > EARLY * self.window:
            self._measured = max(self._measured, self._accepted)
        steepest = STEEPEST if self.burst > SHORTEST_BURST else GENTLE
        slightest = 1 - SLIGHTEST * max(0.0, 1 - self._passed / HARMLESS)
        measured = slightest * min(self._measured, self.limit)
        self._set_limit(max(steepest * self.limit, measured))

    def _allow(self, accepted: int) -> None:
        """Use as many slots as were accepted, unless that is hard to believe."""
        if accepted < DOUBTFUL * self._limit_then and not self._is_doubted:
            self._is_doubted = True
            return
        self._is_doubted = False
        self._set_limit(min(accepted, self._limit_then))

    def _set_limit(self, limit: float) -> None:
        self.limit = max(1.0, min(limit, self.told))
        self._slots.requests = (math.ceil if self.is_even else math.floor)(self.limit)

    def _fill(self, now: float) -> None:
        gained = max(0.0, now - self._level_at) * self.limit / self.window
        self._level = min(self.burst, self._level + gained)
        self._level_at = max(now, self._level_at)

    def _grow(self, now: float) -> None:
        """Try more, for every so many windows without a 429."""
        while now - self._clean_since >= (rest := self._rest()):
            if self._steps and not self.is_even and self.limit >= self.told:
                return
            self._clean_since += rest
            self._steps += 1
            if self._steps > 1:
                self._patience = 1
            if self.limit < self.told:
                self._fill(self._clean_since)
                self._set_limit(self.limit + max(1.0, self._step * self.limit))
                self._step = min(2 * self._step, LAST_STEP)
            elif self.is_even:
                self.burst *= 2
                if self.burst >= self.limit:
                    self.burst = math.inf

    def _rest(self) -> float:
        return self.window * (CLEAN * self._patience if self._steps == 0 else CLEAN_AGAIN)
