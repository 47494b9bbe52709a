"""Present the blocking client as the async one, so that a contract is written once."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Callable
from typing import cast

from wixreseller import Pager


class Awaited:
    """Present a blocking object as its async twin, by calling it on a thread.

    So a contract is written once, with ``await``, and holds for both.
    """

    def __init__(self, blocking: object) -> None:
        self._blocking = blocking

    def __getattr__(self, name: str) -> object:
        value = getattr(self._blocking, name)
        if name in ("query", "scan", "changes", "for_account", "with_options", "pages"):
            return functools.partial(_wrapped, value)
        if name in ("packages", "product_instances"):
            return Awaited(value)
        return functools.partial(_on_thread, value) if callable(value) else value

    async def __aiter__(self) -> AsyncIterator[object]:
        items = iter(cast("Pager", self._blocking))
        end = object()
        while (item := await asyncio.to_thread(next, items, end)) is not end:
            yield item


def _wrapped(function: Callable[..., object], *args: object, **kwargs: object) -> Awaited:
    return Awaited(function(*args, **kwargs))


async def _on_thread(function: Callable[..., object], *args: object, **kwargs: object) -> object:
    return await asyncio.to_thread(function, *args, **kwargs)
