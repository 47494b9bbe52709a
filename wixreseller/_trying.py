"""Decide when more is tried than what was learnt of a limit."""

from __future__ import annotations

import math
from typing import Final

__all__ = ["Trial"]

CLEAN: Final = 3
"""Windows without a 429 after which more is tried."""
CLEAN_AGAIN: Final = 1
"""The same after a step that went well."""
FIRST_STEP: Final = 0.01
"""By which part the limit grows then; it doubles with every step that went well."""
LAST_STEP: Final = 0.32
WORTH: Final = 1.05
"""A trial brought something if the limit is higher than before it by this factor.

Less is doubtful: where a burst straddles the end of a fixed window, more passes for a while.
"""
PATIENCE: Final = 3
"""How many times longer it waits after a trial that brought nothing,"""
MOST_PATIENCE: Final = 9
"""and at the most."""


class Trial:
    """Try more in steps, from some windows after the last 429 to the next.

    Each refused trial costs a request at least. So one that brings nothing makes the next one wait
    longer, and of some thousands of requests in half an hour hardly ten are refused by trying.
    """

    def __init__(self, window: float, now: float) -> None:
        self._window: Final = window
        self._patience = 1
        self.since = now
        """When the last step was due, or the last 429 came."""
        self.base: float = math.inf
        """The limit before the first step."""
        self.steps: list[tuple[float, float]] = []
        """When each was due, and how many requests had been accepted by then."""

    def step(self, now: float, limit: float, accepted: float) -> float:
        """Give the part by which the limit may grow; 0 if the time for it has not come."""
        clean = CLEAN_AGAIN if self.steps else CLEAN * self._patience
        if now - self.since < clean * self._window:
            return 0.0
        if not self.steps:
            self.base = limit
        part = min(FIRST_STEP * 2.0 ** len(self.steps), LAST_STEP)
        self.since += clean * self._window
        self.steps.append((self.since, accepted))
        return part

    def end(self, now: float, limit: float) -> bool:
        """Begin to wait again, after a 429; say whether there was a trial that brought nothing.

        ``limit`` is what is known after it.
        """
        is_vain = bool(self.steps) and limit <= WORTH * self.base
        if is_vain:
            self._patience = min(PATIENCE * self._patience, MOST_PATIENCE)
        elif self.steps:
            self._patience = 1
        self.since = now
        self.steps.clear()
        return is_vain
