"""The environment's proxy is used as it is meant, and neither key nor password gets about."""

from __future__ import annotations

import asyncio
import traceback
from urllib.parse import urlsplit

import pytest
from raw_server import CANARY, GUID, RawServer

from wixreseller import AsyncClient, RetryPolicy, errors
from wixreseller._proxy import proxy_for

PASSWORD = "canary-word"
WIX = "https://www.wixapis.com"
HERE = "http://127.0.0.1:8080"


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    ("named", "used"),
    [
        ("http://proxy.test:3128", "http://proxy.test:3128"),
        ("proxy.test:3128", "http://proxy.test:3128"),
        (" proxy.test ", "http://proxy.test"),
        ("me:word@proxy.test:3128", "http://me:word@proxy.test:3128"),
    ],
)
def test_a_proxy_without_a_scheme_is_spoken_to_over_http(
    monkeypatch: pytest.MonkeyPatch, named: str, used: str
) -> None:
    monkeypatch.setenv("https_proxy", named)
    assert used == proxy_for(WIX)


@pytest.mark.parametrize(
    ("proxy", "used"),
    [
        ("http://proxy.test:3128", None),
        ("http://10.0.0.1:3128", None),
        ("http://127.0.0.1:3128", "http://127.0.0.1:3128"),
        ("http://localhost:3128", "http://localhost:3128"),
    ],
)
def test_what_goes_to_this_machine_over_plain_http_goes_through_no_other(
    monkeypatch: pytest.MonkeyPatch, proxy: str, used: str | None
) -> None:
    monkeypatch.setenv("http_proxy", proxy)
    assert used == proxy_for(HERE)


@pytest.mark.parametrize("where", ["proxy.test:port", "proxy.test:99999", "", "[::1"])
def test_a_proxy_that_is_no_address_is_refused_without_its_password(
    monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.setenv("https_proxy", f"http://me:{PASSWORD}@{where}")
    with pytest.raises(errors.ConfigurationError, match="HTTPS_PROXY") as caught:
        proxy_for(WIX)
    assert PASSWORD not in str(caught.value)


async def test_the_refusal_of_a_proxy_shows_neither_its_password_nor_the_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refusal = b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n"
    state = RawServer([refusal])
    async with await asyncio.start_server(state.serve, "127.0.0.1", 0) as server:
        port: int = server.sockets[0].getsockname()[1]
        monkeypatch.setenv("https_proxy", f"http://me:{PASSWORD}@127.0.0.1:{port}")
        async with AsyncClient(
            api_key=CANARY,
            account_id=GUID,
            base_url="https://api.test",
            retry=RetryPolicy(max_attempts=1),
        ) as client:
            with pytest.raises(errors.ConnectFailedError, match="407") as caught:
                await client.packages.cancel(GUID)

    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value.__cause__)
    assert urlsplit(f"//127.0.0.1:{port}").netloc in shown
    assert [] == [secret for secret in (PASSWORD, CANARY) if secret in shown]
    assert CANARY.encode() not in b"".join(state.requests)
