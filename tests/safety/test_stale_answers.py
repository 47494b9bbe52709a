"""What a server says unasked is nobody's answer, and what nobody waits for is never sent."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator

import aiohttp
import attrs
import pytest
from aiohttp.client_middlewares import ClientHandlerType, ClientMiddlewareType
from aiohttp.connector import Connection
from aiohttp.tracing import Trace
from raw_server import GUID, RawServer, answer

from wixreseller import AsyncClient, OutcomeUnknownError, Product, RetryPolicy

STRANGER = "55555555-0000-4000-8000-0123456789ab"
SECOND = "22222222-0000-4000-8000-0123456789ab"
PRODUCT = Product(catalog_product_id=GUID, country_code="BR")


def _package(package_id: str) -> bytes:
    return answer(b'{"package": {"id": "%s", "productInstances": []}}' % package_id.encode())


UNASKED = {
    "a whole answer": _package(STRANGER),
    "an answer that refuses": answer(b"{}", "400 Bad Request"),
    "a time-out": answer(b"", "408 Request Timeout"),
    "half an answer": _package(STRANGER)[:90],
    "no answer at all": b"220 ready\r\n\r\n",
}


@attrs.define
class TalkativeServer(RawServer):
    """Say something more on the first connection, when asked to."""

    talking: asyncio.StreamWriter | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.talking = self.talking or writer
        await super().serve(reader, writer)

    async def say(self, what: bytes) -> None:
        """Say it, until it was heard on the other side, which is on this loop too."""
        assert self.talking is not None
        self.talking.write(what)
        for _ in range(20):
            await asyncio.sleep(0)


@pytest.fixture(params=["own session", "session of the user's"])
async def session(request: pytest.FixtureRequest) -> AsyncIterator[aiohttp.ClientSession | None]:
    if request.param == "own session":
        yield None
        return
    async with aiohttp.ClientSession() as mine:
        yield mine


@contextlib.asynccontextmanager
async def _listening(server: RawServer) -> AsyncGenerator[None]:
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield
    finally:
        listening.close()  # and not waited for: a session of the user's is closed after it


def _client(
    server: RawServer,
    session: aiohttp.ClientSession | None,
    *middlewares: ClientMiddlewareType,
) -> AsyncClient:
    return AsyncClient(
        api_key="EMU.demo",
        account_id=GUID,
        base_url=server.url,
        session=session,
        middlewares=middlewares,
        if_unknown="raise",
        retry=RetryPolicy(first_delay=0.001),
    )


@pytest.mark.parametrize("unasked", [*UNASKED])
@pytest.mark.parametrize("write", ["create", "cancel"])
async def test_what_a_server_said_unasked_is_not_taken_for_the_answer_to_the_next_write(
    session: aiohttp.ClientSession | None, unasked: str, write: str
) -> None:
    server = TalkativeServer([_package(GUID), _package(SECOND)])
    async with _listening(server), _client(server, session) as client:
        first = await client.packages.create([PRODUCT], external_id="one")
        await server.say(UNASKED[unasked])
        if write == "create":
            second = await client.packages.create([PRODUCT], external_id="two")
        else:
            second = await client.packages.cancel(SECOND)

    assert (GUID, SECOND) == (first.id, second.id)
    assert (2, 2) == (len(server.requests), server.connections)


@attrs.define
class Impatient:
    """Give up on the first attempt, which goes on in a task of its own until it is let go."""

    tasks: list[asyncio.Task[aiohttp.ClientResponse]] = attrs.field(
        factory=list[asyncio.Task[aiohttp.ClientResponse]]
    )
    let_go: asyncio.Event = attrs.field(factory=asyncio.Event)

    async def hold(self) -> None:
        """Hold the first attempt up."""
        if len(self.tasks) == 1:
            await self.let_go.wait()

    async def send(
        self, request: aiohttp.ClientRequest, handler: ClientHandlerType, is_held: bool
    ) -> aiohttp.ClientResponse:
        """Be a middleware."""

        async def go_on() -> aiohttp.ClientResponse:
            if is_held:
                await self.hold()
            return await handler(request)

        self.tasks.append(asyncio.ensure_future(go_on()))
        if len(self.tasks) > 1:
            return await self.tasks[-1]
        for _ in range(20):
            await asyncio.sleep(0)
        raise RuntimeError("the middleware has no patience")


async def test_a_write_that_a_middleware_sends_after_its_attempt_was_given_up_is_not_sent(
    session: aiohttp.ClientSession | None,
) -> None:
    server, impatient = RawServer([_package(GUID), _package(SECOND)]), Impatient()

    async def middleware(
        request: aiohttp.ClientRequest, handler: ClientHandlerType
    ) -> aiohttp.ClientResponse:
        return await impatient.send(request, handler, is_held=True)

    async with _listening(server), _client(server, session, middleware) as client:
        made = await client.packages.create([PRODUCT], external_id="one")
        impatient.let_go.set()
        await asyncio.wait(impatient.tasks)

    refused = impatient.tasks[0].exception()
    assert (GUID, 1) == (made.id, len(server.requests))
    assert "NoAnswerError('the attempt is over')" == repr(refused)


async def test_a_write_that_gets_a_connection_after_its_attempt_was_given_up_is_not_sent(
    session: aiohttp.ClientSession | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, impatient = RawServer([_package(GUID), _package(SECOND)]), Impatient()
    connect = aiohttp.TCPConnector.connect

    async def connect_late(
        self: aiohttp.TCPConnector,
        request: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,
    ) -> Connection:
        await impatient.hold()
        return await connect(self, request, traces, timeout)

    async def middleware(
        request: aiohttp.ClientRequest, handler: ClientHandlerType
    ) -> aiohttp.ClientResponse:
        return await impatient.send(request, handler, is_held=False)

    monkeypatch.setattr(aiohttp.TCPConnector, "connect", connect_late)
    async with _listening(server), _client(server, session, middleware) as client:
        call = client.packages.create([PRODUCT], external_id="one")
        if session is None:
            await call
        else:  # how far it got on a connector of the user's is not known
            with pytest.raises(OutcomeUnknownError):
                await call
        impatient.let_go.set()
        await asyncio.wait(impatient.tasks)

    refused = impatient.tasks[0].exception()
    assert "NoAnswerError('the attempt is over')" == repr(refused)
    assert (1 if session is None else 0) == len(server.requests)
