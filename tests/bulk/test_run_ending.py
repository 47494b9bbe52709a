"""How runs end before their orders do: stopped, broken off, cancelled, or by an error."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from bulk_orders import Wire, carry_out, new_client, order, orders, words

from wixreseller import AsyncClient, RateLimit, bulk, errors
from wixreseller.bulk import Order, Outcome
from wixreseller.bulk.journal_sqlite import SqliteJournal
from wixreseller.bulk.stopping import Stop
from wixreseller.bulk.summary import StopReason
from wixreseller.emulator import Emulator


async def states(path: Path) -> dict[str, int]:
    """Count the orders of a journal by state, without the states that none is in."""
    async with SqliteJournal(path, is_reader=True) as journal:
        return {state: count for state, count in (await journal.counts()).items() if count}


async def test_a_stop_finishes_the_creates_in_flight_and_sends_nothing_more(
    client: AsyncClient, wire: Wire, tmp_path: Path
) -> None:
    wire.holds_creates = asyncio.Event()
    stop = Stop()
    running = asyncio.create_task(
        carry_out(client, orders(50), stop=stop, max_concurrency=4, journal=tmp_path / "j")
    )
    await wire.create_arrived.wait()
    stop.request(StopReason.INTERRUPTED)
    wire.holds_creates.set()
    outcomes = await running
    assert StopReason.INTERRUPTED is stop.reason
    packages = {package.id for package in await client.packages.query().collect()}
    assert packages == {outcome.package_id for outcome in outcomes.values()}
    assert len(outcomes) == wire.sent["packages"] <= 4
    assert {"done": len(outcomes), "planned": 50 - len(outcomes)} == await states(tmp_path / "j")


async def test_a_run_that_is_cancelled_leaves_what_it_had_sent_as_an_intent(
    client: AsyncClient, wire: Wire, tmp_path: Path
) -> None:
    wire.holds_creates = asyncio.Event()
    asked = orders(9)
    running = asyncio.create_task(
        carry_out(client, asked, max_concurrency=1, journal=tmp_path / "j")
    )
    await wire.create_arrived.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert {"intent": 1, "planned": 8} == await states(tmp_path / "j")
    wire.holds_creates = None
    assert {"created": 9} == words(await carry_out(client, asked, journal=tmp_path / "j"))
    assert 9 == wire.sent["packages"]


async def test_an_error_of_the_orders_comes_out_as_itself_after_what_is_in_flight_is_finished(
    client: AsyncClient, tmp_path: Path
) -> None:
    def broken() -> Iterator[Order]:
        yield from orders(100)
        raise RuntimeError("the source broke")

    told: list[Outcome] = []
    with pytest.raises(RuntimeError, match="the source broke"):
        async for outcome in bulk.run(client, broken(), journal=tmp_path / "j"):
            told.append(outcome)  # noqa: PERF401  # what was told before it broke
    found = await states(tmp_path / "j")
    assert len(told) == found.get("done", 0)
    assert 100 == sum(found.values())
    assert {"done", "planned"} >= set(found)


async def test_an_error_in_the_loop_body_sends_nothing_more(
    client: AsyncClient, wire: Wire, tmp_path: Path
) -> None:
    async def write(_: Outcome) -> None:
        raise OSError(28, "No space left on device")

    run = bulk.run(client, orders(50), max_concurrency=2, journal=tmp_path / "j")
    with pytest.raises(OSError, match="No space left"):
        async with contextlib.aclosing(run):
            async for outcome in run:
                await write(outcome)
    found = await states(tmp_path / "j")
    assert found["done"] == wire.sent["packages"] <= 4
    assert {"done", "planned"} == set(found)


async def test_a_rate_limit_that_lets_nothing_out_stops_the_run(
    emulator: Emulator, wire: Wire, tmp_path: Path
) -> None:
    stop = Stop()
    limit = RateLimit(5, per=60.0, max_wait=0)
    async with new_client(emulator, wire, rate_limit=limit) as hasty:
        with pytest.raises(errors.PacingError):
            await carry_out(hasty, orders(100), journal=tmp_path / "j", stop=stop)
    assert StopReason.LIMIT is stop.reason
    assert {"query": 1, "packages": 4} == dict(wire.sent)
    assert {"done": 4, "planned": 96} == await states(tmp_path / "j")


async def test_an_order_that_comes_twice_is_refused(client: AsyncClient) -> None:
    with pytest.raises(errors.ConfigurationError, match="came twice"):
        await carry_out(client, [order("one"), order("two"), order("one")])
