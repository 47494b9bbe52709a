"""Ask a run to stop, and remember why."""

from __future__ import annotations

from collections.abc import Callable

from wixreseller.bulk.summary import StopReason
from wixreseller.errors import WixResellerError

__all__ = ["Stop"]


class Stop:
    """Ask a run to send nothing more; the first reason given is the one that counts.

    What waits for its turn is not sent, what is in flight is finished. Belongs to the event loop
    that the run is on. A run that stops by itself says here why; one that ends does not.
    """

    def __init__(self) -> None:
        self.reason: StopReason | None = None
        self.error: WixResellerError | None = None
        self._is_set = False
        self._watchers: list[Callable[[], None]] = []

    def request(
        self, reason: StopReason | None = None, error: WixResellerError | None = None
    ) -> None:
        """Stop the run."""
        if self._is_set:
            return
        self._is_set = True
        self.reason, self.error = reason, error
        for watcher in tuple(self._watchers):
            watcher()

    @property
    def is_set(self) -> bool:
        """Whether the run sends nothing more."""
        return self._is_set

    def on_request(self, watcher: Callable[[], None]) -> None:
        """Have a function called when the run is to stop; at once if it is already."""
        self._watchers.append(watcher)
        if self._is_set:
            watcher()

    def forget(self, watcher: Callable[[], None]) -> None:
        """Call a function no more: its run has ended."""
        self._watchers.remove(watcher)
