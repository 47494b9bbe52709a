"""The transport sends what it is told, once, and says how far an attempt got."""

from __future__ import annotations

import asyncio
import errno
import gc
import threading
import warnings
from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey
from aioresponses import aioresponses
from mocked_http import AIOHTTP_REQUIRES_STREAM_WRITER, MockedHTTP, mocked_http

from wixreseller import NO_TIMEOUT, AsyncClient, errors
from wixreseller._guard import NoAnswerError, Progress
from wixreseller._operations import cancel_package, get_package
from wixreseller._transport import Transport
from wixreseller.config import APIKeySource, KeySource
from wixreseller.matrix import Phase

GUID = "0a1b2c3d-0000-4000-8000-0123456789ab"
CANARY = "IST.canary-3f1c9a"
HOST = "https://api.test"
READ = get_package(GUID, GUID)
WRITE = cancel_package(GUID, "k", GUID)
URL_OF_READ = HOST + READ.target
URL_OF_WRITE = HOST + WRITE.target


def make(keys: APIKeySource = CANARY) -> Transport:
    return Transport(
        base_url=HOST, keys=KeySource(keys, HOST), session=None, middlewares=(), ssl=None
    )


@pytest.fixture
async def transport() -> AsyncIterator[Transport]:
    made = make()
    yield made
    await made.aclose()


@pytest.fixture
def http() -> Iterator[MockedHTTP]:
    with mocked_http() as mocked:
        yield mocked


def header_sent(http: MockedHTTP, name: str) -> str | None:
    headers: dict[str, str] = http.asked("GET", URL_OF_READ)[-1]["headers"]
    return headers.get(name)


def test_the_shim_for_aioresponses_is_still_needed() -> None:
    """When this fails, aioresponses has caught up: delete the shim in tests/support."""
    if not AIOHTTP_REQUIRES_STREAM_WRITER:
        return

    async def plain() -> None:
        with aioresponses() as mocked:
            mocked.add("https://api.test/")  # pyright: ignore[reportUnknownMemberType]  # untyped
            async with aiohttp.ClientSession() as session:
                await session.get("https://api.test/")

    with pytest.raises(TypeError, match="stream_writer"):
        asyncio.run(plain())


async def test_an_answer_comes_back_whole(transport: Transport, http: MockedHTTP) -> None:
    http.answer("GET", URL_OF_READ, status=418, body=b"tea", headers={"X-Wix-Request-Id": "r-1"})

    response = await transport.exchange(READ, Progress(), 1.0)

    assert (418, b"tea", "r-1") == (response.status, response.body, response.request_id)


async def test_the_raw_key_and_the_account_travel_in_headers(
    transport: Transport, http: MockedHTTP
) -> None:
    http.answer("GET", URL_OF_READ)

    await transport.exchange(READ, Progress(), 1.0)

    assert (CANARY, GUID) == (
        header_sent(http, "Authorization"),
        header_sent(http, "wix-account-id"),
    )


_KEY = ConnectionKey("api.test", 443, True, True, None, None, None)


@pytest.mark.parametrize(
    ("failure", "phase"),
    [
        (aiohttp.ClientConnectorError(_KEY, OSError(errno.ECONNREFUSED, "no")), Phase.CONNECTING),
        (aiohttp.ClientConnectorDNSError(_KEY, OSError(8, "no name")), Phase.RESOLVING),
        (aiohttp.ClientConnectorSSLError(_KEY, OSError("bad TLS")), Phase.SECURING),
        (aiohttp.ConnectionTimeoutError("late"), Phase.CONNECTING),
        (aiohttp.ServerDisconnectedError(), Phase.SENDING),
        (aiohttp.ClientOSError(errno.ECONNRESET, "reset"), Phase.SENDING),
        (aiohttp.ClientPayloadError("short"), Phase.SENDING),
        (aiohttp.SocketTimeoutError("late"), Phase.SENDING),
        (ConnectionResetError("reset"), Phase.SENDING),
        (TimeoutError("late"), Phase.SENDING),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value.name,
)
async def test_a_failure_says_how_far_the_attempt_got(
    transport: Transport, http: MockedHTTP, failure: Exception, phase: Phase
) -> None:
    http.fail("DELETE", URL_OF_WRITE, failure)
    progress = Progress()

    with pytest.raises(NoAnswerError):
        await transport.exchange(WRITE, progress, 1.0)

    assert phase is progress.phase


async def test_no_frame_of_aiohttps_stays_in_the_traceback(
    transport: Transport, http: MockedHTTP
) -> None:
    """Frames hold local variables, and those of aiohttp hold the key."""
    http.fail("GET", URL_OF_READ, aiohttp.ServerDisconnectedError())

    with pytest.raises(NoAnswerError) as caught:
        await transport.exchange(READ, Progress(), 1.0)

    assert isinstance(caught.value.__cause__, aiohttp.ServerDisconnectedError)
    assert caught.value.__cause__.__traceback__ is None


async def test_a_key_may_come_from_a_function(http: MockedHTTP) -> None:
    keys = iter(["IST.first", "IST.second"])
    transport = make(lambda: next(keys))
    http.answer("GET", URL_OF_READ, repeat=True)

    sent: list[str | None] = []
    for _ in range(2):
        await transport.exchange(READ, Progress(), 1.0)
        sent.append(header_sent(http, "Authorization"))
    await transport.aclose()

    assert ["IST.first", "IST.second"] == sent


async def test_a_key_may_come_from_an_async_function(http: MockedHTTP) -> None:
    async def vault() -> str:
        return "IST.async"

    transport = make(vault)
    http.answer("GET", URL_OF_READ)

    await transport.exchange(READ, Progress(), 1.0)
    await transport.aclose()

    assert "IST.async" == header_sent(http, "Authorization")


@pytest.mark.parametrize("value", ["", "Bearer x", "a\nb", 7, None])
async def test_what_a_function_gives_is_checked_like_any_key(value: object) -> None:
    transport = make(lambda: value)  # type: ignore[arg-type]  # what users get wrong

    with pytest.raises(errors.ConfigurationError):
        await transport.exchange(READ, Progress(), 1.0)
    await transport.aclose()


async def test_a_function_that_raises_is_a_configuration_error() -> None:
    def broken() -> str:
        raise LookupError("vault is sealed")

    transport = make(broken)

    with pytest.raises(errors.ConfigurationError, match="vault is sealed"):
        await transport.exchange(READ, Progress(), 1.0)
    await transport.aclose()


@pytest.mark.parametrize(
    ("environment", "proxy"),
    [
        ({"https_proxy": "http://proxy.test:3128"}, "http://proxy.test:3128"),
        ({"https_proxy": "http://proxy.test:3128", "no_proxy": "api.test"}, None),
        ({"https_proxy": "http://proxy.test:3128", "no_proxy": "*"}, None),
        ({"http_proxy": "http://proxy.test:3128"}, None),
        ({}, None),
    ],
)
async def test_the_proxy_of_the_environment_is_used(
    monkeypatch: pytest.MonkeyPatch,
    http: MockedHTTP,
    environment: dict[str, str],
    proxy: str | None,
) -> None:
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    transport = make()
    http.answer("GET", URL_OF_READ)

    await transport.exchange(READ, Progress(), NO_TIMEOUT)
    await transport.aclose()

    assert proxy == http.asked("GET", URL_OF_READ)[0].get("proxy")


def test_one_client_serves_five_loops_one_after_the_other(emulator_url: str) -> None:
    client = AsyncClient(
        api_key="EMU.demo",
        account_id="a0000000-0000-4000-8000-000000000001",
        base_url=emulator_url,
        rate_limit=None,
    )

    async def once() -> int:
        return len(await client.packages.query().collect())

    with warnings.catch_warnings():
        # asyncio names the sockets of a loop that ended with open connections; they were ours to
        # keep for the next call of that loop, which nobody can know there will be none of.
        warnings.simplefilter("ignore", ResourceWarning)
        assert [0] * 5 == [asyncio.run(once()) for _ in range(5)]
        asyncio.run(client.aclose())
        gc.collect()


def test_without_a_loop_of_asyncios_a_call_says_so_and_closing_does_nothing() -> None:
    """As under trio: each coroutine is driven by hand."""
    client = AsyncClient(
        api_key="EMU.demo",
        account_id="a0000000-0000-4000-8000-000000000001",
        base_url="http://127.0.0.1:9",
        rate_limit=None,
    )
    with pytest.raises(errors.ConfigurationError, match="AsyncClient needs a running event loop"):
        client.packages.get("a0000000-0000-4000-8000-000000000001").send(None)
    with pytest.raises(StopIteration):
        client.aclose().send(None)


def test_one_client_serves_loops_in_two_threads_at_once(emulator_url: str) -> None:
    client = AsyncClient(
        api_key="EMU.demo",
        account_id="a0000000-0000-4000-8000-000000000001",
        base_url=emulator_url,
        rate_limit=None,
    )
    both = threading.Barrier(2, timeout=30)
    counts: list[int] = []

    async def some() -> None:
        await asyncio.to_thread(both.wait)
        for _ in range(5):
            counts.append(len(await client.packages.query().collect()))  # noqa: PERF401
        await asyncio.to_thread(both.wait)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # as above
        threads = [threading.Thread(target=asyncio.run, args=(some(),)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        asyncio.run(client.aclose())
        gc.collect()

    assert [0] * 10 == counts


async def test_a_session_of_the_users_is_not_closed(emulator_url: str) -> None:
    async with aiohttp.ClientSession() as session:
        async with AsyncClient(
            api_key="EMU.demo",
            account_id="a0000000-0000-4000-8000-000000000001",
            base_url=emulator_url,
            rate_limit=None,
            session=session,
        ) as client:
            await client.packages.query().collect()

        assert not session.closed


async def test_a_hundred_interleaved_accounts_never_cross_headers(http: MockedHTTP) -> None:
    client = AsyncClient(api_key=CANARY, base_url=HOST, rate_limit=None)
    accounts = [f"0a1b2c3d-0000-4000-8000-{number:012d}" for number in range(100)]
    body = b'{"package": {"id": "%s"}}' % GUID.encode()
    http.answer("GET", URL_OF_READ, body=body, repeat=True)

    await asyncio.gather(*(client.for_account(account).packages.get(GUID) for account in accounts))
    await client.aclose()

    sent: list[str] = [call["headers"]["wix-account-id"] for call in http.asked("GET", URL_OF_READ)]
    assert sorted(accounts) == sorted(sent)
