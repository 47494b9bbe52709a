"""What open pages are told, when, and what happens to those that do not listen."""

import asyncio
import json
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from yarl import URL

from wixreseller.emulator.inspector import live

if TYPE_CHECKING:
    from aiohttp import ClientResponse

    from tests.emulator.conftest import Api

WATCHDOG_SECONDS = 20
PATH = "/_emulator/inspector/live"


@attrs.frozen
class News:
    """Hold one event."""

    id: str
    kind: str
    state: Any

    def differs_from(self, other: "News") -> set[str]:
        """Name the topics that have changed."""
        versions, others = self.state["versions"], other.state["versions"]
        return {name for name in versions if versions[name] != others[name]}


@attrs.define
class Page:
    """Listen as a page does."""

    answer: "ClientResponse"

    async def next(self) -> News:
        """Wait for an event."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(WATCHDOG_SECONDS):
            while "data" not in fields:
                line = (await self.answer.content.readline()).decode()
                assert line, "the stream has ended"
                name, colon, value = line.strip().partition(": ")
                if colon and name:
                    fields[name] = value
        return News(fields["id"], fields["event"], json.loads(fields["data"]))

    async def news_of(self, topic: str) -> News:
        """Wait until a topic has changed."""
        first = await self.next()
        while topic not in (news := await self.next()).differs_from(first):
            pass
        return news

    async def end(self) -> bytes:
        """Wait for the end of the stream."""
        async with asyncio.timeout(WATCHDOG_SECONDS):
            return await self.answer.content.read()


@asynccontextmanager
async def listening(api: "Api", last: str | None = None) -> AsyncGenerator[Page]:
    headers = {} if last is None else {"Last-Event-ID": last}
    async with api.session.get(api.emulator.url + PATH, headers=headers) as answer:
        assert "text/event-stream; charset=utf-8" == answer.headers["Content-Type"]
        yield Page(answer)


async def test_a_page_hears_first_how_things_are(api: "Api") -> None:
    await api.create()
    async with listening(api) as page:
        news = await page.next()

    assert ("state", {"last": 1, "kept": 1}) == (news.kind, news.state["requests"])
    clock = {"now": "2026-03-01T12:00:00.000Z", "frozen": True}
    assert clock == news.state["clock"]


@pytest.mark.parametrize(
    ("topics", "method", "path", "body"),
    [
        ({"packages", "requests"}, "POST", "/resellers/v2/packages", {"products": None}),
        ({"requests"}, "POST", "/resellers/v1/packages/query", {}),
        ({"faults"}, "POST", "/_emulator/faults", {"fault": "reset"}),
        ({"settings"}, "PATCH", "/_emulator/settings", {"update_key": "package"}),
        ({"settings", "limits"}, "PATCH", "/_emulator/settings", {"rate_limit": "5/1"}),
        ({"clock"}, "POST", "/_emulator/clock", {"advance": 1}),
        ({"snapshots"}, "POST", "/_emulator/snapshot", {}),
    ],
)
async def test_each_change_is_told_under_its_topic(
    api: "Api", topics: set[str], method: str, path: str, body: dict[str, object]
) -> None:
    if "products" in body:
        body = {"products": [api.product()]}
    async with listening(api) as page:
        first = await page.next()
        await api.send(method, path, body)
        news = await page.next()

    assert topics == news.differs_from(first)


async def test_a_reset_and_a_restore_are_told_as_another_world(api: "Api") -> None:
    await api.control("POST", "snapshot", {"name": "s"})
    async with listening(api) as page:
        await page.next()
        await api.control("POST", "restore", {"name": "s"})
        restored = await page.next()
        await api.control("POST", "reset")
        reset = await page.next()

    assert restored.state["versions"]["world"] > 0
    assert {"packages", "requests"} <= reset.differs_from(restored)


async def test_what_time_delivers_is_told_without_a_request(api: "Api") -> None:
    await api.create()
    api.emulator.clock.resume()
    async with listening(api) as page:
        await page.news_of("packages")
        (row,) = (await api.control("GET", "inspector/packages"))["packages"]

    assert "ENABLED" == row["instances"][0]["status"]


async def test_many_changes_are_few_events(api: "Api") -> None:
    async with listening(api) as page:
        await page.next()
        began = asyncio.get_running_loop().time()
        for _ in range(60):
            await api.query()
        took = asyncio.get_running_loop().time() - began
        heard = 0
        while (await page.next()).state["requests"]["last"] < 60:
            heard += 1

    assert heard <= took / 0.05 + 2  # twice as many as it looks in that time


async def test_who_comes_back_hears_nothing_if_nothing_has_changed(api: "Api") -> None:
    async with listening(api) as page:
        first = await page.next()
    async with listening(api, first.id) as page:
        await api.query()
        second = await page.next()

    assert first.state["run"] == second.state["run"]
    assert {"requests"} == second.differs_from(first)


async def test_who_missed_something_hears_of_it_at_once(api: "Api") -> None:
    async with listening(api) as page:
        first = await page.next()
    await api.create()
    async with listening(api, first.id) as page:
        second = await page.next()

    assert ("state", {"packages", "requests"}) == (second.kind, second.differs_from(first))


@pytest.mark.parametrize("last", ["another-5", "nonsense", "-", "0"])
async def test_who_comes_from_another_run_is_told_to_forget(api: "Api", last: str) -> None:
    async with listening(api, last) as page:
        news = await page.next()
        await api.query()

        assert ("resync", "state") == (news.kind, (await page.next()).kind)


async def test_a_restart_is_another_run(api: "Api") -> None:
    async with listening(api) as page:
        first = await page.next()
    await api.emulator.stop()
    await api.emulator.start()
    async with listening(api, first.id) as page:
        assert "resync" == (await page.next()).kind


async def test_a_stop_ends_the_streams_at_once(api: "Api") -> None:
    async with listening(api) as page:
        await page.next()
        await api.emulator.stop()

        assert b"" == (await page.end()).strip()


async def test_a_page_that_goes_away_is_forgotten(api: "Api") -> None:
    async with listening(api) as page:
        await page.next()
        hub = _hub(api)
        assert 1 == hub.streams
        page.answer.close()
        async with asyncio.timeout(WATCHDOG_SECONDS):
            while hub.streams:  # noqa: ASYNC110 # nothing tells when it is forgotten
                await asyncio.sleep(0)


async def test_a_page_that_does_not_read_slows_nobody_and_piles_nothing_up(api: "Api") -> None:
    url = URL(api.emulator.url)
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
    deaf.connect((url.host, url.port))
    deaf.sendall(f"GET {PATH} HTTP/1.1\r\nHost: {url.host}:{url.port}\r\n\r\n".encode())
    try:
        async with listening(api) as page:
            heard = await page.next()
            for _ in range(200):
                await api.query()
            while heard.state["requests"]["last"] < 200:
                heard = await page.next()
        # One that does not read waits in a write of its own, with one event in hand.
        assert 200 == heard.state["requests"]["kept"]
    finally:
        deaf.close()


async def test_there_is_an_end_to_how_many_may_listen(
    api: "Api", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MOST_STREAMS", 1)
    async with listening(api) as page:
        await page.next()
        async with api.session.get(api.emulator.url + PATH) as second:
            assert 503 == second.status


async def test_a_silent_stream_shows_that_it_lives(
    api: "Api", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "_BEAT_SECONDS", 0.0)
    async with listening(api) as page:
        await page.next()
        async with asyncio.timeout(WATCHDOG_SECONDS):
            lines = {await page.answer.content.readline() for _ in range(4)}

    assert b": still here\n" in lines


async def test_listening_is_no_request_of_the_api(api: "Api") -> None:
    async with listening(api) as page:
        await page.next()

    assert [] == (await api.control("GET", "requests"))["requests"]


def _hub(api: "Api") -> live.Live:
    control = api.emulator._control  # pyright: ignore[reportPrivateUsage] # nothing tells it outside
    assert control is not None
    return control.inspector.live
