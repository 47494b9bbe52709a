"""Learn from throttling 429s how much a server really allows.

Nothing here exists before the first 429. Then a :class:`Learner` decides, from what was accepted
and when the gate could be opened again, what kind of limit it was:

- *a window*: nothing passes until what was accepted has grown old, or a new window has begun. So
  much as was accepted in a window is the limit; that many slots are used from then on.
- *a bucket*: little later something passes again, though nothing has grown old. Bursts are what it
  minds, so requests leave evenly from then on, at the rate of the limit; and if they are refused
  all the same, at the rate at which they were accepted since.

What was learnt is doubted again: see :class:`~wixreseller._trying.Trial`. What is tried beyond the
slots that are known leaves alone, so that a window which takes no more refuses one request and no
other; after a trial in vain the limit is what it was. Once the limit is what the user told, an even
pace may have ever longer bursts, until nothing is left of what was learnt.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from typing import Final

from wixreseller._trying import Trial
from wixreseller.ratelimit import SlotLog

__all__ = ["Learner"]

EARLY: Final = 1 / 12
"""What passes after this part of a window was stopped by a bucket, or by others for a moment."""
BUSY: Final = 0.9
"""Requests over this part of a window, and not in one burst, show its limit by their number."""
FULL: Final = 0.9
"""A window that is known, and refuses when this part of it is used, is still that window."""
ALONE: Final = 1 / 60
"""What is tried beyond the slots that are known leaves this part of a window after another."""
DOUBTFUL: Final = 1 / 4
"""A limit this much lower than was thought is believed when it is seen twice.

Somebody else may have used up the window just once, another process that has ended, say.
"""
STEEPEST: Final = 0.6
"""An even pace that was refused becomes slower by this factor at the most,"""
SLIGHTEST: Final = 0.03
"""and by this part at the least, if it was refused again at once,"""
HARMLESS: Final = 300
"""down to nothing if so many had been accepted since."""
TINY: Final = 2
"""A bucket so small refuses what the network has shuffled, however slow the pace:"""
GENTLE: Final = 0.85
"""there it becomes slower by this factor at the most."""
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
        """Requests in a window, as far as is known or tried."""
        self.burst: float = math.inf
        """How many may leave at once if none did for a while; any number if it is a window."""
        self._slots = SlotLog(told, window, in_flight=in_flight, answered=answered)
        self._refused = deque[float]()  # when; a refused request may count, so it costs a slot too
        self._proven: float = told  # so many slots are known to be allowed
        self._last = now  # when one left
        self._level = 0.0  # of the burst: what may leave now
        self._level_at = now
        self._size = 0  # of the bucket
        self._trial = Trial(window, now)
        self._is_doubted = False
        # Since when nothing is known to pass, and what was accepted in the window before that.
        self._closed_at: float | None = None
        self._accepted = 0
        self._old_at = now  # when the first of that has grown old
        self._most: float = told  # what can be learnt from it at the most
        self._is_settled = False
        self._is_counted = False  # the limit is what was accepted then
        self._emptied_at = now  # the last 429
        self._passed = math.inf  # accepted since something passed again

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
        self._last = now

    def wait_expected(self, now: float, ahead: int = 0) -> float:
        """Estimate, from below, the seconds until one may pass that has ``ahead`` before it."""
        self._grow(now)
        wait = self._slots.wait_expected(now, ahead)
        if self.is_even:
            self._fill(now)
            missing = ahead + 1 - self._level
            if missing > _A_LITTLE:
                wait = max(wait, self._level_at - now + missing * self.window / self.limit)
        elif self.limit > self._proven and self._slots.in_use(now) + ahead >= self._proven:
            alone = self._last - now + ALONE * self.window
            wait = max(wait, alone if alone > _A_LITTLE else 0.0)
        return wait

    def is_over(self, now: float) -> bool:
        """Say whether nothing is left of what was learnt."""
        self._grow(now)
        return self._is_all_tried()

    # --- what becomes of it ---------------------------------------------------------------------

    def hear_unsent(self) -> None:
        """Take back one that never left."""
        self._slots.put_back()
        self._level += 1.0

    def hear_answer(self, now: float, *, is_current: bool, answered: bool) -> None:
        """Take note of a request that was not refused.

        ``is_current``: it left since the gate closed last. Not ``answered``: its answer was lost.
        """
        self._passed += 1
        if self._closed_at is None:
            if self._proven < self.limit:
                used = min(self._slots.in_use(now), self.limit)
                self._proven = max(self._proven, used)
        elif not is_current:
            self._accepted += 1
            if self._is_counted:
                self._allow(self._accepted)
        elif answered:
            if not self._is_settled:
                self._settle(now - self._closed_at, now)
            self._closed_at, self._passed = None, 1
        self._slots.give_back(now)

    def hear_refusal(self, now: float, retry_after: float | None) -> None:
        """Take note of a throttling 429. Until something passes again, only the first counts."""
        self._slots.give_back(now)
        self._refused.append(now)
        if self._closed_at is None:
            self._close(now)
            if retry_after and not self._is_settled:
                self._settle(retry_after, now + retry_after)

    def seconds_to_old(self, now: float) -> float:
        """Give the seconds after which the first that was accepted has grown old."""
        return self._slots.seconds_to_first(now)

    def abandon(self, now: float) -> None:
        """Count all in flight as answered now: nobody will give them back."""
        self._slots.abandon(now)

    # --- learning -------------------------------------------------------------------------------

    def _close(self, now: float) -> None:
        times = self._slots.answered(now)
        while self._refused and self._refused[0] <= now - self.window:
            self._refused.popleft()
        self._accepted, self._most = len(times) - len(self._refused), self.limit
        self._old_at = now + self.seconds_to_old(now)
        was_busy = bool(times) and now - times[0] > BUSY * self.window
        self._is_settled = self._is_counted = False
        if self.is_even:
            pace = self._right_pace(now, self._accepted if was_busy else 0)
            self._trial.end(now, pace)
            self._slow_down(pace)
        else:
            if self._trial.end(now, self._accepted):
                self._most = self._trial.base
            if self.limit < self.told and self._accepted >= FULL * self._proven:
                self._is_settled = self._is_counted = True
                self._allow(self._accepted)
        self._closed_at = self._emptied_at = now

    def _right_pace(self, now: float, seen: int) -> float:
        """Give the pace at which it would not have been refused; ``seen`` passed in a window.

        A bucket was empty at the last 429 and is now. What was accepted since is what it gained,
        less what it could not hold while the pace was too slow. That was so before the steps of a
        trial; and what it had gained by then, its size at the most, has been used since.
        """
        lasted = max(now - self._emptied_at, _A_LITTLE)
        if self._trial.steps:
            since = [
                (self._passed - accepted - self._size) / max(now - at, EARLY * self.window)
                for at, accepted in self._trial.steps
            ]
            return max(self._trial.base, self.window * max(self._passed / lasted, *since))
        if self._size <= TINY:
            return self.limit * (1 - 1 / (self._passed + 1))
        slightest = 1 - SLIGHTEST * max(0.0, 1 - self._passed / HARMLESS)
        return slightest * max(seen, (self._passed + 1) * self.window / lasted)

    def _slow_down(self, pace: float) -> None:
        steepest = GENTLE if self._size <= TINY else STEEPEST
        self._set_limit(max(steepest * self.limit, min(pace, self.limit)))
        self._set_burst(self.burst / 2)

    def _settle(self, closed: float, opens: float) -> None:
        """Decide what it was that refused, after so many seconds in which nothing passed."""
        self._is_settled = True
        # Refused again so soon after the last time, it was no new window that had begun.
        is_new = self._is_doubted or self._passed >= self._most / 2
        if closed > EARLY * self.window and is_new:
            self.burst = math.inf
            self._is_counted = True
            self._allow(self._accepted)
            if self._old_at - opens > EARLY * self.window and not self._is_doubted:
                # Nothing has grown old, so another window has begun, and all of it may be used.
                self._slots.forget()
                self._refused.clear()
            return
        if not self.is_even and self._accepted:  # else it was no burst of ours
            self._size = self._accepted
            self._set_burst(self._accepted / 2)
            self._set_limit(self._most)
        # What a bucket has gained by then stays in it, for requests that arrive too early.
        self._level, self._level_at = 0.0, opens

    def _allow(self, accepted: int) -> None:
        """Use as many slots as were accepted, unless that is hard to believe."""
        if accepted < DOUBTFUL * self._most and not self._is_doubted:
            self._is_doubted = True
            return
        self._is_doubted = False
        self._set_limit(min(accepted, self._most))

    def _set_limit(self, limit: float, *, is_tried: bool = False) -> None:
        self.limit = max(1.0, min(limit, self.told))
        self._slots.requests = self.told if self.is_even else math.floor(self.limit)
        if not is_tried:
            self._proven = self.limit

    def _set_burst(self, burst: float) -> None:
        self.burst = 1 if self._size <= TINY else max(SHORTEST_BURST, burst)

    def _fill(self, now: float) -> None:
        gained = max(0.0, now - self._level_at) * self.limit / self.window
        self._level = min(self.burst, self._level + gained)
        self._level_at = max(now, self._level_at)

    def _grow(self, now: float) -> None:
        """Try more, for every so many windows without a 429."""
        while not self._is_all_tried():
            part = self._trial.step(now, self.limit, self._passed)
            if not part:
                return
            if self.limit < self.told:
                self._fill(self._trial.since)
                more = part * self.limit if self.is_even else max(1.0, part * self.limit)
                self._set_limit(self.limit + more, is_tried=True)
            elif self.is_even:
                self.burst *= 2
                if self.burst >= self.limit:
                    self.burst = math.inf

    def _is_all_tried(self) -> bool:
        return self.limit >= self.told and not self.is_even and bool(self._trial.steps)
