"""Share, among all clients of a process with one key, what they create and have created."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Hashable
from typing import TYPE_CHECKING, Final

from wixreseller._recent import RecentCreates

if TYPE_CHECKING:
    from wixreseller._clock import Clock
    from wixreseller._flights import Flights

__all__ = ["Memory", "forget_memories", "memory_for"]


class Memory:
    """Hold the ensures under way, and the creates of late."""

    def __init__(self) -> None:
        self.recent: Final = RecentCreates()
        self.flights: Final[Flights] = {}


class _Registry:
    """Find the memory of a base URL and key. It lives as long as a client that has it."""

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """Begin anew: the lock may have been held, by a thread that is gone, when a fork came."""
        self._lock = threading.Lock()
        self._memories: weakref.WeakValueDictionary[Hashable, Memory] = (
            weakref.WeakValueDictionary()
        )

    def find(self, whose: Hashable) -> Memory:
        with self._lock:
            return self._memories.setdefault(whose, Memory())


_registry: Final = _Registry()


def memory_for(base_url: str, key_identity: Hashable, clock: Clock) -> Memory:
    """Give the memory that all clients of this base URL and key share, like their pacer."""
    return _registry.find((base_url, key_identity, clock))


def forget_memories() -> None:
    """Let clients that are made from now on begin afresh: for tests that reset the server."""
    _registry.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_registry.renew)
