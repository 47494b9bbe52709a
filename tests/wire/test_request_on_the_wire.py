"""Calls outside the nine go over the wire as given: writes once, and to the base URL only."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from raw_server import CANARY, GUID, RawServer, answer
from yarl import URL

from wixreseller import AsyncClient, RetryPolicy, errors
from wixreseller.models import checks

PATH = "/accounts/v1/accounts/create"


def client_of(raw: RawServer) -> AsyncClient:
    """Give a client that would look, if there were anything to look at."""
    retry = RetryPolicy(first_delay=0.001, settle_window=0.05)
    return AsyncClient(
        api_key=CANARY, account_id=GUID, base_url=raw.url, rate_limit=None, retry=retry
    )


async def write(client: AsyncClient) -> object:
    return await client.request("POST", PATH, json={"name": "Ünï"})


async def read(client: AsyncClient) -> object:
    return await client.request("GET", "/any/thing?of=1&that=a%20b", write=False)


async def test_a_call_is_sent_as_it_is_given(raw: RawServer) -> None:
    raw.answers = [answer(b"[1]"), answer(b"null")]
    async with client_of(raw) as client:
        answers = [await write(client), await read(client)]

    posted, got = raw.requests
    head, _, body = posted.partition(b"\r\n\r\n")
    assert [[1], None] == answers
    assert head.startswith(f"POST {PATH} HTTP/1.1\r\n".encode())
    assert f"\r\nAuthorization: {CANARY}\r\n".encode() in head
    assert f"\r\nwix-account-id: {GUID}\r\n".encode() in head
    assert b"\r\nContent-Type: application/json" in head
    assert '{"name":"Ünï"}'.encode() == body
    assert got.startswith(b"GET /any/thing?of=1&that=a%20b HTTP/1.1\r\n")
    assert got.endswith(b"\r\n\r\n")
    assert b"Content-Type" not in got


async def test_a_write_whose_answer_is_lost_on_a_new_connection_is_unknown_and_sent_once(
    raw: RawServer,
) -> None:
    async with client_of(raw) as client:
        with pytest.raises(errors.OutcomeUnknownError) as caught:
            await write(client)

    assert 1 == len(raw.requests)
    assert (1, GUID, None) == (
        caught.value.attempts,
        caught.value.account_id,
        caught.value.idempotency_key,
    )


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_a_write_whose_answer_is_lost_on_a_used_connection_is_unknown_and_sent_once(
    raw: RawServer, method: str
) -> None:
    raw.answers = [answer()]
    async with client_of(raw) as client:
        await client.packages.get(GUID)
        with pytest.raises(errors.OutcomeUnknownError):
            await client.request(method, PATH)

    assert (2, 1) == (len(raw.requests), raw.connections)


@pytest.mark.parametrize("status", ["408 Late", "500 Oops", "501 What", "503 Busy"])
async def test_a_write_answered_with_a_failure_of_the_servers_is_unknown_and_sent_once(
    raw: RawServer, status: str
) -> None:
    raw.answers = [answer(b"{}", status), answer()]
    async with client_of(raw) as client:
        with pytest.raises(errors.OutcomeUnknownError) as caught:
            await write(client)

    assert (1, int(status[:3])) == (len(raw.requests), caught.value.status)


async def test_a_write_whose_success_is_no_json_is_unknown_and_sent_once(raw: RawServer) -> None:
    raw.answers = [answer(b"<html>"), answer()]
    async with client_of(raw) as client:
        with pytest.raises(errors.OutcomeUnknownError, match="cannot be read"):
            await write(client)

    assert 1 == len(raw.requests)


async def test_a_throttled_write_is_sent_again_with_the_same_bytes(raw: RawServer) -> None:
    raw.answers = [answer(b"{}", "429 Slow", "Retry-After: 0\r\n"), answer(b"{}")]
    async with client_of(raw) as client:
        assert {} == await write(client)

    first, second = raw.requests
    assert first == second


@pytest.mark.parametrize("call", [read, write])
async def test_a_redirect_is_refused_and_the_key_goes_nowhere_else(
    raw: RawServer, call: object
) -> None:
    raw.answers = [answer(b"", "307 Moved", f"Location: {raw.url}/elsewhere\r\n"), answer()]
    async with client_of(raw) as client:
        with pytest.raises(errors.UnexpectedRedirectError):
            await (write(client) if call is write else read(client))

    assert 1 == len(raw.requests)


@pytest.mark.parametrize("first", [None, answer(b"", "503 Busy"), answer(b"", "500 Oops")])
async def test_a_read_is_tried_again(raw: RawServer, first: bytes | None) -> None:
    raw.answers = [first, answer(b'"there"')]
    async with client_of(raw) as client:
        assert "there" == await read(client)

    assert 2 == len(raw.requests)


async def test_a_read_whose_success_is_no_json_is_a_decode_error(raw: RawServer) -> None:
    raw.answers = [answer(b"<html>")] * 9
    async with client_of(raw) as client:
        with pytest.raises(errors.DecodeError, match="request: HTTP 200"):
            await read(client)


@pytest.mark.parametrize("status", ["200 OK", "204 No Content"])
async def test_an_answer_without_a_body_gives_nothing(raw: RawServer, status: str) -> None:
    raw.answers = [answer(b"", status)] * 2
    async with client_of(raw) as client:
        assert [None, None] == [await write(client), await read(client)]


async def test_views_use_the_connections_of_their_client_and_close_none(raw: RawServer) -> None:
    raw.answers = [answer()] * 3
    async with client_of(raw) as client:
        async with client.with_options(timeout=5.0, rate_limit=None) as view:
            await view.packages.get(GUID)
        await client.packages.get(GUID)
        await view.packages.get(GUID)

    assert (3, 1) == (len(raw.requests), raw.connections)
    with pytest.raises(errors.ClientClosedError):
        await view.packages.get(GUID)


_ODD = st.text(st.sampled_from("/\\.@:#?%2eE5cFf ahostübc\t\n[]<>&=;"), max_size=12)


@example("/??")
@given(_ODD | _ODD.map("/{}".format))
def test_no_path_that_is_taken_leaves_the_base_url(path: str) -> None:
    try:
        taken = checks.api_path(path, "path")
    except errors.ConfigurationError:
        return
    base = URL("https://www.wixapis.com")
    whole = URL(f"{base}".rstrip("/") + taken, encoded=True)

    assert (base.scheme, base.host, base.port) == (whole.scheme, whole.host, whole.port)
    assert (None, None, "") == (whole.user, whole.password, whole.raw_fragment)
    assert path.rstrip("?") == whole.raw_path_qs.rstrip("?")
