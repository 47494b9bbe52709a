"""Whatever a function of the user's raises, and whenever, no write is lost, and no call hangs."""

from __future__ import annotations

import asyncio
import gzip
import inspect
import logging
import threading
from collections.abc import AsyncIterator, Coroutine

import aiohttp
import pytest
from aiohttp.client_middlewares import ClientHandlerType
from raw_server import GUID, PACKAGE, WRITES, RawServer, answer

from wixreseller import (
    AsyncClient,
    ConfigurationError,
    ConnectFailedError,
    OutcomeUnknownError,
    Product,
    RequestTimeoutError,
    RetryPolicy,
)
from wixreseller.hooks import AttemptEnded, Hooks, UnknownOutcome

PRODUCT = Product(catalog_product_id=GUID, country_code="BR")
ONCE = RetryPolicy(max_attempts=1)


async def _wait_for_what_is_cancelled(_: object = None) -> None:
    """Raise a ``CancelledError``, though nobody cancels the task that waits."""
    other = asyncio.get_running_loop().create_future()
    other.cancel()
    await other


def _client(server: RawServer, **settings: object) -> AsyncClient:
    options: dict[str, object] = {
        "api_key": "EMU.demo",
        "account_id": GUID,
        "base_url": server.url,
        "if_unknown": "raise",
        **settings,
    }
    return AsyncClient(**options)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@pytest.fixture
async def server() -> AsyncIterator[RawServer]:
    server = RawServer([answer(), answer()])
    async with await asyncio.start_server(server.serve, "127.0.0.1", 0) as listening:
        server.port = listening.sockets[0].getsockname()[1]
        yield server


@pytest.mark.parametrize(
    "hooks",
    [
        Hooks(before_attempt=_wait_for_what_is_cancelled),
        Hooks(after_attempt=_wait_for_what_is_cancelled),
    ],
    ids=["before", "after"],
)
async def test_a_hook_that_waits_for_what_was_cancelled_hides_no_answer(
    server: RawServer, hooks: Hooks
) -> None:
    async with _client(server, hooks=hooks) as client:
        made = await client.packages.create([PRODUCT], external_id="sub-1")

    assert (GUID, 1) == (made.id, len(server.requests))


async def test_a_key_function_that_waits_for_what_was_cancelled_is_an_error_and_sends_nothing(
    server: RawServer,
) -> None:
    async with _client(server, api_key=_wait_for_what_is_cancelled) as client:
        with pytest.raises(ConfigurationError, match="CancelledError"):
            await client.packages.create([PRODUCT], external_id="sub-1")

    assert [] == server.requests


async def test_a_call_that_is_cancelled_while_it_asks_for_the_key_is_quiet(
    server: RawServer,
) -> None:
    loop, is_asked, is_let_go = asyncio.get_running_loop(), asyncio.Event(), threading.Event()
    made = list[Coroutine[object, object, None]]()

    def api_key() -> Coroutine[object, object, None]:
        loop.call_soon_threadsafe(is_asked.set)
        is_let_go.wait(10)
        made.append(_wait_for_what_is_cancelled())
        return made[0]

    async with _client(server, api_key=api_key) as client:
        call = asyncio.ensure_future(client.packages.create([PRODUCT], external_id="sub-1"))
        await is_asked.wait()
        call.cancel()
        await asyncio.wait({call})
        is_let_go.set()
        for _ in range(1_000):
            if made and inspect.getcoroutinestate(made[0]) == inspect.CORO_CLOSED:
                break
            await asyncio.sleep(0.001)

    assert inspect.CORO_CLOSED == inspect.getcoroutinestate(made[0])


@pytest.mark.parametrize("is_sent", [True, False])
async def test_a_middleware_that_waits_for_what_was_cancelled_cancels_nothing(
    server: RawServer, is_sent: bool
) -> None:
    async def middleware(
        request: aiohttp.ClientRequest, handler: ClientHandlerType
    ) -> aiohttp.ClientResponse:
        if not is_sent:
            await _wait_for_what_is_cancelled()
        response = await handler(request)
        await _wait_for_what_is_cancelled()
        return response

    error = OutcomeUnknownError if is_sent else ConnectFailedError
    async with _client(server, middlewares=[middleware], retry=ONCE) as client:
        with pytest.raises(error, match="CancelledError"):
            await client.packages.create([PRODUCT], external_id="sub-1")

    assert int(is_sent) == len(server.requests)


async def test_a_middleware_whose_error_leads_back_to_itself_hangs_nothing(
    server: RawServer,
) -> None:
    async def middleware(_: aiohttp.ClientRequest, __: ClientHandlerType) -> aiohttp.ClientResponse:
        first, second = KeyError("first"), ValueError("second")
        second.__context__ = first
        raise first from second

    async with _client(server, middlewares=[middleware], retry=ONCE) as client:
        with pytest.raises(ConnectFailedError, match="first"):
            await client.packages.create([PRODUCT], external_id="sub-1")

    assert [] == server.requests


async def test_a_hook_that_ends_the_program_leaves_word_of_the_write(
    server: RawServer, caplog: pytest.LogCaptureFixture
) -> None:
    def end(_: AttemptEnded) -> None:
        raise SystemExit

    async with _client(server, hooks=Hooks(after_attempt=end)) as client:
        with pytest.raises(SystemExit):
            await client.packages.create([PRODUCT], external_id="sub-1", idempotency_key="my-key")

    (told,) = (record.getMessage() for record in caplog.records if record.levelname == "ERROR")
    assert ("the call was broken off" in told, "my-key" in told) == (True, True)


@pytest.mark.parametrize("write", [*WRITES])
async def test_a_write_whose_deadline_has_passed_is_not_sent(server: RawServer, write: str) -> None:
    async with _client(server) as client:
        await client.packages.get(GUID)  # now there is a connection, on which it could go at once
        with pytest.raises(RequestTimeoutError):
            await WRITES[write](client.with_options(deadline=1e-9))

    assert 1 == len(server.requests)


async def test_a_throttled_write_that_is_cancelled_in_a_hook_is_not_called_unknown(
    server: RawServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.answers[:] = [answer(b"{}", "429 Too Many Requests")]

    async def on_retry(_: object) -> None:
        call.cancel()
        await asyncio.sleep(0)

    async with _client(server, hooks=Hooks(on_retry=on_retry)) as client:
        call = asyncio.ensure_future(client.packages.create([PRODUCT], external_id="sub-1"))
        with pytest.raises(asyncio.CancelledError):
            await call

    assert [] == [line for line in caplog.messages if "unknown" in line]


async def test_a_write_whose_look_is_cancelled_leaves_its_key_in_the_log(
    server: RawServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.answers[:] = [None]

    async def on_unknown(_: UnknownOutcome) -> None:
        asyncio.get_running_loop().call_soon(call.cancel)

    async with _client(server, if_unknown="look", hooks=Hooks(on_unknown=on_unknown)) as client:
        call = asyncio.ensure_future(
            client.packages.create([PRODUCT], external_id="sub-1", idempotency_key="my-key")
        )
        with pytest.raises(asyncio.CancelledError):
            await call

    told = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert ["my-key" in record.getMessage() for record in told] == [True]


async def test_a_session_of_the_users_that_unpacks_nothing_unpacks_our_answers(
    server: RawServer,
) -> None:
    server.answers[:] = [answer(gzip.compress(PACKAGE), headers="Content-Encoding: gzip\r\n")]
    async with (
        aiohttp.ClientSession(auto_decompress=False) as session,
        _client(server, session=session) as client,
    ):
        made = await client.packages.create([PRODUCT], external_id="sub-1")

    assert GUID == made.id
