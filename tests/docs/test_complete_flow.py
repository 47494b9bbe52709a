"""The calls around the packages, on the page of the complete flow, are those of Wix's documents."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from snippets import ROOT, blocks_of

PAGE = ROOT / "docs" / "guides" / "complete-flow.md"
MINE = "a0000000-0000-4000-8000-000000000000"
CUSTOMER = "a0000000-0000-4000-8000-000000000002"
SITE = "50000000-0000-4000-8000-000000000001"
TRANSFER = json.dumps(
    {"siteTransfer": {"siteId": SITE, "sourceAccountId": MINE, "enableNotifications": False}}
)
Call = Callable[..., Awaitable[Any]]


def calls_of_the_page() -> Mapping[str, Call]:
    names: dict[str, Any] = {}
    (code,) = (block.code for block in blocks_of(PAGE.read_text()) if "make_account" in block.code)
    exec(compile(code, str(PAGE), "exec"), names)  # noqa: S102  # our own page
    return cast("Mapping[str, Call]", names)


@pytest.mark.parametrize(
    ("name", "arguments", "asked"),
    [
        (
            "make_account",
            (MINE, {"any": "thing"}),
            ("POST", "/accounts/v1/accounts/create", MINE, '{"any": "thing"}'),
        ),
        (
            "find_sites",
            (MINE, {"any": "thing"}),
            (
                "POST",
                "/site-list/v2/sites/query",
                MINE,
                '{"any": "thing"}',
            ),
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
                "",
            ),
        ),
    ],
)
async def test_a_call_of_the_complete_flow_is_sent_as_documented(
    name: str, arguments: tuple[object, ...], asked: tuple[str, ...]
) -> None:
    seen: list[tuple[str, ...]] = []

    async def answer(request: web.Request) -> web.Response:
        account = request.headers["wix-account-id"]
        seen.append((request.method, request.path_qs, account, await request.text()))
        return web.json_response({"heard": True})

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", answer)
    async with TestServer(app) as server, aiohttp.ClientSession(server.make_url("/")) as session:
        answered = await calls_of_the_page()[name](session, *arguments)

    assert {"heard": True} == answered
    assert [asked] == seen
