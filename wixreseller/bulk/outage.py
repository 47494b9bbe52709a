"""Sit out the times when Wix cannot be reached."""

from __future__ import annotations

from typing import Final

from wixreseller._clock import Clock

__all__ = ["Outage"]

_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 30.0
PATIENCE: Final = 300.0
"""Seconds without a single answer after which a run gives up. Nothing is lost by that."""


class Outage:
    """Count how long nothing got through, and say how long to wait before the next try."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since: float | None = None
        self._pause = _FIRST_PAUSE
        self._until = 0.0

    @property
    def is_on(self) -> bool:
        """Whether the last thing that was tried did not get through."""
        return self._since is not None

    def failed(self) -> bool:
        """Note that something did not get through; false if it is no use to go on trying."""
        now = self._clock.monotonic()
        if self._since is None:
            self._since, self._pause = now, _FIRST_PAUSE
        if now >= self._until:
            # Those that were under way together fail together, and count once.
            self._until = now + self._pause * (1 + self._clock.chance() / 5)
            self._pause = min(self._pause * 2, _LONGEST_PAUSE)
        return now - self._since < PATIENCE

    def over(self) -> None:
        """Note that something got through."""
        self._since = None

    async def wait(self) -> None:
        """Wait until it makes sense to try again."""
        await self._clock.sleep(max(0.0, self._until - self._clock.monotonic()))
