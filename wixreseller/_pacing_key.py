"""Hold what all pacers of one base URL and key have in common."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Hashable
from typing import TYPE_CHECKING

import attrs

from wixreseller._first_use import LateModule
from wixreseller.ratelimit import Gate, Refusal, SlotLog

if TYPE_CHECKING:
    from wixreseller import _learning
    from wixreseller._learning import Learner
    from wixreseller._pacing import Pacer
else:
    _learning = LateModule("wixreseller._learning", globals())

__all__ = ["Key"]


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
        return _learning.Learner(
            round(sum(log.requests * refusal.window / log.per for log in logs)),
            refusal.window,
            refusal.at,
            in_flight=sum(log.in_flight for log in logs),
            answered=sorted(at for log in logs for at in log.answered(refusal.at)),
        )
