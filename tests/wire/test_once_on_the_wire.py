"""Whatever the server does after it took a write, the write goes over the wire once."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from aiohttp.client_middlewares import ClientHandlerType
from raw_server import CANARY, GUID, WRITES, RawServer, Write, answer

from wixreseller import NO_TIMEOUT, AsyncClient, errors

writes = pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())


@writes
async def test_a_write_whose_answer_is_lost_on_a_new_connection_is_unknown_and_sent_once(
    raw: RawServer, raw_client: AsyncClient, write: Write
) -> None:
    with pytest.raises(errors.OutcomeUnknownError) as caught:
        await write(raw_client)

    assert len(raw.requests) == 1
    assert caught.value.idempotency_key
    assert caught.value.attempts == 1


@writes
async def test_a_write_whose_answer_is_lost_on_a_used_connection_is_unknown_and_sent_once(
    raw: RawServer, raw_client: AsyncClient, write: Write
) -> None:
    raw.answers = [answer()]
    await raw_client.packages.get(GUID)

    with pytest.raises(errors.OutcomeUnknownError):
        await write(raw_client)

    assert (len(raw.requests), raw.connections) == (2, 1)


@writes
async def test_a_session_of_the_users_replays_nothing_either(raw: RawServer, write: Write) -> None:
    raw.answers = [answer()]
    async with (
        aiohttp.ClientSession() as session,
        AsyncClient(
            api_key=CANARY, account_id=GUID, base_url=raw.url, rate_limit=None, session=session
        ) as client,
    ):
        await client.packages.get(GUID)
        with pytest.raises(errors.OutcomeUnknownError):
            await write(client)

    assert len(raw.requests) == 2


@writes
async def test_a_retrying_middleware_of_the_users_sends_a_write_once(
    raw: RawServer, write: Write
) -> None:
    async def stubborn(
        request: aiohttp.ClientRequest, handler: ClientHandlerType
    ) -> aiohttp.ClientResponse:
        for _ in range(2):
            try:
                return await handler(request)
            except aiohttp.ClientError:
                pass
        return await handler(request)

    async with AsyncClient(
        api_key=CANARY, account_id=GUID, base_url=raw.url, rate_limit=None, middlewares=[stubborn]
    ) as client:
        with pytest.raises(errors.OutcomeUnknownError):
            await write(client)

    assert len(raw.requests) == 1


@writes
@pytest.mark.parametrize("status", ["301", "302", "303", "307", "308"])
async def test_a_redirected_write_is_refused_and_the_key_goes_nowhere_else(
    raw: RawServer, raw_client: AsyncClient, write: Write, status: str
) -> None:
    raw.answers = [answer(b"", f"{status} Moved", f"Location: {raw.url}/elsewhere\r\n"), answer()]

    with pytest.raises(errors.UnexpectedRedirectError) as caught:
        await write(raw_client)

    assert (1, int(status)) == (len(raw.requests), caught.value.status)


@writes
@pytest.mark.parametrize("status", ["408 Late", "500 Oops", "502 Bad Gateway", "503 Busy"])
async def test_a_write_answered_with_a_failure_of_the_servers_is_unknown_and_sent_once(
    raw: RawServer, raw_client: AsyncClient, write: Write, status: str
) -> None:
    raw.answers = [answer(b"<html>proxy</html>", status), answer()]

    with pytest.raises(errors.OutcomeUnknownError) as caught:
        await write(raw_client)

    assert (1, int(status[:3])) == (len(raw.requests), caught.value.status)


@writes
@pytest.mark.parametrize(
    "body", [b"", b"<html>", b'{"package"', b"[]", b'{"package": 7}', b'{"package": {"id": 7}}']
)
async def test_a_write_whose_success_cannot_be_read_is_unknown_and_sent_once(
    raw: RawServer, raw_client: AsyncClient, write: Write, body: bytes
) -> None:
    raw.answers = [answer(body, headers="X-Wix-Request-Id: r-1\r\n"), answer()]

    with pytest.raises(errors.OutcomeUnknownError) as caught:
        await write(raw_client)

    assert (len(raw.requests), caught.value.status, caught.value.request_id) == (1, 200, "r-1")


@writes
async def test_a_write_that_is_not_answered_in_time_is_unknown_and_sent_once(
    raw: RawServer, write: Write
) -> None:
    async with AsyncClient(
        api_key=CANARY, account_id=GUID, base_url=raw.url, rate_limit=None, timeout=0.05
    ) as client:
        raw.answers = [b""]  # takes the request, answers nothing
        with pytest.raises(errors.OutcomeUnknownError) as caught:
            await write(client)

    assert len(raw.requests) == 1
    assert "waiting for the answer" in str(caught.value)


@writes
async def test_a_deadline_that_passes_after_sending_leaves_the_outcome_unknown(
    raw: RawServer, write: Write
) -> None:
    async with AsyncClient(
        api_key=CANARY,
        account_id=GUID,
        base_url=raw.url,
        rate_limit=None,
        timeout=NO_TIMEOUT,
        deadline=0.05,
    ) as client:
        raw.answers = [b""]
        with pytest.raises(errors.OutcomeUnknownError):
            await write(client)

    assert len(raw.requests) == 1


@writes
async def test_a_write_to_a_port_where_nobody_listens_certainly_did_not_happen(
    write: Write, unused_tcp_port: int
) -> None:
    async with AsyncClient(
        api_key=CANARY,
        account_id=GUID,
        base_url=f"http://127.0.0.1:{unused_tcp_port}",
        rate_limit=None,
    ) as client:
        with pytest.raises(errors.ConnectFailedError) as caught:
            await write(client)

    assert caught.value.attempts == 1


@writes
async def test_a_write_refused_by_the_rate_limit_of_wix_is_final_and_sent_once(
    raw: RawServer, raw_client: AsyncClient, write: Write
) -> None:
    raw.answers = [answer(b'{"message": "slow"}', "429 Slow", "Retry-After: 7\r\n"), answer()]

    with pytest.raises(errors.RateLimitError) as caught:
        await write(raw_client)

    assert (len(raw.requests), caught.value.retry_after) == (1, 7.0)


async def test_a_cancelled_write_is_cancelled_and_logged_as_unknown(
    raw: RawServer, raw_client: AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    raw.answers = [b""]
    task = asyncio.ensure_future(WRITES["create"](raw_client))
    await raw.arrived.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task

    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "sub-1" in caplog.text
