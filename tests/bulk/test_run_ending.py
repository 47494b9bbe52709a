"""How runs end before their orders do: broken off, cancelled, or by an error."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from bulk_journals import states_of
from bulk_orders import BASIC, Wire, cancel, carry_out, new_client, order, orders, read_into, words

from wixreseller import AsyncClient, bulk, errors
from wixreseller.bulk import Order, Outcome
from wixreseller.bulk.journal import entry_of
from wixreseller.bulk.journal_sqlite import SqliteJournal
from wixreseller.bulk.stopping import Stop
from wixreseller.emulator import Emulator


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "orders.journal"


# --- cancelled ----------------------------------------------------------------------------------


async def test_a_run_that_is_cancelled_leaves_what_it_had_sent_as_an_intent(
    client: AsyncClient, wire: Wire, journal: Path
) -> None:
    wire.holds_creates = asyncio.Event()
    asked = orders(9)
    running = asyncio.create_task(carry_out(client, asked, max_concurrency=1, journal=journal))
    await wire.create_arrived.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert {"intent": 1, "planned": 8} == await states_of(journal)
    wire.holds_creates = None
    assert {"created": 9} == words(await carry_out(client, asked, journal=journal))
    assert 9 == wire.sent["packages"]


async def test_a_second_cancellation_ends_at_once_what_the_first_would_finish(
    client: AsyncClient, wire: Wire, journal: Path
) -> None:
    wire.holds_creates = asyncio.Event()
    run = bulk.run(client, orders(9), journal=journal)

    async def break_off() -> None:
        async with contextlib.aclosing(run):
            async for _ in run:
                pass

    consumer = asyncio.create_task(break_off())
    await wire.create_arrived.wait()
    consumer.cancel()
    await asyncio.sleep(0)
    consumer.cancel()
    await asyncio.wait({consumer})
    assert consumer.cancelled()
    assert set() == {task for task in asyncio.all_tasks() if "Engine" in repr(task)}
    assert {"intent": 9} == await states_of(journal)


async def test_breaking_off_waits_for_what_is_in_flight_unless_that_is_cancelled_too(
    client: AsyncClient, wire: Wire, journal: Path
) -> None:
    wire.holds_creates = asyncio.Event()
    run = bulk.run(client, [cancel("nobody"), *orders(4)], journal=journal)
    assert "failed" == (await anext(run)).outcome
    await wire.create_arrived.wait()
    closing = asyncio.create_task(run.aclose())
    await asyncio.sleep(0.05)
    assert not closing.done()
    closing.cancel()
    await asyncio.wait({closing})
    assert closing.cancelled()
    assert set() == {task for task in asyncio.all_tasks() if "Engine" in repr(task)}
    assert {"failed", "intent"} == set(await states_of(journal))


async def test_a_cancellation_while_the_journal_is_opened_leaves_it_closed(
    client: AsyncClient, journal: Path
) -> None:
    for _ in range(5):
        running = asyncio.create_task(carry_out(client, orders(1), journal=journal))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        running.cancel()
        await asyncio.wait({running})
    outcomes: dict[str, Outcome] = {}
    while not outcomes:  # it is opened on a thread, which nobody can cancel
        with contextlib.suppress(errors.JournalHeldError):
            outcomes = await carry_out(client, orders(1), journal=journal)
        await asyncio.sleep(0.01)
    assert {"created": 1} == words(outcomes)


# --- broken off ---------------------------------------------------------------------------------


async def test_breaking_off_finishes_what_is_in_flight_and_sends_nothing_more(
    client: AsyncClient, wire: Wire, journal: Path
) -> None:
    run = bulk.run(client, orders(300), max_concurrency=4, journal=journal)
    async with contextlib.aclosing(run):
        async for _ in run:
            break
    found = await states_of(journal)
    assert {"done", "planned"} == set(found)
    assert found["done"] == wire.sent["packages"] <= 8
    assert set() == {task for task in asyncio.all_tasks() if "Engine" in repr(task)}


async def test_an_error_in_the_loop_body_sends_nothing_more(
    client: AsyncClient, wire: Wire, journal: Path
) -> None:
    async def write_each(outcomes: AsyncIterator[Outcome]) -> None:
        async for _ in outcomes:
            raise OSError(28, "No space left on device")

    run = bulk.run(client, orders(50), max_concurrency=2, journal=journal)
    with pytest.raises(OSError, match="No space left"):
        await write_each(run)
    await run.aclose()
    found = await states_of(journal)
    assert found["done"] == wire.sent["packages"] <= 4
    assert {"done", "planned"} == set(found)


async def test_a_run_that_was_never_begun_leaves_nothing(
    client: AsyncClient, wire: Wire, journal: Path
) -> None:
    run = bulk.run(client, orders(5), journal=journal)
    await run.aclose()
    assert [] == await asyncio.to_thread(lambda: [*journal.parent.iterdir()])
    assert {} == dict(wire.sent)


# --- errors of the orders -----------------------------------------------------------------------


async def test_an_error_of_the_orders_comes_out_as_itself_after_what_is_in_flight_is_finished(
    client: AsyncClient, journal: Path
) -> None:
    def broken() -> Iterator[Order]:
        yield from orders(300)
        raise RuntimeError("the source broke")

    told: list[Outcome] = []
    with pytest.raises(RuntimeError, match="the source broke"):
        await read_into(told, bulk.run(client, broken(), journal=journal))
    found = await states_of(journal)
    assert len(told) == found.get("done", 0)
    assert {"done", "planned"} >= set(found)


async def test_an_iterable_that_is_cancelled_from_within_ends_the_run_with_an_error(
    client: AsyncClient, journal: Path
) -> None:
    async def dying() -> AsyncIterator[Order]:
        yield order("sub-0")
        lost = asyncio.create_task(asyncio.sleep(60))
        lost.cancel()
        await lost

    with pytest.raises(RuntimeError, match="cancelled before its end") as caught:
        await carry_out(client, dying(), journal=journal)
    assert isinstance(caught.value.__cause__, asyncio.CancelledError)


@pytest.mark.parametrize("item", [1, "sub-1", None, {"external_id": "sub-1"}])
async def test_what_is_no_order_is_refused_by_name(
    client: AsyncClient, wire: Wire, item: Order
) -> None:
    with pytest.raises(
        errors.ConfigurationError, match="orders must give Order objects, not"
    ) as it:
        await carry_out(client, [order("sub-1"), item])
    assert "orders" == it.value.field
    assert {} == dict(wire.sent)


@pytest.mark.parametrize("distance", [1, 99, 250])
async def test_an_order_that_comes_twice_is_refused_however_far_apart(
    client: AsyncClient, wire: Wire, distance: int
) -> None:
    asked = [*orders(distance), order("sub-0")]
    with pytest.raises(errors.ConfigurationError, match=r"'sub-0' for account .* came twice"):
        await carry_out(client, asked)
    assert wire.sent["packages"] <= distance


async def test_an_order_that_comes_twice_with_another_content_is_refused(
    client: AsyncClient,
) -> None:
    with pytest.raises(errors.JournalError, match="another order of 'sub-1'"):
        await carry_out(client, [order("sub-1"), order("sub-1", BASIC, BASIC)])


# --- the journal and the client -----------------------------------------------------------------


async def test_a_second_run_on_one_journal_is_refused_with_the_name_of_the_first(
    client: AsyncClient, wire: Wire, journal: Path
) -> None:
    wire.holds_creates = asyncio.Event()
    first = asyncio.create_task(carry_out(client, orders(2), journal=journal))
    await wire.create_arrived.wait()
    with pytest.raises(errors.JournalHeldError, match="is being written by process") as caught:
        await carry_out(client, orders(2), journal=journal)
    assert "process" in caught.value.holder
    wire.holds_creates.set()
    assert {"created": 2} == words(await first)
    assert 2 == wire.sent["packages"]


async def test_a_journal_of_another_server_is_refused(
    emulator: Emulator, client: AsyncClient, journal: Path
) -> None:
    await carry_out(client, orders(1), journal=journal)
    async with Emulator(rate_limit="off") as other, new_client(other) as stranger:
        with pytest.raises(errors.ConfigurationError, match="is of a run against"):
            await carry_out(stranger, orders(1), journal=journal)
        assert [] == await stranger.packages.query().collect()


async def test_a_changed_order_under_a_known_name_is_refused_before_anything_is_sent(
    client: AsyncClient, wire: Wire, journal: Path
) -> None:
    await carry_out(client, [], journal=journal)
    async with SqliteJournal(journal) as kept:
        await kept.add([entry_of(order("sub-1"), 0)], 0.0)
    with pytest.raises(errors.JournalError, match="a changed order needs a journal of its own"):
        await carry_out(client, [order("sub-1", BASIC, BASIC)], journal=journal)
    assert {} == dict(wire.sent)


async def test_a_client_that_is_closed_meanwhile_fails_no_order(
    emulator: Emulator, wire: Wire, journal: Path
) -> None:
    client = new_client(emulator, wire)
    told: list[Outcome] = []
    run = bulk.run(client, orders(300), max_concurrency=2, journal=journal)
    told.append(await anext(run))
    await client.aclose()
    with pytest.raises(errors.ClientClosedError):
        await read_into(told, run)
    # What was on its way when its connection was closed may have arrived.
    assert {"created", "unknown"} >= {outcome.outcome for outcome in told}
    assert "failed" not in await states_of(journal)


async def test_a_run_that_ended_by_itself_leaves_the_stop_of_its_caller_alone(
    client: AsyncClient,
) -> None:
    stop = Stop()
    await carry_out(client, orders(2), stop=stop)
    assert not stop.is_set
    assert {"created": 1} == words(await carry_out(client, [order("more")], stop=stop))
