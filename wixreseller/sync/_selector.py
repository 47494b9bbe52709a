"""Run the private event loop so that a forked child's copy of it can do no harm."""

from __future__ import annotations

import asyncio
import contextvars
import math
import os
import selectors
import socket
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from wixreseller.sync._border import Border

if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike

__all__ = ["ForkSafeSelector", "PrivateLoop"]


class PrivateLoop(asyncio.SelectorEventLoop):
    """Run as asyncio's own loop does, until a fork: in the child it never runs again."""

    def __init__(self) -> None:
        self.border = Border(self._wake)
        self._watching = ForkSafeSelector(self.border)
        self._is_abandoned = False
        super().__init__(self._watching)
        self.slow_callback_duration = math.inf  # in debug mode too: it is not the user's to mend

    def abandon(self) -> None:
        """Stay where the parent was; what may still be done with it is to close connections.

        The parent's callbacks and tasks, copies of calls under way among them, never run here.
        """
        self._is_abandoned = True
        self._watching.abandon()
        self.set_debug(False)  # else it would refuse to be closed by another thread
        self.call_soon = self._close_only  # type: ignore[method-assign]  # a cost to no live loop

    def _wake(self) -> None:
        if self._watching.bell is None:
            self.call_soon_threadsafe(_nothing)
        else:
            os.eventfd_write(self._watching.bell, 1)

    def is_running(self) -> bool:
        """Tell whether it runs; a copy of a running loop does not."""
        return not self._is_abandoned and super().is_running()

    def _close_only(
        self,
        callback: Callable[..., object],
        *args: object,
        context: contextvars.Context | None = None,
    ) -> asyncio.Handle:
        """Let connections finish closing at once, and leave out all else."""
        owner = getattr(callback, "__self__", None)
        if isinstance(owner, (asyncio.BaseTransport, asyncio.BaseProtocol)):
            callback(*args)
        return asyncio.Handle(callback, args, self, context)


def _nothing() -> None:
    """Do nothing: it was only to be woken."""


class ForkSafeSelector(selectors.BaseSelector):
    """Watch sockets as the platform's best selector does, until a fork.

    On Linux parent and child share one epoll object and all connections. When the child collects
    its copy of a session, the connections' destructors would take the parent's sockets out of the
    shared epoll, and say good-bye in its TLS streams. :meth:`abandon` makes both impossible.

    The ``Any`` of its methods is that of the abstract class in the standard library.
    """

    def __init__(self, border: Border) -> None:
        self._border = border
        self._inner: selectors.BaseSelector = selectors.DefaultSelector()
        self.bell: int | None = None
        """What to write to so that a wait ends: asyncio's own way is two system calls longer."""
        if sys.platform == "linux":
            # Never closed: whoever is about to ring would write into what has its number then.
            self.bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
            self._inner.register(self.bell, selectors.EVENT_READ)

    def abandon(self) -> None:
        """Let go, in the child, of the selector and of all that it watched."""
        watched = [key.fd for key in self._inner.get_map().values()]
        # Closes the child's handle only. Nothing is taken out of what the parent uses.
        self._inner.close()
        self._inner = selectors.SelectSelector()
        dead, peer = socket.socketpair()
        with dead:
            peer.close()
            for descriptor in watched:
                os.dup2(dead.fileno(), descriptor, inheritable=False)

    def register(
        self, fileobj: FileDescriptorLike, events: int, data: Any = None
    ) -> selectors.SelectorKey:
        """Watch a socket."""
        return self._inner.register(fileobj, events, data)

    def unregister(self, fileobj: FileDescriptorLike) -> selectors.SelectorKey:
        """Watch a socket no longer."""
        return self._inner.unregister(fileobj)

    def modify(
        self, fileobj: FileDescriptorLike, events: int, data: Any = None
    ) -> selectors.SelectorKey:
        """Watch a socket for something else."""
        return self._inner.modify(fileobj, events, data)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait for what is watched, for so many seconds (``None``: no matter how long)."""
        has_come = self._border.before_waiting()
        events = self._inner.select(0 if has_come else timeout)
        for place, (key, _) in enumerate(events):
            if key.fd == self.bell:
                os.eventfd_read(key.fd)
                del events[place]
                break
        self._border.after_waiting()
        return events

    def close(self) -> None:
        """Close the selector."""
        self._inner.close()

    def get_map(self) -> Mapping[FileDescriptorLike, selectors.SelectorKey]:
        """Give all that is watched."""
        return self._inner.get_map()
