"""The API key shows nowhere: in no error and none of its frames, no log, pickle, event or repr."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import logging
import pickle
import ssl
import traceback
from collections.abc import AsyncGenerator
from typing import TypedDict, Unpack

import pytest
import trustme
from raw_server import GUID, WRITES, RawServer, Write, answer
from safety_client import ACCOUNT

from wixreseller import AsyncClient, Client, Product, RateLimit, RetryPolicy
from wixreseller.config import ClientConfig
from wixreseller.errors import ConfigurationError, WixResellerError
from wixreseller.hooks import Hooks

KEYS = ("IST.canary-3f1c9a", "EMU.canary-3f1c9a")
SECRET = "canary-3f1c9a"
ONCE = RetryPolicy(max_attempts=1, settle_window=0.05)

CALLS: dict[str, Write] = {
    **WRITES,
    "get": lambda client: client.packages.get(GUID),
    "ensure": lambda client: client.packages.ensure(
        [Product(catalog_product_id=GUID, country_code="BR")], external_id="sub-1"
    ),
    "query": lambda client: client.packages.query().collect(),
    "request that writes": lambda client: client.request("POST", "/accounts/v1/accounts/create"),
    "request that reads": lambda client: client.request("GET", "/any?thing=1", write=False),
}
every_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())


# --- reading all that is said -------------------------------------------------------------------


def _links(error: BaseException) -> list[BaseException]:
    """Give an error and all that led to it, what `from None` hides included."""
    found: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        link = waiting.pop()
        if link is not None and not any(link is known for known in found):
            found.append(link)
            waiting += [link.__cause__, link.__context__]
    return found


def _everything(error: BaseException) -> str:
    """Write an error as any logger may write it: with every frame and its local variables."""
    texts: list[str] = []
    for link in _links(error):
        whole = traceback.TracebackException.from_exception(link, capture_locals=True)
        texts += [*whole.format(), repr(link), str(link), repr(vars(link))]
        if isinstance(link, WixResellerError):
            texts += [repr(pickle.dumps(link)), link.support_text(), repr(vars(copy.copy(link)))]
    return "\n".join(texts)


class _Options(TypedDict, total=False):
    timeout: float
    deadline: float
    ssl: ssl.SSLContext
    rate_limit: RateLimit | None


class Watch:
    """Make calls, and keep all that is said of them."""

    def __init__(self, key: str, caplog: pytest.LogCaptureFixture) -> None:
        self.key = key
        self._caplog = caplog
        self._events: list[object] = []

    async def _note(self, event: object) -> None:
        self._events.append(event)

    def client(self, base_url: str, **options: Unpack[_Options]) -> AsyncClient:
        """Give a client which is watched."""
        note = self._note
        hooks = Hooks(before_attempt=note, after_attempt=note, on_retry=note, on_unknown=note)
        given: _Options = {"timeout": 5.0, "rate_limit": None}
        given.update(options)
        return AsyncClient(
            api_key=self.key,
            account_id=GUID,
            base_url=base_url,
            retry=ONCE,
            hooks=hooks,
            **given,
        )

    async def failing(self, client: AsyncClient, call: Write) -> BaseException:
        """Make a call that fails, and give the error."""
        try:
            async with client:
                await call(client)
        except Exception as error:  # noqa: BLE001  # whatever it is, it is looked at
            return error
        raise AssertionError("it did not fail")

    def said(self, error: BaseException) -> str:
        """Give all that was said, the logs included."""
        events = [repr(self._events), repr(pickle.dumps(self._events))]
        logged = [self._caplog.text, *(repr(vars(record)) for record in self._caplog.records)]
        return "\n".join([_everything(error), *events, *logged])


@pytest.fixture(params=KEYS, ids=["key of Wix", "key of the emulator"])
async def watch(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> Watch:
    """Log everything that anybody logs, and watch."""
    caplog.set_level(logging.DEBUG)
    for name in ("aiohttp", "aiohttp.client", "aiohttp.internal", "asyncio", "wixreseller"):
        caplog.set_level(logging.DEBUG, name)
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    loop.slow_callback_duration = 0.0
    return Watch(str(request.param), caplog)


@contextlib.asynccontextmanager
async def _serving(
    *answers: bytes | None, context: ssl.SSLContext | None = None
) -> AsyncGenerator[RawServer]:
    state = RawServer([*answers] * 20)
    server = await asyncio.start_server(state.serve, "localhost", 0, ssl=context)
    state.port = server.sockets[0].getsockname()[1]
    async with server:
        yield state


@contextlib.asynccontextmanager
async def _hanging() -> AsyncGenerator[str]:
    """Run a server that never answers."""
    gone = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            await reader.read()
        writer.close()
        gone.set()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        await gone.wait()
        await asyncio.sleep(0.01)


# --- failures -----------------------------------------------------------------------------------


@every_call
async def test_a_refused_connection_shows_no_key(
    watch: Watch, call: Write, unused_tcp_port: int
) -> None:
    error = await watch.failing(watch.client(f"http://127.0.0.1:{unused_tcp_port}"), call)

    assert SECRET not in watch.said(error)


@every_call
async def test_a_timed_out_attempt_shows_no_key(watch: Watch, call: Write) -> None:
    async with _hanging() as url:
        error = await watch.failing(watch.client(url, timeout=0.02), call)

    assert SECRET not in watch.said(error)


@every_call
async def test_a_deadline_that_passed_shows_no_key(watch: Watch, call: Write) -> None:
    async with _hanging() as url:
        error = await watch.failing(watch.client(url, deadline=0.02), call)

    assert SECRET not in watch.said(error)


@every_call
async def test_a_cancelled_call_shows_no_key(watch: Watch, call: Write) -> None:
    async def cancelled(client: AsyncClient) -> object:
        task = asyncio.ensure_future(call(client))
        await asyncio.sleep(0.02)
        task.cancel()
        try:
            return await task
        except asyncio.CancelledError as error:
            raise _CaughtError from error

    async with _hanging() as url:
        error = await watch.failing(watch.client(url), cancelled)

    assert SECRET not in watch.said(error)


class _CaughtError(Exception):
    """Carry a cancellation."""


def _echo(status: str) -> bytes:
    """Answer with the key in the place of as many letters."""
    return answer(b"<html>" + b"K" * len(KEYS[0]) + b"</html>", status)


ANSWERS = {
    "lost": None,
    "400 that echoes the key": _echo("400 Bad Request"),
    "401": answer(b"{}", "401 Unauthorized"),
    "404": answer(b"{}", "404 Not Found"),
    "429": answer(b"{}", "429 Too Many Requests", "Retry-After: 3600\r\n"),
    "503": answer(b"busy", "503 Service Unavailable"),
    "redirect": answer(b"", "307 Temporary Redirect", "Location: http://127.0.0.1:9/\r\n"),
    "HTML": _echo("502 Bad Gateway"),
    "200 that echoes the key": _echo("200 OK"),
    "unreadable": answer(b'{"package": '),
    "truncated": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
    "no HTTP": b"hello\r\n\r\n",
    **{
        f"{what} that echoes the key": head.encode() + b"K" * len(KEYS[0]) + b"\r\n\r\n"
        for what, head in {
            "a bad status": "HTTP/1.1 ",
            "a bad header": "HTTP/1.1 200 OK\r\nAuthorization : ",
            "a bad length": "HTTP/1.1 200 OK\r\nContent-Length: ",
            "a bad chunk": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        }.items()
    },
}


@every_call
@pytest.mark.parametrize("kind", ANSWERS)
async def test_an_answer_that_is_no_success_shows_no_key(
    watch: Watch, call: Write, kind: str
) -> None:
    given = ANSWERS[kind]
    if given is not None:
        given = given.replace(b"K" * len(KEYS[0]), watch.key.encode())
    async with _serving(given) as server:
        if kind == "truncated":
            server.answers = [given, None] * 9
        error = await watch.failing(watch.client(server.url, timeout=0.2), call)

    assert SECRET not in watch.said(error)


async def test_a_name_that_does_not_exist_shows_no_key(watch: Watch) -> None:
    error = await watch.failing(watch.client("https://nowhere.invalid"), CALLS["cancel"])

    assert SECRET not in watch.said(error)


async def test_a_certificate_that_nobody_vouches_for_shows_no_key(watch: Watch) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)  # pyright: ignore[reportUnknownMemberType]  # PyOpenSSL is not here
    async with _serving(None, context=context) as server:
        client = watch.client(f"https://localhost:{server.port}")
        error = await watch.failing(client, CALLS["cancel"])

    assert SECRET not in watch.said(error)


async def test_a_call_that_the_limiter_refuses_shows_no_key(watch: Watch) -> None:
    async def twice(client: AsyncClient) -> object:
        await client.packages.get(GUID)
        return await client.packages.get(GUID)

    limit = RateLimit(1, per=60.0, max_wait=0.0)
    async with _serving(answer()) as server:
        error = await watch.failing(watch.client(server.url, rate_limit=limit), twice)

    assert SECRET not in watch.said(error)


async def test_a_call_on_a_closed_client_shows_no_key(watch: Watch) -> None:
    client = watch.client("http://127.0.0.1:9")
    await client.aclose()

    assert SECRET not in watch.said(await watch.failing(client, CALLS["cancel"]))


@pytest.mark.parametrize("base_url", ["ftp://x", "http://example.com", "https://u:p@example.com"])
def test_a_bad_base_url_shows_no_key(base_url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        AsyncClient(api_key=KEYS[0], account_id=GUID, base_url=base_url)

    assert SECRET not in _of_library(caught.value)


@pytest.mark.parametrize("spoilt", ["Bearer {}", "{} ", "{}\n", "\u00e9{}"])
def test_a_key_that_cannot_be_is_not_shown(spoilt: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        AsyncClient(api_key=spoilt.format(KEYS[0]), account_id=GUID)

    assert SECRET not in str(caught.value) + repr(vars(caught.value))


async def test_a_key_function_that_fails_shows_no_key(watch: Watch) -> None:
    def give() -> str:
        raise RuntimeError("the vault is closed")

    async with AsyncClient(api_key=give, account_id=GUID, base_url="http://127.0.0.1:9") as client:
        with pytest.raises(ConfigurationError) as caught:
            await client.packages.get(GUID)

    assert SECRET not in watch.said(caught.value)


def _of_library(error: BaseException) -> str:
    return repr(error) + str(error) + repr(vars(error)) + repr(pickle.dumps(error))


# --- what is no failure -------------------------------------------------------------------------


async def test_a_result_its_pickle_and_its_events_show_no_key(watch: Watch) -> None:
    async with _serving(answer()) as server, watch.client(server.url) as client:
        package = await client.packages.get(GUID)

        said = [repr(package), repr(package.meta), repr(pickle.dumps(package)), repr(client)]
        assert SECRET not in "\n".join(said) + watch.said(_CaughtError())


@pytest.mark.parametrize("key", KEYS)
def test_a_client_its_view_and_its_configuration_show_no_key(key: str) -> None:
    client = AsyncClient(api_key=key, account_id=GUID, base_url="http://127.0.0.1:9")
    blocking = Client(api_key=key, account_id=GUID, base_url="http://127.0.0.1:9")
    config = ClientConfig.resolve(environment={}, api_key=key, base_url="http://127.0.0.1:9")
    views = [client.for_account(ACCOUNT), client.with_options(timeout=1.0, hooks=Hooks())]
    said = [repr(each) for each in (client, *views, blocking, config)]
    said += [repr(vars(client)), repr(config.keys), repr(config.keys.fixed), str(config)]
    said += [repr(vars(view)) for view in views]
    for each in (client, blocking, config):
        with contextlib.suppress(TypeError):
            said.append(repr(pickle.dumps(each)))
    blocking.close()

    assert SECRET not in "\n".join(said)
