"""Ensures of one order share a flight across the loops of a process, and none waits for ever."""

# How many wait shows nowhere else.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest
from raw_server import GUID, RawServer, answer

from wixreseller import (
    AsyncClient,
    Client,
    OutcomeUnknownError,
    Product,
    RequestTimeoutError,
    _flights,
    reconcile,
)
from wixreseller._clock import Clock
from wixreseller._flights import Flight, Landed
from wixreseller.sync import _beside

PRODUCT = Product(catalog_product_id=GUID, country_code="BR")
NAME = "sub-1"
NOTHING = answer(b'{"packages": [], "metadata": {}}')


class Shop:
    """Answer that there is nothing, and hold back the answer to a create."""

    def __init__(self) -> None:
        self.server = RawServer([])
        self.is_asked = threading.Event()
        self.is_ordered = threading.Event()
        self.is_let_go = asyncio.Event()
        self.looks_are_answered = True

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        while head := await reader.read(65536):
            self.server.requests.append(head)
            self.is_asked.set()
            is_look = b"/query" in head.partition(b"\r\n")[0]
            if not is_look:
                self.is_ordered.set()
            if not (is_look and self.looks_are_answered):
                await self.is_let_go.wait()
            writer.write(NOTHING if is_look else answer())
        writer.close()

    @property
    def settings(self) -> dict[str, str]:
        """What clients are made with."""
        return {"api_key": "EMU.demo", "account_id": GUID, "base_url": self.server.url}

    @property
    def orders(self) -> int:
        """How many creates came."""
        return sum(b"/query" not in request.partition(b"\r\n")[0] for request in self.requests)

    @property
    def requests(self) -> list[bytes]:
        """What came."""
        return self.server.requests

    async def ensure(self, deadline: float = 30.0) -> str:
        """Ensure the order with a client of one's own, and tell the outcome."""
        async with AsyncClient(**self.settings) as client:  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
            ensured = await client.packages.ensure([PRODUCT], external_id=NAME, deadline=deadline)
        return ensured.outcome

    def ensure_and_block(self) -> str:
        """Do so with a blocking client."""
        with Client(**self.settings) as client:  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
            return client.packages.ensure([PRODUCT], external_id=NAME).outcome


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    shop = Shop()
    listening = await asyncio.start_server(shop.serve, "127.0.0.1", 0)
    shop.server.port = listening.sockets[0].getsockname()[1]
    yield shop
    shop.is_let_go.set()
    listening.close()
    await listening.wait_closed()


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> threading.Semaphore:
    """Count the calls that wait for another."""
    count, landing = threading.Semaphore(0), _flights.landing

    async def counted(flight: Flight, clock: Clock, until: float | None) -> Landed:
        count.release()
        return await landing(flight, clock, until)

    monkeypatch.setattr(reconcile, "landing", counted)
    return count


async def test_calls_on_loops_of_other_threads_and_blocking_ones_share_one_create(
    shop: Shop, waiting: threading.Semaphore
) -> None:
    leader = asyncio.ensure_future(asyncio.to_thread(asyncio.run, shop.ensure()))
    await asyncio.to_thread(shop.is_ordered.wait, 30)
    followers = [
        asyncio.ensure_future(asyncio.to_thread(asyncio.run, shop.ensure())),
        asyncio.ensure_future(asyncio.to_thread(shop.ensure_and_block)),
        asyncio.ensure_future(shop.ensure()),
    ]
    for _ in followers:
        await asyncio.to_thread(waiting.acquire, timeout=30)
    shop.is_let_go.set()

    assert ["created", *["existing"] * 3] == await asyncio.gather(leader, *followers)
    assert 1 == shop.orders


async def test_who_waits_for_another_call_waits_no_longer_than_its_own_deadline(
    shop: Shop,
) -> None:
    shop.looks_are_answered = False
    leader = asyncio.ensure_future(shop.ensure())
    await asyncio.to_thread(shop.is_asked.wait, 30)
    with pytest.raises(RequestTimeoutError, match="nothing was sent for this order"):
        await shop.ensure(deadline=0.05)
    leader.cancel()
    await asyncio.wait({leader})


async def test_who_waits_too_long_for_an_order_that_was_sent_does_not_know_what_became_of_it(
    shop: Shop,
) -> None:
    leader = asyncio.ensure_future(shop.ensure())
    await asyncio.to_thread(shop.is_ordered.wait, 30)
    with pytest.raises(OutcomeUnknownError, match="may have been sent") as caught:
        await shop.ensure(deadline=0.05)
    shop.is_let_go.set()

    assert ("created", 1) == (await leader, shop.orders)
    assert (NAME, GUID) == (caught.value.external_id, caught.value.account_id)


async def test_a_call_on_a_loop_that_was_left_is_not_waited_for(shop: Shop) -> None:
    left = asyncio.new_event_loop()
    shop.looks_are_answered = False
    leader = left.create_task(shop.ensure())

    def leave() -> None:
        for _ in range(20):
            left.run_until_complete(asyncio.sleep(0.001))

    await asyncio.to_thread(leave)
    shop.looks_are_answered = True
    shop.is_let_go.set()

    assert "created" == await shop.ensure()

    def end() -> None:
        leader.cancel()
        left.run_until_complete(asyncio.wait({leader}))
        left.close()

    await asyncio.to_thread(end)


async def test_a_blocking_call_on_the_thread_of_the_call_that_it_waits_for_does_not_hang(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_flights, "_SECONDS_HELD_UP", 0.1)
    monkeypatch.setattr(_beside, "_has_warned", True)  # that it holds the loop up
    is_refused = threading.Event()

    async def hold_up() -> str:
        leader = asyncio.ensure_future(shop.ensure())
        await asyncio.to_thread(shop.is_ordered.wait, 30)
        with pytest.raises(OutcomeUnknownError, match="may have been sent"):
            shop.ensure_and_block()
        is_refused.set()
        return await leader

    call = asyncio.ensure_future(asyncio.to_thread(asyncio.run, hold_up()))
    await asyncio.to_thread(is_refused.wait, 30)
    shop.is_let_go.set()

    assert ("created", 1) == (await call, shop.orders)
