"""Run the user's blocking functions on a few threads that are used again and again.

Neither of the ready ones serves here. asyncio's executor waits at exit for a function that hangs.
anyio's threads end with the task that began them, and a blocking client's call is a task of its
own: a thread would begin and end with every call.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import functools
import inspect
import os
import threading
from collections import deque
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

__all__ = ["run_blocking"]

P = ParamSpec("P")
T = TypeVar("T")

_MOST_THREADS: Final = 32
_IDLE_SECONDS: Final = 10.0

_Job = Callable[[], None]


async def run_blocking(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a function on a worker thread, with the context variables of the caller.

    Cancelled, it lets the function go on and forgets what becomes of it.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[T] = loop.create_future()
    call = functools.partial(contextvars.copy_context().run, function, *args, **kwargs)
    _workers.begin(functools.partial(_work, call, loop, outcome))
    try:
        return await outcome
    finally:
        # An error holds its traceback, and that this frame: let neither keep the other alive.
        del outcome


def _work(
    call: Callable[[], T], loop: asyncio.AbstractEventLoop, outcome: asyncio.Future[T]
) -> None:
    try:
        value = call()
    except BaseException as error:  # noqa: BLE001  # goes to whoever waits, SystemExit too
        if isinstance(error, StopIteration):  # which no future takes
            error = RuntimeError(f"{type(error).__name__} was raised by a function of the caller's")
        tell = functools.partial(_fail, outcome, error)
    else:
        tell = functools.partial(_succeed, outcome, value)
    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
        loop.call_soon_threadsafe(tell)


def _succeed(outcome: asyncio.Future[T], value: T) -> None:
    if not outcome.done():
        outcome.set_result(value)
    elif inspect.iscoroutine(value):  # nobody will await it, of which Python would warn
        value.close()


def _fail(outcome: asyncio.Future[T], error: BaseException) -> None:
    if not outcome.done():
        outcome.set_exception(error)


class _Workers:
    """Hold daemon threads: as many as there were jobs at once, until they were idle for a while."""

    def __init__(self) -> None:
        self._jobs: deque[_Job] = deque()
        self._changed = threading.Condition()
        self._threads = 0
        self._idle = 0

    def begin(self, job: _Job) -> None:
        """Let a thread do a job, as soon as one is free."""
        with self._changed:
            self._jobs.append(job)
            if self._idle >= len(self._jobs) or self._threads >= _MOST_THREADS:
                self._changed.notify()
                return
            self._threads += 1
        try:
            threading.Thread(target=self._run, name="wixreseller-worker", daemon=True).start()
        except RuntimeError:  # the interpreter shuts down, or the system has no thread to give
            with self._changed:
                self._threads -= 1
                with contextlib.suppress(ValueError):  # another thread has taken it
                    self._jobs.remove(job)
                    raise

    def _run(self) -> None:
        while (job := self._next()) is not None:
            job()
            del job  # it holds what the user's function gave

    def _next(self) -> _Job | None:
        with self._changed:
            self._idle += 1
            self._changed.wait_for(lambda: self._jobs, _IDLE_SECONDS)
            self._idle -= 1
            if self._jobs:
                return self._jobs.popleft()
            self._threads -= 1
            return None


_workers = _Workers()


def _renew_after_fork() -> None:
    global _workers
    _workers = _Workers()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_after_fork)
