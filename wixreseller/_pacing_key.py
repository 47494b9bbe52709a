"""Hold what all pacers of one base URL and key have in common, and find them."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING

import attrs

from wixreseller._learning import Learner
from wixreseller.ratelimit import Gate, RateLimit, Refusal, SlotLog

if TYPE_CHECKING:
    from wixreseller._clock import Clock
    from wixreseller._pacing import Pacer

__all__ = ["Key", "Registry"]


class Key:
    """Hold the lock, the gate, and what was learnt of the limit."""

    def __init__(self) -> None:
        # Re-entrant: collecting garbage, which may happen anywhere, can end a call and its turn.
        self.lock: threading.RLock = threading.RLock()
        self.gate: Gate = Gate()
        self.learner: Learner | None = None
        """There is none before the first 429, and none when what it learnt is over."""
        self.pacers: weakref.WeakValueDictionary[Hashable, Pacer] = weakref.WeakValueDictionary()
        self.slots: weakref.WeakSet[SlotLog] = weakref.WeakSet()

    # What follows is called with the lock held.

    def is_idle(self, now: float) -> bool:
        """Say whether nothing is lost by forgetting gate and learner."""
        return self.gate.is_idle(now) and (self.learner is None or self.learner.is_over(now))

    def teach(
        self, now: float, refusal: Refusal | None, *, epoch: int, unsent: bool, lost: bool
    ) -> Refusal | None:
        """Tell the learner what became of a request, before its slot and the gate are told.

        Gives the refusal with what the learner knows of it.
        """
        is_current = epoch == self.gate.epoch
        if refusal is not None:
            for slots in self.slots:
                slots.doubt()
            if self.learner is None and is_current:
                self.learner = self._new_learner(refusal)
        if self.learner is None:
            return refusal
        if unsent:
            self.learner.hear_unsent()
        elif refusal is not None:
            self.learner.hear_refusal(now, refusal.retry_after)
            refusal = attrs.evolve(refusal, useful_in=self.learner.seconds_to_old(now))
        else:
            self.learner.hear_answer(now, is_current=is_current, answered=not lost)
        if self.learner.is_over(now):
            self.learner = None
        return refusal

    def _new_learner(self, refusal: Refusal) -> Learner:
        """Begin to learn. All limits of the key count together, as they do for Wix."""
        logs = list(self.slots)
        return Learner(
            round(sum(log.requests * refusal.window / log.per for log in logs)),
            refusal.window,
            refusal.at,
            in_flight=sum(log.in_flight for log in logs),
            answered=sorted(at for log in logs for at in log.answered(refusal.at)),
        )


class Registry:
    """Find the pacer of a base URL, key and limit.

    It holds pacers weakly, but those that were used strongly until they are idle: a client made
    after another one was closed goes on with what is left of the window.
    """

    def __init__(self, make: Callable[[RateLimit | None, Clock, Key], Pacer]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._keys: weakref.WeakValueDictionary[Hashable, Key] = weakref.WeakValueDictionary()
        self._pacers: weakref.WeakValueDictionary[Hashable, Pacer] = weakref.WeakValueDictionary()
        self._kept: set[Pacer] = set()

    def find(self, whose: Hashable, limit: RateLimit | None, clock: Clock) -> Pacer:
        """Give the pacer of these, the same each time."""
        what = None if limit is None else (limit.requests, limit.per, limit.shared)
        with self._lock:
            self._kept = {pacer for pacer in self._kept if not pacer.let_go()}
            pacer = self._pacers.get((whose, what))
            if pacer is None:
                key = self._keys.get(whose)
                if key is None:
                    key = self._keys[whose] = Key()
                pacer = self._pacers[whose, what] = self._make(limit, clock, key)
            return pacer

    def keep(self, pacer: Pacer) -> None:
        """Hold a pacer that is used until it is idle."""
        with self._lock:
            self._kept.add(pacer)

    def forget(self) -> None:
        """Let pacers that are asked for from now on begin afresh."""
        with self._lock:
            self._keys.clear()
            self._pacers.clear()
            self._kept.clear()

    def renew(self) -> None:
        """Take a lock of its own in the child of a fork."""
        self._lock = threading.Lock()
