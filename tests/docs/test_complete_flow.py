"""The calls around the packages, on the page of the complete flow, are those of Wix's documents."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from snippets import ROOT, blocks_of

from wixreseller import AsyncClient

PAGE = ROOT / "docs" / "guides" / "complete-flow.md"
MINE = "a0000000-0000-4000-8000-000000000000"
CUSTOMER = "a0000000-0000-4000-8000-000000000002"
SITE = "50000000-0000-4000-8000-000000000001"
TRANSFER = {"siteTransfer": {"siteId": SITE, "sourceAccountId": MINE, "enableNotifications": False}}
Call = Callable[..., Awaitable[Any]]


def calls_of_the_page() -> Mapping[str, Call]:
    names: dict[str, Any] = {}
    (code,) = (
        block.code
        for block in blocks_of(PAGE.read_text())
        if "make_account" in block.code and block.face == "async"
    )
    exec(compile(code, str(PAGE), "exec"), names)  # noqa: S102  # our own page
    return cast("Mapping[str, Call]", names)


@pytest.mark.parametrize(
    ("name", "arguments", "asked"),
    [
        (
            "make_account",
            ({"any": "thing"},),
            ("POST", "/accounts/v1/accounts/create", MINE, {"any": "thing"}),
        ),
        (
            "find_sites",
            ({"any": "thing"},),
            ("POST", "/site-list/v2/sites/query", MINE, {"any": "thing"}),
        ),
        (
            "hand_over",
            (SITE, MINE, CUSTOMER),
            (
                "POST",
                "/b2b-site-management/v1/transfer-site",
                CUSTOMER,
                TRANSFER,
            ),
        ),
        (
            "check_domain",
            (CUSTOMER, "example.com"),
            (
                "GET",
                "/domain-search/v2/check-domain-availability?domain=example.com",
                CUSTOMER,
                None,
            ),
        ),
    ],
)
async def test_a_call_of_the_complete_flow_is_sent_as_documented(
    name: str, arguments: tuple[object, ...], asked: tuple[object, ...]
) -> None:
    seen: list[tuple[object, ...]] = []

    async def answer(request: web.Request) -> web.Response:
        account = request.headers["wix-account-id"]
        body = await request.read()
        document = orjson.loads(body) if body else None
        seen.append((request.method, request.path_qs, account, document))
        return web.json_response({"heard": True})

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", answer)
    async with TestServer(app) as server:
        url = str(server.make_url("/"))
        async with AsyncClient(api_key="EMU.demo", account_id=MINE, base_url=url) as client:
            answered = await calls_of_the_page()[name](client, *arguments)

    assert {"heard": True} == answered
    assert [asked] == seen
