"""Turn Ctrl-C into a wish to stop first, so that what is in flight can be finished."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from collections.abc import Callable, Generator
from types import FrameType

__all__ = ["on_interrupts"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def on_interrupts(
    first: Callable[[], None], second: Callable[[], None]
) -> Generator[None, None, None]:
    """Call ``first`` at the first SIGINT or SIGTERM, ``second`` at the next, on the running loop.

    The third does what it would have done without this. Outside the main thread, where Python
    takes no signals, nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    answers = [second, first]

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def handle(_number: int, _frame: FrameType | None) -> None:
        # A plain handler does not wake a loop that waits for sockets; this call does.
        loop.call_soon_threadsafe(answers.pop())
        if not answers:
            restore()

    try:
        for number in _SIGNALS:
            signal.signal(number, handle)
        yield
    finally:
        restore()
