"""Start emulators on real sockets, with a clock that only tests move, and talk to them plainly."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any

import aiohttp
import attrs
import pytest
from yarl import URL

from wixreseller.emulator import Clock, Emulator, Settings
from wixreseller.emulator import default_seed as world
from wixreseller.emulator.backend import Backend, Request
from wixreseller.emulator.core import Core
from wixreseller.emulator.jsonvalue import dumps, loads
from wixreseller.emulator.ratelimit import RateLimiter
from wixreseller.emulator.seed import parse_seed
from wixreseller.emulator.store import Store
from wixreseller.emulator.world import World

START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
ACCOUNT = world.SUB_ACCOUNTS[0]
WATCHDOG_SECONDS = 20


@attrs.frozen
class Reply:
    """Hold an answer."""

    status: int
    headers: dict[str, str]
    body: Any

    @property
    def package(self) -> Any:
        assert self.status == 200, self
        return self.body["package"]

    @property
    def refusal(self) -> tuple[int, str]:
        """Return status and code of a refusal."""
        return self.status, self.body["details"]["applicationError"]["code"]

    @property
    def fields(self) -> list[str]:
        """Return the fields that are violated."""
        violations = self.body["details"]["validationError"]["fieldViolations"]
        return [violation["field"] for violation in violations]


@attrs.define
class Api:
    """Send requests with key and account, as a plain HTTP client does."""

    session: aiohttp.ClientSession
    emulator: Emulator
    account: str = ACCOUNT
    key: str = world.API_KEY

    async def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        data: bytes | None = None,
        account: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        sent = {"Authorization": self.key, "wix-account-id": account or self.account}
        if body is not None:
            data = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        sent |= headers or {}
        url = URL(self.emulator.url + path, encoded=True)
        kept = {name: value for name, value in sent.items() if value}
        async with self.session.request(method, url, data=data, headers=kept) as answer:
            return Reply(answer.status, dict(answer.headers), json.loads(await answer.read()))

    async def control(self, method: str, path: str, body: object = None) -> Any:
        """Use the control plane, and return what it answers."""
        reply = await self.send(method, f"/_emulator/{path}", body)
        assert reply.status == 200, reply
        return reply.body

    async def fault(self, fault: str, **more: object) -> Any:
        """Add a fault."""
        return await self.control("POST", "faults", {"fault": fault} | more)

    async def raw(
        self, method: str, path: str, body: object = None, *, account: str | None = None
    ) -> bytes:
        """Send a request on a connection of its own, and return all that comes back on it."""
        content = b"" if body is None else json.dumps(body).encode()
        lines = [
            f"{method} {path} HTTP/1.1",
            f"Host: {self.emulator.url.removeprefix('http://')}",
            f"Authorization: {self.key}",
            f"wix-account-id: {account or self.account}",
            f"Content-Length: {len(content)}",
            "Connection: close",
        ]
        url = URL(self.emulator.url)
        reader, writer = await asyncio.open_connection(url.host, url.port)
        try:
            writer.write("\r\n".join([*lines, "", ""]).encode() + content)
            async with asyncio.timeout(WATCHDOG_SECONDS):
                return await reader.read()
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    @staticmethod
    def product(
        product_id: str = world.PREMIUM_BASIC, cycle: str | None = "1 YEAR", **more: object
    ) -> dict[str, object]:
        """Return a product to order; ``cycle`` ``None`` leaves the billing out."""
        product: dict[str, object] = {"catalogProductId": product_id, "countryCode": "BR"}
        if cycle == "ONE_TIME":
            product["billingInfo"] = {"type": "ONE_TIME"}
        elif cycle is not None:
            count, unit = cycle.split()
            duration = {"unit": unit, "count": int(count)}
            product["billingInfo"] = {"type": "RECURRING", "cycleDuration": duration}
        return product | more

    async def create(self, *products: dict[str, object], **more: object) -> Reply:
        """Create a package, of one Premium Basic if no product is given."""
        account = str(more.pop("account", self.account))
        body = {"products": list(products) or [self.product()]} | more
        return await self.send("POST", "/resellers/v2/packages", body, account=account)

    async def get(self, package_id: str) -> Any:
        """Return a package as it is now."""
        return (await self.send("GET", f"/resellers/v1/packages/{package_id}")).package

    async def query(self, **query: object) -> Reply:
        """Query packages."""
        return await self.send("POST", "/resellers/v1/packages/query", {"query": query})

    async def found(self, condition: object) -> list[str]:
        """Return the external ids of what a filter finds, oldest first."""
        reply = await self.query(
            filter=condition, sort=[{"fieldName": "createdDate", "order": "ASC"}]
        )
        assert reply.status == 200, reply
        return [package["externalId"] for package in reply.body["packages"]]

    def instance_path(self, package: Any, rest: str = "") -> str:
        """Return the path of the first instance of a package."""
        instance_id = package["productInstances"][0]["instanceId"]
        return f"/resellers/v1/packages/product-instances/{instance_id}{rest}"


class Machine:
    """Hold an emulator without a socket, of the default world and without a rate limit."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.clock.freeze(START)
        store = Store(None)
        world_of_seed = World(store, loose=False)
        with store.transaction():
            world_of_seed.replace(parse_seed(world.default_seed()))
        self.core = Core(store, world_of_seed, self.clock, Settings())
        self.backend = Backend(self.core, RateLimiter(None, self.clock))
        self.close = store.close

    def call(self, method: str, path: str, body: Any, account: str = world.SUB_ACCOUNTS[0]) -> Any:
        status, content = self.ask(method, path, body, account)
        assert status == 200, content
        return content

    def ask(
        self, method: str, path: str, body: Any, account: str = world.SUB_ACCOUNTS[0]
    ) -> tuple[int, Any]:
        headers = {"Authorization": world.API_KEY, "wix-account-id": account}
        request = Request(
            method=method, path=path, query={}, headers=headers, body=dumps(body), address=""
        )
        answer = self.backend.answer(request)
        return answer.status, loads(answer.body)

    def find(self, condition: Any) -> Any:
        query = {"filter": condition, "sort": [{"fieldName": "createdDate", "order": "ASC"}]}
        return self.call("POST", "/resellers/v1/packages/query", {"query": query})["packages"]

    @staticmethod
    def product(product_id: str, cycle: str, country: str = "BR") -> dict[str, Any]:
        """Return a product to order."""
        return Api.product(product_id, cycle, countryCode=country)


Start = Callable[..., Awaitable[Api]]
Machines = Callable[[], Machine]


@pytest.fixture
def machines() -> Iterator[Machines]:
    """Return a function that makes an emulator without a socket."""
    made: list[Machine] = []

    def make() -> Machine:
        made.append(Machine())
        return made[-1]

    yield make
    for machine in made:
        machine.close()


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands at noon of 1 March 2026."""
    clock = Clock()
    clock.freeze(START)
    return clock


@pytest.fixture
async def start(clock: Clock) -> AsyncIterator[Start]:
    """Return a function that starts an emulator with options and settings, and talks to it."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())

        async def start(options: dict[str, Any] | None = None, **settings: Any) -> Api:
            given: dict[str, Any] = {"clock": clock, "rate_limit": "off"}
            emulator = Emulator(**given | (options or {}), settings=Settings(**settings))
            await stack.enter_async_context(emulator)
            return Api(session, emulator)

        yield start


@pytest.fixture
async def api(start: Start) -> Api:
    """Return a client of a running emulator of the default world, without a rate limit."""
    return await start()
