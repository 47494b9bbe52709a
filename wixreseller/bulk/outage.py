"""Sit out the times when Wix cannot be reached, and know what no waiting helps against."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from wixreseller import errors
from wixreseller._clock import Clock
from wixreseller.bulk.stopping import Stop
from wixreseller.bulk.summary import StopReason

__all__ = ["PATIENCE", "Outage", "Reach"]

T = TypeVar("T")

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

    @property
    def seconds_left(self) -> float:
        """How long to wait before it makes sense to try again."""
        return max(0.0, self._until - self._clock.monotonic()) if self.is_on else 0.0

    def failed(self) -> bool:
        """Note that something did not get through; false if it is no use to go on trying."""
        now = self._clock.monotonic()
        if self._since is None:
            self._since, self._pause, self._until = now, _FIRST_PAUSE, now
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
        await self._clock.sleep(self.seconds_left)


class Reach:
    """Know whether Wix can be reached, and stop the run where it is no use to go on.

    Reads and writes have one each: Wix may answer the ones and not the others.
    """

    def __init__(self, clock: Clock, stop: Stop) -> None:
        self.outage: Outage = Outage(clock)
        self._stop = stop

    def got_through(self) -> None:
        """Note an answer."""
        self.outage.over()

    def failed(self, error: errors.WixResellerError) -> None:
        """Note an error that is no single order's fault, and stop the run if it will not pass.

        Raises:
            WixResellerError: that very error, if waiting does not help.
        """
        if not isinstance(error, _PASSING):
            raise error
        reason = _reason_to_stop(error)
        if reason is None and not self.outage.failed():
            reason = StopReason.LIMIT
        if reason is not None:
            self._stop.request(reason, error)
            raise error

    async def persistently(self, read: Callable[[], Awaitable[T]]) -> T:
        """Read, and try again while Wix cannot be reached.

        Raises:
            WixResellerError: waiting does not help.
        """
        while True:
            try:
                answer = await read()
            except errors.WixResellerError as error:
                self.failed(error)
                await self.outage.wait()
            else:
                self.got_through()
                return answer


# Errors that have nothing to do with what was asked. The last three are of reads (a write's would
# be unknown), or of what stands between us and Wix.
_PASSING: Final = (
    errors.TransportError,
    errors.OutcomeUnknownError,
    errors.AuthenticationError,
    errors.PermissionDeniedError,
    errors.RateLimitError,
    errors.ServerError,
    errors.DecodeError,
    errors.UnexpectedRedirectError,
)


def _reason_to_stop(error: errors.WixResellerError) -> StopReason | None:
    if isinstance(error, (errors.AuthenticationError, errors.PermissionDeniedError)):
        return StopReason.AUTHENTICATION
    if isinstance(error, (errors.PacingError, errors.RateLimitError)):
        return StopReason.LIMIT
    return None
