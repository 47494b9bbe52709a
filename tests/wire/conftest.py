"""Give every test a raw server, and a client of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from raw_server import CANARY, GUID, RawServer

from wixreseller import AsyncClient


@pytest.fixture
async def raw() -> AsyncIterator[RawServer]:
    """Run a raw server; set its ``answers``."""
    state = RawServer([])
    server = await asyncio.start_server(state.serve, "127.0.0.1", 0)
    state.port = server.sockets[0].getsockname()[1]
    async with server:
        yield state


@pytest.fixture
async def raw_client(raw: RawServer) -> AsyncIterator[AsyncClient]:
    """Give a client of the raw server."""
    async with AsyncClient(
        api_key=CANARY,
        account_id=GUID,
        base_url=raw.url,
        rate_limit=None,
        if_unknown="raise",
    ) as client:
        yield client
