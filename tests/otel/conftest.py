"""Give clients with either face, whose spans and metrics are kept in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import attrs
import pytest
from awaited import Awaited
from otel_scene import Connect, Scene
from raw_server import CANARY, GUID, RawServer

from wixreseller import AsyncClient, Client, Hooks
from wixreseller.testing import EmulatorThread, FastTime


@pytest.fixture
def scene() -> Scene:
    """Give a telemetry with exporters in memory."""
    return Scene()


@pytest.fixture
async def server() -> AsyncIterator[RawServer]:
    """Give a server that answers what it is told to."""
    state = RawServer([])
    listening = await asyncio.start_server(state.serve, "127.0.0.1", 0)
    state.port = listening.sockets[0].getsockname()[1]
    yield state
    listening.close()


@attrs.define
class _Made:
    asynchronous: list[AsyncClient] = attrs.field(factory=list[AsyncClient])
    blocking: list[Client] = attrs.field(factory=list[Client])


@pytest.fixture(params=["async", "blocking"])
async def connect(request: pytest.FixtureRequest, scene: Scene) -> AsyncIterator[Connect]:
    """Give a maker of clients, once with each face; they are used as async ones."""
    made = _Made()

    def make(url: str, **settings: Any) -> AsyncClient:
        arguments: dict[str, Any] = {
            "api_key": CANARY,
            "account_id": GUID,
            "base_url": url,
            "rate_limit": None,
            "hooks": Hooks(observer=scene.telemetry),
            **settings,
        }
        if request.param == "async":
            client = AsyncClient(**arguments)
            made.asynchronous.append(client)
            return client
        blocking = Client(**arguments)
        made.blocking.append(blocking)
        return cast("AsyncClient", Awaited(blocking))

    yield make
    for client in made.asynchronous:
        await client.aclose()
    for blocking in made.blocking:
        await asyncio.to_thread(blocking.close)  # a blocking call beside a loop warns, rightly


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch, emulator_thread: EmulatorThread) -> FastTime:
    """Let the clients that are made from now on wait for nothing."""
    fast = FastTime(emulator_thread.emulator.clock)
    fast.install(monkeypatch)
    return fast
