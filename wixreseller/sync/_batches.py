"""Iterate async results, blocking: the bridge to the loop is crossed once for each batch.

:class:`Batches` is the blocking face of an async iterator, :class:`Feed` the async face of an
iterable. What an iterable does is its owner's, who may block, call this library, or use what
belongs to one thread (a database connection): so a feed is read on the thread that reads results.
"""

from __future__ import annotations

import asyncio
import functools
import os
import time
import weakref
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from typing import Final, Generic, TypeVar, cast

from wixreseller.errors import SyncUsageError
from wixreseller.sync._portal import Portal, post

__all__ = ["BATCH_SIZE", "Batches", "Feed"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

BATCH_SIZE: Final = 100
# What was read for a feed is not held back for longer than this, or than the next item takes.
_READING_SECONDS: Final = 0.01
# anyio's streams give each item a pass of the loop of its own.
_IDLE_PASSES: Final = 2


class Batches(Generic[T]):
    """Iterate, once, what an async iterator gives; a hop brings one item and all others ready.

    Nothing is asked for before the first item is. Between two hops the async iterator is not asked
    for more, though one item may be under way. It runs in one task, so that it may hold task
    groups, and is closed there: when it ends, raises, is interrupted, or nobody holds this any
    longer, after a ``break`` say. ``close()``, or a ``with``, also waits until it is closed.
    """

    def __init__(
        self,
        portal: Portal,
        begin: Callable[[], AsyncIterator[T]],
        *,
        feed: Feed[object] | None = None,
        halt: Callable[[], None] | None = None,
        size: int = BATCH_SIZE,
    ) -> None:
        """Hold what ``begin``, called on the loop, will give.

        ``feed`` is the :class:`Feed` that it reads from, if it reads from one. ``halt``, called on
        the loop, asks it to end by itself: then closing waits for that, and cancels nothing unless
        it is interrupted. ``size`` is how many items cross at a time, at most.
        """
        self._portal = portal
        self._pump = _Pump(begin, feed, halt, size)
        self._feed = feed
        self._size = size
        self._items: Iterator[T] = iter(())
        weakref.finalize(self, _abandon, portal, self._pump).atexit = False

    def __iter__(self) -> Batches[T]:
        return self

    def __next__(self) -> T:
        """Give the next item.

        Raises:
            SyncUsageError: it was begun in the process that this one was forked from.
        """
        while True:
            for item in self._items:
                return item
            batch = self._portal.call(self._pump.take)
            if not batch and self._pump.is_over:
                raise StopIteration
            self._items = iter(batch)
            if not batch and self._feed is not None:
                self._supply(self._feed)

    def close(self) -> None:
        """Close the async iterator, and wait for that. Twice is fine; it gives nothing more.

        What the iterator raises while it is closed is raised.
        """
        self._items = iter(())
        if self._pump.is_here():
            self._portal.close(self._pump.aclose)

    def __enter__(self) -> Batches[T]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> str:
        raise TypeError("results under way are not pickled: they belong to a running event loop")

    def _supply(self, feed: Feed[object]) -> None:
        try:
            feed.read(self._size)
        except BaseException:  # an interrupt: errors of the iterable go to who reads the feed
            self.close()
            raise


class Feed(Generic[T_co]):
    """Let async code on the private loop iterate an iterable of the caller's.

    Pass it to what gives the results, and to :class:`Batches` as ``feed``. Any number of tasks may
    read it. It is read up to a batch ahead; what its iterable raises is raised to one of them.
    """

    def __init__(self, items: Iterable[T_co]) -> None:
        self._source = items
        self._iterator: Iterator[T_co] | None = None
        # Filled by the thread that reads, and emptied on the loop while that thread waits.
        self._arriving: list[T_co] = []
        self._has_ended = False
        self._failure: Exception | None = None
        # Used on the loop only.
        self._ready: deque[T_co] = deque()
        self._error: Exception | None = None
        self._is_over = False
        self._supplied = asyncio.Event()
        self.is_wanted: bool = False
        """Whether somebody waits for items."""
        self.asks: Callable[[], None] | None = None
        """What tells the one who reads results that items are wanted."""

    def __aiter__(self) -> Feed[T_co]:
        return self

    async def __anext__(self) -> T_co:
        while not self._ready:
            if self._error is not None:
                error, self._error = self._error, None
                raise error
            if self._is_over:
                raise StopAsyncIteration
            self.is_wanted = True
            self._supplied.clear()
            if self.asks is not None:
                self.asks()
            await self._supplied.wait()
        return self._ready.popleft()

    def read(self, size: int) -> None:
        """Read a batch, on the thread of the caller; no longer than a moment, or for one item."""
        until = time.monotonic() + _READING_SECONDS
        try:
            if self._iterator is None:
                self._iterator = iter(self._source)
            for item in self._iterator:
                self._arriving.append(item)
                if len(self._arriving) >= size or time.monotonic() > until:
                    return
        except Exception as error:  # noqa: BLE001  # raised again, to who reads this
            self._failure = error
        self._has_ended = True

    def end(self) -> None:
        """Give nothing more; on the loop."""
        self._has_ended = True
        self.deliver()

    def deliver(self) -> None:
        """Hand what was read to those who wait for it; on the loop."""
        self._ready.extend(self._arriving)
        self._arriving.clear()
        self._is_over = self._has_ended
        if self._failure is not None:
            self._error, self._failure = self._failure, None
        if self._ready or self._is_over:
            self.is_wanted = False
            self._supplied.set()


class _Pump(Generic[T]):
    """Run an async iterator in a task of its own, as far as it is asked to; on the loop."""

    def __init__(
        self,
        begin: Callable[[], AsyncIterator[T]],
        feed: Feed[object] | None,
        halt: Callable[[], None] | None,
        size: int,
    ) -> None:
        self._begin = begin
        self._feed = feed
        self._halt = halt
        self._size = size
        self._ready: deque[T] = deque()
        self._error: BaseException | None = None
        self._task: asyncio.Task[None] | None = None
        self._process: int | None = None
        self._asked = asyncio.Event()
        self._moved = asyncio.Event()
        self.is_over = False
        """Whether it will give nothing more."""
        if feed is not None:
            feed.asks = self._moved.set

    def is_here(self) -> bool:
        """Tell whether it runs, or may begin, in this process."""
        return self._process in (None, os.getpid())

    async def take(self) -> Sequence[T]:
        """Wait for an item; give all that are ready. None: it is over, or the feed is empty."""
        if not self.is_here():
            raise SyncUsageError(
                "this iteration was begun in the parent process, where it goes on; begin another "
                "one here"
            )
        if self._task is None and not self.is_over:
            self._process = os.getpid()
            self._task = asyncio.get_running_loop().create_task(self._run())
        feed = self._feed
        if feed is not None:
            feed.deliver()
        try:
            while not (self._ready or self.is_over or (feed is not None and feed.is_wanted)):
                self._asked.set()
                self._moved.clear()
                await self._moved.wait()
            await self._gather()
        except asyncio.CancelledError:
            await self.aclose()
            raise
        self._asked.clear()
        batch = list(self._ready)
        self._ready.clear()
        if not batch and (error := self._take_error()) is not None:
            raise error
        return batch

    async def _gather(self) -> None:
        """Take along what comes without waiting, though it may take a pass of the loop or two."""
        idle = 0
        while idle < _IDLE_PASSES and 0 < len(self._ready) < self._size and not self.is_over:
            self._asked.set()
            before = len(self._ready)
            await asyncio.sleep(0)
            idle = idle + 1 if len(self._ready) == before else 0

    async def aclose(self) -> None:
        """Close the iterator, and wait until it is."""
        self.is_over = True
        self._error = None
        if self._task is not None and not self._task.done():
            await self._end(self._task)
        self._ready.clear()
        error = self._take_error()
        if error is not None and not _is_end(error):
            raise error

    async def _end(self, task: asyncio.Task[None]) -> None:
        try:
            if self._halt is not None:
                self._halt()
                if self._feed is not None:
                    self._feed.end()
                self._asked.set()
                await asyncio.wait({task})
        finally:
            task.cancel()
        await asyncio.wait({task})

    def _take_error(self) -> BaseException | None:
        error, self._error = self._error, None
        return error

    async def _run(self) -> None:
        # All that is raised goes to the caller: a SystemExit in a task would end the loop.
        try:
            items = self._begin()
            try:
                async for item in items:
                    self._ready.append(item)
                    await self._wait_until_asked()
            finally:
                if (aclose := getattr(items, "aclose", None)) is not None:
                    await aclose()
        except BaseException as error:  # noqa: BLE001
            self._error = error
        self.is_over = True
        self._moved.set()

    async def _wait_until_asked(self) -> None:
        self._moved.set()
        if self.is_over:
            self._ready.clear()  # it is being closed, and what it gives yet goes nowhere
            return
        if len(self._ready) >= self._size:
            self._asked.clear()
        if not self._asked.is_set():
            await self._asked.wait()


def _is_end(error: BaseException) -> bool:
    """Tell whether it is only the word to end, come back: task groups wrap it."""
    if isinstance(error, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", error)
        return all(_is_end(inner) for inner in group.exceptions)
    return isinstance(error, (GeneratorExit, asyncio.CancelledError))


def _abandon(portal: Portal, pump: _Pump[T]) -> None:
    """Close an iterator that nobody holds. Garbage collection calls this: it must not wait."""
    if pump.is_here() and not pump.is_over:
        post(functools.partial(_end, portal, pump))


async def _end(portal: Portal, pump: _Pump[T]) -> None:
    """Close an iterator; until then the portal is held, and so its client open."""
    await pump.aclose()
    del portal
