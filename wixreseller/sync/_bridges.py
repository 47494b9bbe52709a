"""Hold what the generated functions are made of: how a client and its arguments get to the loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Generic, ParamSpec, TypeVar

from wixreseller.sync._batches import Batches, Feed
from wixreseller.sync._stop import Stop

if TYPE_CHECKING:
    from wixreseller.client import AsyncClient
    from wixreseller.sync._portal import Portal
    from wixreseller.sync.client import Client

__all__ = ["Batches", "Feed", "Stop", "Telling", "inside"]

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


def inside(client: Client) -> tuple[Portal, AsyncClient]:
    """Give what a blocking client holds."""
    return client._portal, client._impl  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


class Telling(Generic[T]):
    """Run a coroutine function on the loop, and what it tells on the thread that waits for it."""

    def __init__(self, portal: Portal, tell: Callable[[T], None]) -> None:
        self._portal = portal
        self._tell = tell
        self._told: asyncio.Queue[T | _End] = asyncio.Queue()

    def tell(self, item: T) -> None:
        """Take what is told; on the loop."""
        self._told.put_nowait(item)

    def call(self, function: Callable[P, Awaitable[R]], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run it, and give its result or raise its error."""
        result: list[R] = []

        async def work() -> None:
            try:
                result.append(await function(*args, **kwargs))
            finally:
                self._told.put_nowait(_End())

        with Batches(self._portal, lambda: self._items(work)) as items:
            for item in items:
                self._tell(item)
        return result[0]

    async def _items(self, work: Callable[[], Awaitable[None]]) -> AsyncIterator[T]:
        task = asyncio.ensure_future(work())
        try:
            while not isinstance(item := await self._told.get(), _End):
                yield item
            await task
        finally:
            task.cancel()
            await asyncio.wait({task})


class _End:
    """Mark that nothing more is told."""
