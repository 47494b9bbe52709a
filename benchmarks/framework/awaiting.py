"""Let ways that await make their rounds: so many workers, each one call after the other."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import AbstractAsyncContextManager

from benchmarks.framework.questions import Open

__all__ = ["Connect", "at_once"]

Call = Callable[[], Awaitable[object]]
Connect = Callable[[str], AbstractAsyncContextManager[Call]]
"""Open a client, given the server's address: what comes of it makes one call."""


def at_once(connect: Connect, *, concurrency: int, calls_each: int) -> Open:
    """Make rounds of many calls, ``concurrency`` of them at a time."""

    async def work(call: Call) -> None:
        for _ in range(calls_each):
            await call()

    async def everyone(call: Call) -> None:
        async with asyncio.TaskGroup() as workers:
            for _ in range(concurrency):
                workers.create_task(work(call))

    @contextlib.contextmanager
    def open_way(url: str) -> Generator[Callable[[], int], None, None]:
        with asyncio.Runner() as runner:
            opened = contextlib.AsyncExitStack()
            call = runner.run(opened.enter_async_context(connect(url)))

            def make_round() -> int:
                runner.run(everyone(call))
                return concurrency * calls_each

            yield make_round
            runner.run(opened.aclose())

    return open_way


@contextlib.asynccontextmanager
async def closing(call: Call, close: Callable[[], Awaitable[object]]) -> AsyncGenerator[Call, None]:
    """Give a call, and close its client afterwards."""
    yield call
    await close()
