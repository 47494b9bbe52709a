"""Runs that are asked to stop: nothing more is sent, what is in flight is finished, at once."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from bulk_journals import LoopJournal, states_of
from bulk_orders import Wire, carry_out, order, orders, words
from safety_client import world
from safety_time import in_jumping_time

from wixreseller import AsyncClient, Hooks, RateLimit, errors
from wixreseller.bulk import Order
from wixreseller.bulk.stopping import Stop
from wixreseller.bulk.summary import StopReason
from wixreseller.hooks import Retrying


def endless() -> Iterator[Order]:
    return (order(f"sub-{number}") for number in itertools.count())


async def endless_slowly() -> AsyncIterator[Order]:
    for asked in endless():
        await asyncio.sleep(3600.0)
        yield asked


async def stop_after(seconds: float, stop: Stop) -> float:
    """Stop a run after a time, and give the moment of that."""
    await asyncio.sleep(seconds)
    stop.request(StopReason.INTERRUPTED)
    return asyncio.get_running_loop().time()


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
    assert {"done": len(outcomes), "planned": 50 - len(outcomes)} == await states_of(tmp_path / "j")


async def test_a_run_that_is_stopped_before_it_begins_does_nothing(
    client: AsyncClient, wire: Wire
) -> None:
    stop = Stop()
    stop.request()
    assert {} == await carry_out(client, endless(), stop=stop)
    assert {} == dict(wire.sent)


async def test_the_first_reason_of_a_stop_is_the_one_that_counts() -> None:
    stop = Stop()
    calls: list[int] = []
    stop.on_request(lambda: calls.append(1))
    stop.request(StopReason.INTERRUPTED)
    stop.request(StopReason.LIMIT, errors.PacingError("late", retry_after=1.0))
    assert (StopReason.INTERRUPTED, None, [1]) == (stop.reason, stop.error, calls)


@in_jumping_time
async def test_endless_orders_are_carried_out_until_a_stop_in_the_order_they_come(
    tmp_path: Path,
) -> None:
    stop, limit = Stop(), RateLimit(10, per=60.0)
    async with world() as here, here.client(rate_limit=limit) as client:
        stopping = asyncio.ensure_future(stop_after(600.0, stop))
        async with LoopJournal(tmp_path / "j") as journal:
            outcomes = await carry_out(client, endless(), stop=stop, journal=journal)
        await stopping
        assert {"created": len(outcomes)} == words(outcomes)
        assert set(outcomes) == {f"sub-{number}" for number in range(len(outcomes))}
        # Ten requests a minute in ten minutes, a look for a hundred of them.
        assert 98 <= len(outcomes) <= 109


@in_jumping_time
async def test_orders_that_come_one_at_a_time_are_not_held_back_until_there_are_many(
    tmp_path: Path,
) -> None:
    async with world() as here, here.client() as client, LoopJournal(tmp_path / "j") as journal:
        stop = Stop()
        stopping = asyncio.ensure_future(stop_after(3 * 3600.0 + 60.0, stop))
        outcomes = await carry_out(client, endless_slowly(), stop=stop, journal=journal)
        await stopping
        assert {"created": 3} == words(outcomes)


@in_jumping_time
async def test_what_waits_for_the_rate_limit_is_not_sent_and_stays_planned(
    tmp_path: Path,
) -> None:
    async with world() as here, here.client(rate_limit=RateLimit(5, per=60.0)) as client:
        stop = Stop()
        stopping = asyncio.ensure_future(stop_after(1.0, stop))
        async with LoopJournal(tmp_path / "j") as journal:
            outcomes = await carry_out(client, orders(50), stop=stop, journal=journal)
            assert 1.0 >= here.loop.time() - await stopping
        assert {"created": 4} == words(outcomes)
        assert {"done": 4, "planned": 46} == await states_of(tmp_path / "j")
        assert 4 == await here.committed("createPackageV2")


@in_jumping_time
async def test_what_waits_to_be_sent_again_after_a_429_is_not_sent_and_stays_planned(
    tmp_path: Path,
) -> None:
    async with world() as here, here.client() as client:
        options = {"Retry-After": "50"}
        await here.fault(
            "status", status=429, headers=options, operation="createPackageV2", times=None
        )
        stop = Stop()
        stopping = asyncio.ensure_future(stop_after(5.0, stop))
        async with LoopJournal(tmp_path / "j") as journal:
            outcomes = await carry_out(client, orders(3), stop=stop, journal=journal)
            assert 1.0 >= here.loop.time() - await stopping
        assert {} == outcomes
        assert {"planned": 3} == await states_of(tmp_path / "j")
        assert 0 == await here.committed("createPackageV2")


@in_jumping_time
async def test_what_cannot_be_seen_yet_is_looked_for_once_more_and_stays_unknown(
    tmp_path: Path,
) -> None:
    async with world(visibility_lag_seconds=60.0) as here, here.client() as client:
        await here.fault("drop_after_commit", operation="createPackageV2")
        stop = Stop()
        stopping = asyncio.ensure_future(stop_after(3.0, stop))
        async with LoopJournal(tmp_path / "j") as journal:
            outcomes = await carry_out(client, orders(1), stop=stop, journal=journal)
            assert 1.0 >= here.loop.time() - await stopping
            assert "NOT_SEEN" == outcomes["sub-0"].code
            await here.sleep(60.0)
            again = await carry_out(client, orders(1), journal=journal)
        assert {"created": 1} == words(again)
        assert 1 == await here.committed("createPackageV2")


@in_jumping_time
async def test_a_stop_does_not_wait_for_the_rate_limit_to_look_once_more(tmp_path: Path) -> None:
    async with world() as here, here.client(rate_limit=RateLimit(2, per=600.0)) as client:
        await here.fault("drop_after_commit", operation="createPackageV2")
        stop = Stop()
        stopping = asyncio.ensure_future(stop_after(5.0, stop))
        async with LoopJournal(tmp_path / "j") as journal:
            outcomes = await carry_out(client, orders(1), stop=stop, journal=journal)
        assert 10.0 >= here.loop.time() - await stopping
        assert "NOT_ASKED" == outcomes["sub-0"].code


@in_jumping_time
async def test_a_stop_sends_nothing_again_that_was_to_be_sent_again(tmp_path: Path) -> None:
    async with world() as here, here.client() as client:
        await here.fault("drop_before_commit", operation="createPackageV2", times=None)
        stop = Stop()
        stopping = asyncio.ensure_future(stop_after(3.0, stop))
        async with LoopJournal(tmp_path / "j") as journal:
            outcomes = await carry_out(
                client, orders(2), stop=stop, journal=journal, resend_absent=True
            )
        await stopping
        assert {"unknown": 2} == words(outcomes)
        assert 2 == len(await here.writes())


# --- stops of the run's own ---------------------------------------------------------------------


@in_jumping_time
async def test_a_rate_limit_that_lets_nothing_out_stops_the_run(tmp_path: Path) -> None:
    stop = Stop()
    limit = RateLimit(5, per=60.0, max_wait=0)
    async with world() as here, here.client(rate_limit=limit) as hasty:
        async with LoopJournal(tmp_path / "j") as journal:
            with pytest.raises(errors.PacingError):
                await carry_out(hasty, orders(100), journal=journal, stop=stop)
        assert 4 == await here.committed("createPackageV2")
    assert StopReason.LIMIT is stop.reason
    assert {"done": 4, "planned": 96} == await states_of(tmp_path / "j")


@in_jumping_time
async def test_a_429_that_does_not_end_stops_the_run_and_nothing_has_failed(
    tmp_path: Path,
) -> None:
    stop = Stop()
    async with world() as here, here.client() as client:
        await here.fault("status", status=429, operation="createPackageV2", times=None)
        async with LoopJournal(tmp_path / "j") as journal:
            with pytest.raises(errors.RateLimitError):
                await carry_out(client, orders(3), journal=journal, stop=stop)
    assert StopReason.LIMIT is stop.reason
    assert {"planned": 3} == await states_of(tmp_path / "j")


@in_jumping_time
async def test_a_429_that_ends_is_sat_out_and_a_hook_hears_of_each(tmp_path: Path) -> None:
    told: list[tuple[str, str, float]] = []

    async def note(event: Retrying) -> None:
        told.append((event.operation, type(event.error).__name__, event.delay))

    async with world() as here, here.client(hooks=Hooks(on_retry=note)) as client:
        headers = {"Retry-After": "20"}
        await here.fault(
            "status", status=429, headers=headers, operation="createPackageV2", times=7
        )
        async with LoopJournal(tmp_path / "j") as journal:
            outcomes = await carry_out(client, orders(5), journal=journal)
    assert {"created": 5} == words(outcomes)
    assert [("create_package", "RateLimitError", 20.0)] * 7 == told


@in_jumping_time
async def test_a_429_with_a_code_of_its_own_fails_its_order_alone(tmp_path: Path) -> None:
    async with world() as here, here.client() as client:
        await here.fault(
            "status",
            status=429,
            code="VOUCHER_ALREADY_USED",
            operation="createPackageV2",
            external_id="sub-1",
            times=None,
        )
        async with LoopJournal(tmp_path / "j") as journal:
            outcomes = await carry_out(client, orders(3), journal=journal)
    assert {"created": 2, "failed": 1} == words(outcomes)
    assert "VOUCHER_ALREADY_USED" == outcomes["sub-1"].code


@pytest.mark.parametrize("status", [401, 403])
@in_jumping_time
async def test_a_key_that_is_refused_stops_the_run_and_what_was_sent_is_planned_again(
    tmp_path: Path, status: int
) -> None:
    stop = Stop()
    async with world() as here, here.client() as client:
        await here.fault("status", status=status, operation="createPackageV2", nth=3, times=None)
        async with LoopJournal(tmp_path / "j") as journal:
            kind = errors.AuthenticationError if status == 401 else errors.PermissionDeniedError
            with pytest.raises(kind):
                await carry_out(client, orders(50), journal=journal, stop=stop)
        made = await here.committed("createPackageV2")
        assert 2 == made
    assert StopReason.AUTHENTICATION is stop.reason
    assert {"done": 2, "planned": 48} == await states_of(tmp_path / "j")
