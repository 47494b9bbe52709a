"""What fails before a byte of the request has left says so, phase by phase, over real sockets."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator

import pytest
import trustme
from raw_server import CANARY, GUID, WRITES, RawServer, Write, answer

from wixreseller import AsyncClient, RetryPolicy, errors

writes = pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
ONCE = RetryPolicy(max_attempts=1)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
async def secure(authority: trustme.CA) -> AsyncIterator[RawServer]:
    """Run a raw server behind TLS, with a certificate that only ``authority`` vouches for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # trustme's annotation names an optional dependency, pyOpenSSL, which is not here.
    authority.issue_cert("localhost").configure_cert(context)  # pyright: ignore[reportUnknownMemberType]
    state = RawServer([])
    server = await asyncio.start_server(state.serve, "localhost", 0, ssl=context)
    state.port = server.sockets[0].getsockname()[1]
    async with server:
        yield state


def client_of(base_url: str, context: ssl.SSLContext | None = None) -> AsyncClient:
    return AsyncClient(
        api_key=CANARY,
        account_id=GUID,
        base_url=base_url,
        rate_limit=None,
        retry=ONCE,
        ssl=context,
    )


@writes
async def test_a_name_that_does_not_exist_fails_while_it_is_looked_up(write: Write) -> None:
    async with client_of("https://nowhere.invalid") as client:
        with pytest.raises(errors.ConnectFailedError, match="while looking up the name"):
            await write(client)


@writes
async def test_a_port_where_nobody_listens_fails_while_connecting(
    write: Write, unused_tcp_port: int
) -> None:
    async with client_of(f"http://127.0.0.1:{unused_tcp_port}") as client:
        with pytest.raises(errors.ConnectFailedError, match="while connecting"):
            await write(client)


@writes
async def test_a_certificate_that_nobody_vouches_for_fails_while_agreeing_on_tls(
    secure: RawServer, write: Write
) -> None:
    async with client_of(f"https://localhost:{secure.port}") as client:
        with pytest.raises(errors.ConnectFailedError, match="while agreeing on TLS"):
            await write(client)

    assert [] == secure.requests


@writes
async def test_a_server_that_speaks_no_tls_fails_while_agreeing_on_tls(write: Write) -> None:
    async def speak_plainly(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(b"", "400 Speak up"))
        writer.close()

    plain = await asyncio.start_server(speak_plainly, "localhost", 0)
    async with plain:
        port = plain.sockets[0].getsockname()[1]
        async with client_of(f"https://localhost:{port}") as client:
            with pytest.raises(errors.ConnectFailedError, match="while agreeing on TLS"):
                await write(client)


async def test_a_tls_context_of_the_users_is_used(secure: RawServer, authority: trustme.CA) -> None:
    context = ssl.create_default_context()
    authority.configure_trust(context)  # pyright: ignore[reportUnknownMemberType]  # as above
    secure.answers = [answer()]

    async with client_of(f"https://localhost:{secure.port}", context) as client:
        package = await client.packages.get(GUID)

    assert GUID == package.id


async def test_a_read_that_cannot_connect_in_time_is_a_time_out_that_names_the_phase() -> None:
    """A listener that takes the connection and never begins with TLS."""
    hung_up = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        hung_up.set()

    silent = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    async with silent:
        port = silent.sockets[0].getsockname()[1]
        async with client_of(f"https://127.0.0.1:{port}") as client:
            with pytest.raises(errors.RequestTimeoutError) as caught:
                await client.packages.get(GUID, timeout=0.2)
        await hung_up.wait()

    assert "connecting" == caught.value.phase
