"""Ask a blocking run of orders to stop, from anywhere."""

from __future__ import annotations

import functools

from wixreseller.bulk import stopping
from wixreseller.bulk.summary import StopReason
from wixreseller.errors import WixResellerError
from wixreseller.sync._portal import Portal

__all__ = ["Stop"]


class Stop:
    """Ask a run to send nothing more; the first reason given is the one that counts.

    What waits for its turn is not sent, what is in flight is finished, and its outcomes are given.
    Any thread may ask, a signal handler and a hook too. A run that stops by itself says here why;
    one that ends does not.
    """

    def __init__(self) -> None:
        self.impl: stopping.Stop = stopping.Stop()
        """The async twin, which the run on the loop asks."""
        self._portal = Portal(_nothing)

    @property
    def reason(self) -> StopReason | None:
        """Why the run stopped."""
        return self.impl.reason

    @property
    def error(self) -> WixResellerError | None:
        """What stopped it."""
        return self.impl.error

    def request(
        self, reason: StopReason | None = None, error: WixResellerError | None = None
    ) -> None:
        """Stop the run."""
        # As clients are closed: also from the loop's own thread, where hooks may run.
        self._portal.close(functools.partial(self._request, reason, error))

    @property
    def is_set(self) -> bool:
        """Whether the run sends nothing more."""
        return self.impl.is_set

    async def _request(self, reason: StopReason | None, error: WixResellerError | None) -> None:
        self.impl.request(reason, error)


async def _nothing() -> None:
    """Close nothing."""
