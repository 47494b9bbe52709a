"""Take orders from whoever gives them: in chunks, as far as work has come, each once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Iterable, Sequence
from typing import Final, Generic, TypeVar

__all__ = ["Chunks", "Numbers"]

T = TypeVar("T")

_PATIENCE: Final = 0.1  # seconds in which a chunk may fill up
_BITS: Final = 1024


class Chunks(Generic[T]):
    """Hand items on in chunks of ``size``, or of what has come where they come slowly.

    :meth:`fill` iterates, in one task from beginning to end, so that an async generator may hold
    a cancel scope; it is at most a chunk ahead of :meth:`take`.
    """

    def __init__(self, items: Iterable[T] | AsyncIterable[T], size: int) -> None:
        self._items = items
        self._size = size
        self._waiting: list[T] = []
        self._is_over = False
        self._came = asyncio.Event()
        self._is_full = asyncio.Event()
        self._taken = asyncio.Event()

    async def fill(self) -> None:
        """Iterate to the end. Whatever the iterable raises comes out here."""
        if isinstance(self._items, AsyncIterable):
            async for item in self._items:
                await self._put(item)
        else:
            for item in self._items:
                await self._put(item)
        self._is_over = True
        self._came.set()
        self._is_full.set()

    async def _put(self, item: T) -> None:
        self._waiting.append(item)
        self._came.set()
        if len(self._waiting) == self._size:
            self._is_full.set()
            self._taken.clear()
            await self._taken.wait()

    async def take(self) -> Sequence[T]:
        """Give the next items, at least one; none at the end."""
        await self._came.wait()
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._is_full.wait()
        except TimeoutError:
            pass  # whoever gives them takes their time, and what has come need not wait
        chunk, self._waiting = self._waiting, []
        if not self._is_over:
            self._came.clear()
            self._is_full.clear()
        self._taken.set()
        return chunk


class Numbers:
    """Remember which numbers came, in a bit each where they are dense: a million in 200 kB."""

    def __init__(self) -> None:
        self._pages: dict[int, int] = {}

    def add(self, number: int) -> bool:
        """Remember a number; false if it came before."""
        page, bit = divmod(number, _BITS)
        known, mask = self._pages.get(page, 0), 1 << bit
        self._pages[page] = known | mask
        return not known & mask
