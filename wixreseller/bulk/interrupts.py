"""Turn the first Ctrl-C into a wish to stop, so that what is in flight can be finished."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from collections.abc import Callable, Generator
from types import FrameType

__all__ = ["on_first_interrupt"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def on_first_interrupt(stop: Callable[[], None]) -> Generator[None, None, None]:
    """Call ``stop`` on the running loop at the first SIGINT or SIGTERM.

    The second does what it would have done without this. Outside the main thread, where Python
    takes no signals, nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in _SIGNALS}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def handle(_number: int, _frame: FrameType | None) -> None:
        restore()
        # A plain handler does not wake a loop that waits for sockets; this call does.
        loop.call_soon_threadsafe(stop)

    try:
        for number in _SIGNALS:
            signal.signal(number, handle)
        yield
    finally:
        restore()
