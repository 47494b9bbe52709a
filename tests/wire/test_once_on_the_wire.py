"""Whatever the server does after it took a write, the write goes over the wire once."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
from aiohttp.client_middlewares import ClientHandlerType
from raw_server import CANARY, GUID, WRITES, RawServer, Write, answer

from wixreseller import NO_TIMEOUT, AsyncClient, RetryPolicy, errors
from wixreseller._sentinels import Seconds


def client_of(raw: RawServer, **arguments: Any) -> AsyncClient:
    return AsyncClient(
        api_key=CANARY,
        account_id=GUID,
        base_url=raw.url,
        rate_limit=None,
        if_unknown="raise",
        **arguments,
    )


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
            api_key=CANARY,
            account_id=GUID,
            base_url=raw.url,
            rate_limit=None,
            if_unknown="raise",
            session=session,
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
        api_key=CANARY,
        account_id=GUID,
        base_url=raw.url,
        rate_limit=None,
        if_unknown="raise",
        middlewares=[stubborn],
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
@pytest.mark.parametrize("times", [{"timeout": 0.3}, {"timeout": NO_TIMEOUT, "deadline": 0.3}])
async def test_a_write_that_is_not_answered_in_time_is_unknown_and_sent_once(
    raw: RawServer, write: Write, times: dict[str, Seconds]
) -> None:
    raw.answers = [answer(), b""]  # takes the second request, answers nothing
    async with client_of(raw, **times) as client:
        await client.packages.get(GUID)  # so that connecting takes none of the time
        with pytest.raises(errors.OutcomeUnknownError, match="waiting for the answer"):
            await write(client)

    assert 2 == len(raw.requests)


@writes
async def test_a_write_to_a_port_where_nobody_listens_certainly_did_not_happen(
    write: Write, unused_tcp_port: int
) -> None:
    async with AsyncClient(
        api_key=CANARY,
        account_id=GUID,
        base_url=f"http://127.0.0.1:{unused_tcp_port}",
        rate_limit=None,
        retry=RetryPolicy(max_attempts=2, first_delay=0.001),
    ) as client:
        with pytest.raises(errors.ConnectFailedError) as caught:
            await write(client)

    assert 2 == caught.value.attempts


@writes
async def test_a_throttled_write_is_sent_again_with_the_same_bytes(
    raw: RawServer, raw_client: AsyncClient, write: Write
) -> None:
    raw.answers = [answer(b'{"message": "slow"}', "429 Slow", "Retry-After: 0\r\n"), answer()]

    await write(raw_client)

    first, second = raw.requests
    assert first == second


@writes
async def test_a_write_whose_retry_after_is_too_long_is_refused_with_it(
    raw: RawServer, raw_client: AsyncClient, write: Write
) -> None:
    raw.answers = [answer(b'{"message": "slow"}', "429 Slow", "Retry-After: 61\r\n"), answer()]

    with pytest.raises(errors.RateLimitError) as caught:
        await write(raw_client)

    assert (1, 61.0) == (len(raw.requests), caught.value.retry_after)


@writes
async def test_a_write_refused_for_good_by_a_429_is_sent_once(
    raw: RawServer, raw_client: AsyncClient, write: Write
) -> None:
    used_up = b'{"message": "", "details": {"applicationError": {"code": "TOKEN_USED"}}}'
    raw.answers = [answer(used_up, "429 Used up"), answer()]

    with pytest.raises(errors.RateLimitError):
        await write(raw_client)

    assert 1 == len(raw.requests)


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
