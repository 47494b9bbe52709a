"""Put a client and an emulator on one invented time, with real sockets between them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextvars import ContextVar
from typing import Any, TypedDict, TypeVar, Unpack
from unittest import mock

import aiohttp
import attrs
from safety_time import JumpingLoop

import wixreseller.client
from wixreseller import AsyncClient, Package, Product, RateLimit, RetryPolicy, _wire
from wixreseller._sentinels import Seconds
from wixreseller.config import IfUnknown
from wixreseller.emulator import Clock as EmulatorClock
from wixreseller.emulator import Emulator
from wixreseller.emulator.default_seed import SUB_ACCOUNTS
from wixreseller.hooks import Hooks
from wixreseller.models.json import JSONObject
from wixreseller.testing import Fault, FaultKind, FaultOptions, RecordedRequest, _asks
from wixreseller.testing._exchange import Ask
from wixreseller.testing._faults import to_rule

T = TypeVar("T")

KEY = "EMU.demo"
ACCOUNT = SUB_ACCOUNTS[0]
MARK = "X-Safety-Call"

call_number: ContextVar[str] = ContextVar("call_number", default="")
"""Set around a logical call, it marks the requests of that call in the journal."""


class ClientOptions(TypedDict, total=False):
    api_key: str
    account_id: str
    timeout: Seconds
    deadline: Seconds
    if_unknown: IfUnknown
    retry: RetryPolicy
    rate_limit: RateLimit | None
    hooks: Hooks


async def _mark(
    request: aiohttp.ClientRequest,
    handler: Callable[[aiohttp.ClientRequest], Awaitable[aiohttp.ClientResponse]],
) -> aiohttp.ClientResponse:
    if number := call_number.get():
        request.headers[MARK] = number
    return await handler(request)


@attrs.frozen
class World:
    """Hold a running emulator, and look into it past every lag."""

    emulator: Emulator
    session: aiohttp.ClientSession
    loop: JumpingLoop

    @contextlib.asynccontextmanager
    async def client(
        self, *, ahead: float = 0.0, chance: float = 0.0, **options: Unpack[ClientOptions]
    ) -> AsyncGenerator[AsyncClient]:
        """Give a client whose clock is this world's, or so many seconds ahead of it."""
        clock = self.loop.clock(ahead=ahead, chance=chance)
        given: ClientOptions = {"api_key": KEY, "account_id": ACCOUNT, "rate_limit": None}
        given.update(options)
        with mock.patch.object(wixreseller.client, "Clock", return_value=clock):
            made = AsyncClient(base_url=self.emulator.url, middlewares=[_mark], **given)
        async with made:
            yield made

    async def ask(self, ask: Ask[T]) -> T:
        """Ask the control plane, on this loop: time would jump while a thread asks."""
        async with self.session.request(
            ask.method, self.emulator.url + ask.path, json=ask.body
        ) as answer:
            body = await answer.json()
            assert answer.status == 200, body
            return ask.read(body)

    async def reset(self, **settings: bool | float | str) -> None:
        """Begin anew, with these settings."""
        await self.ask(_asks.reset())
        await self.ask(_asks.change_settings({**settings}))

    async def change(self, **settings: bool | float | str) -> None:
        """Change settings."""
        await self.ask(_asks.change_settings({**settings}))

    async def fault(self, kind: FaultKind, **options: Unpack[FaultOptions]) -> Fault:
        """Spoil requests from now on."""
        return await self.ask(_asks.add_fault(to_rule(kind, options)))

    async def clear_faults(self) -> None:
        """Spoil nothing more."""
        await self.ask(_asks.clear_faults())

    async def journal(self, since: int = 0) -> list[RecordedRequest]:
        """Give what arrived, oldest first, without our own looks."""
        return [
            entry
            for entry in await self.ask(_asks.requests(since, None, None, None))
            if entry.request_headers.get("User-Agent") != "truth"
        ]

    async def writes(self) -> list[RecordedRequest]:
        """Give the writes that arrived, oldest first."""
        reads = (None, "getPackage", "queryPackages")
        return [entry for entry in await self.journal() if entry.operation not in reads]

    async def committed(self, operation: str) -> int:
        """Count the writes of an operation that changed something."""
        found = [entry for entry in await self.writes() if entry.operation == operation]
        return sum(entry.is_committed for entry in found)

    async def packages(self) -> list[Package]:
        """Give all packages as they truly are, oldest first."""
        settings = self.emulator.settings
        self.emulator.settings = settings.with_values({"visibility_lag_seconds": 0.0})
        try:
            answer = await self._call(
                "POST",
                "/resellers/v1/packages/query",
                {
                    "query": {
                        "cursorPaging": {"limit": 100},
                        "sort": [{"fieldName": "createdDate", "order": "ASC"}],
                    }
                },
            )
        finally:
            self.emulator.settings = settings
        return [_wire.decode(wire, Package) for wire in answer["packages"]]

    async def create(
        self, *products: Product, external_id: str | None = None, account_id: str = ACCOUNT
    ) -> Package:
        """Make a package past the client."""
        body: dict[str, Any] = {"products": [_wire.encode(product) for product in products]}
        if external_id is not None:
            body["externalId"] = external_id
        answer = await self._call("POST", "/resellers/v2/packages", body, account_id)
        return _wire.decode(answer["package"], Package)

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        await asyncio.sleep(seconds)

    async def _call(
        self, method: str, path: str, body: JSONObject, account_id: str = ACCOUNT
    ) -> dict[str, Any]:
        headers = {"Authorization": KEY, "wix-account-id": account_id, "User-Agent": "truth"}
        url = self.emulator.url + path
        async with self.session.request(method, url, json=body, headers=headers) as answer:
            text = await answer.json()
            assert answer.status == 200, text
            return dict(text)


@contextlib.asynccontextmanager
async def world(**settings: bool | float | str) -> AsyncGenerator[World]:
    """Run an emulator of the default seed on the running :class:`JumpingLoop`."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, JumpingLoop)
    emulator = Emulator(rate_limit="off", clock=EmulatorClock(source=loop.posix))
    emulator.settings = emulator.settings.with_values(settings)
    async with emulator, aiohttp.ClientSession() as session:
        yield World(emulator, session, loop)


__all__ = [
    "ACCOUNT",
    "KEY",
    "MARK",
    "ClientOptions",
    "World",
    "call_number",
    "world",
]
