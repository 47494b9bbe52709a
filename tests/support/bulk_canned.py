"""Answer a client's calls without a wire, so that what a run itself costs can be measured."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any, cast

import attrs

from wixreseller import AsyncClient, Package, Page, PagingMetadata
from wixreseller._clock import Clock
from wixreseller._executor import Executor
from wixreseller._operations import CREATE, Request

# Of all executors: a package that the process knows already would be looked at once more.
_numbers = itertools.count(1)


async def _pass_at_once(seconds: float) -> None:
    """Let time pass that is of the calendar: nobody has to wait for it."""
    await asyncio.sleep(0)


class CannedExecutor:
    """Find nothing and create everything, a second of the calendar later each time."""

    def __init__(self) -> None:
        ticks = itertools.count(1_767_225_600.0)
        self.clock = Clock(posix=lambda: next(ticks), sleep=_pass_at_once)
        self.server_clock: None = None
        self.created = 0

    async def run(
        self, request: Request, read: object, times: object, config: object, before_sending: Any
    ) -> Any:
        """Answer."""
        if request.operation is not CREATE:
            await asyncio.sleep(0)
            return Page(packages=(), metadata=PagingMetadata())
        await before_sending(request)
        self.created += 1
        return Package(
            id=f"package-{next(_numbers)}",
            account_id=request.account_id,
            external_id=request.external_id,
            product_instances=(),
        )


def canned_client() -> tuple[AsyncClient, CannedExecutor]:
    """Make a client whose calls are answered at once."""
    client = AsyncClient(
        api_key="EMU.demo",
        account_id="a0000000-0000-4000-8000-000000000001",
        base_url="http://127.0.0.1:1",
    )
    executor = CannedExecutor()
    calls = client._calls  # pyright: ignore[reportPrivateUsage]
    calls = attrs.evolve(calls, executor=cast("Executor", executor))
    vars(client)["_calls"] = calls  # in place of what the first call would make
    return client, executor
