"""Times when Wix cannot be reached: nothing fails, nothing is lost, and some day it is enough."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from bulk_journals import LoopJournal, states_of
from bulk_orders import ACCOUNT, carry_out, orders, words
from fake_clock import FakeClock
from held_port import held_port
from hypothesis import given, settings
from hypothesis import strategies as st
from safety_client import world
from safety_time import JumpingLoop, in_jumping_time

import wixreseller.client
from wixreseller import AsyncClient, Hooks, errors
from wixreseller.bulk.outage import PATIENCE, Outage, Reach
from wixreseller.bulk.stopping import Stop
from wixreseller.bulk.summary import StopReason
from wixreseller.emulator import Clock as EmulatorClock
from wixreseller.emulator import Emulator
from wixreseller.hooks import AttemptEnded, Retrying

# --- the pure part ------------------------------------------------------------------------------


def test_pauses_grow_to_half_a_minute_and_patience_ends_after_five() -> None:
    time = FakeClock()
    outage = Outage(time.clock())
    began, pauses = time.now, list[float]()
    while outage.failed():
        pauses.append(outage.seconds_left)
        time.now += outage.seconds_left
    assert [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0] == pauses[:7]
    assert {30.0} == set(pauses[5:])
    assert PATIENCE <= time.now - began < PATIENCE + 30.0


def test_those_that_fail_together_count_once() -> None:
    outage = Outage(FakeClock().clock())
    for _ in range(100):
        outage.failed()
    assert 1.0 == outage.seconds_left


def test_one_answer_ends_it_and_the_next_one_begins_anew() -> None:
    time = FakeClock()
    outage = Outage(time.clock())
    for _ in range(20):
        outage.failed()
        time.now += outage.seconds_left
    outage.over()
    assert (False, 0.0) == (outage.is_on, outage.seconds_left)
    assert outage.failed()
    assert 1.0 == outage.seconds_left


@settings(deadline=None)
@given(chance=st.floats(0, 1))
def test_chance_makes_a_pause_longer_by_a_fifth_at_most_and_never_shorter(chance: float) -> None:
    outage = Outage(FakeClock().clock(chance=chance))
    outage.failed()
    assert 1.0 <= round(outage.seconds_left, 6) <= 1.2


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (errors.PacingError("late", retry_after=1.0), StopReason.LIMIT),
        (errors.ClientClosedError("closed"), None),
        (errors.ConfigurationError("wrong"), None),
    ],
    ids=lambda it: type(it).__name__,
)
def test_what_waiting_does_not_help_against_is_raised_at_once(
    error: errors.WixResellerError, reason: StopReason | None
) -> None:
    stop = Stop()
    with pytest.raises(type(error)):
        Reach(FakeClock().clock(), stop).failed(error)
    assert reason is stop.reason


# --- a server that goes and comes back ----------------------------------------------------------


class Server:
    """Run an emulator that can go away, and come back at the same address as it was."""

    def __init__(self, loop: JumpingLoop, db: Path, port: int) -> None:
        self._loop, self._db, self._port = loop, db, port
        self._running: Emulator | None = None

    async def start(self) -> str:
        clock = EmulatorClock(source=self._loop.posix)
        self._running = Emulator(rate_limit="off", clock=clock, db=self._db, port=self._port)
        await self._running.__aenter__()
        return self._running.url

    async def stop(self) -> None:
        if self._running is not None:
            await self._running.__aexit__(None, None, None)
            self._running = None


@asynccontextmanager
async def server(
    folder: Path, hooks: Hooks | None = None
) -> AsyncGenerator[tuple[Server, AsyncClient]]:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, JumpingLoop)
    with held_port() as port:
        running = Server(loop, folder / "emulator.db", port)
        url = await running.start()
        with pytest.MonkeyPatch.context() as patch:
            clock = loop.clock()
            patch.setattr(wixreseller.client, "Clock", lambda: clock)
            client = AsyncClient(
                api_key="EMU.demo",
                account_id=ACCOUNT,
                base_url=url,
                rate_limit=None,
                hooks=hooks or Hooks(),
            )
        async with client:
            yield running, client
        await running.stop()


async def away(running: Server, after: float, seconds: float) -> None:
    await asyncio.sleep(after)
    await running.stop()
    await asyncio.sleep(seconds)
    await running.start()


async def slowly(count: int) -> AsyncIterator[object]:
    for asked in orders(count):
        await asyncio.sleep(1.0)
        yield asked


@pytest.mark.parametrize("seconds", [5.0, 250.0])
@in_jumping_time
async def test_an_outage_costs_no_order_and_is_over_soon_after_its_end(
    tmp_path: Path, seconds: float
) -> None:
    async with server(tmp_path) as (running, client):
        going = asyncio.ensure_future(away(running, 10.0, seconds))
        began = asyncio.get_running_loop().time()
        async with LoopJournal(tmp_path / "j") as journal:
            outcomes = await carry_out(client, slowly(60), journal=journal)  # type: ignore[arg-type]
        took = asyncio.get_running_loop().time() - began
        await going
        assert {"created": 60} == words(outcomes)
        names = [package.external_id async for package in client.packages.query()]
        assert 60 == len(names) == len(set(names))
        assert took <= max(60.0, 10.0 + seconds + 50.0) + 15.0


@in_jumping_time
async def test_a_hook_hears_each_time_that_an_order_will_be_sent_again_and_when(
    tmp_path: Path,
) -> None:
    told: list[tuple[str, str, int]] = []

    async def looked_for(event: AttemptEnded) -> None:
        if event.operation == "query_packages":
            await running.stop()

    async def note(event: Retrying) -> None:
        told.append((event.operation, type(event.error).__name__, round(event.delay)))
        if 3 == len(told):
            await running.start()

    hooks = Hooks(after_attempt=looked_for, on_retry=note)
    async with server(tmp_path, hooks) as (running, client), LoopJournal(tmp_path / "j") as journal:
        outcomes = await carry_out(client, orders(1), journal=journal)
    assert {"created": 1} == words(outcomes)
    assert [("create_package", "ConnectFailedError", wait) for wait in (1, 2, 4)] == told


@in_jumping_time
async def test_a_server_that_was_never_there_stops_the_run_after_five_minutes_with_all_planned(
    tmp_path: Path,
) -> None:
    stop = Stop()
    async with server(tmp_path) as (running, client):
        await running.stop()
        began = asyncio.get_running_loop().time()
        async with LoopJournal(tmp_path / "j") as journal:
            with pytest.raises(errors.ConnectFailedError):
                await carry_out(client, orders(3), journal=journal, stop=stop)
        took = asyncio.get_running_loop().time() - began
    assert StopReason.LIMIT is stop.reason
    assert {"planned": 3} == await states_of(tmp_path / "j")
    assert PATIENCE <= took <= PATIENCE + 40.0


@in_jumping_time
async def test_a_stop_does_not_wait_for_the_end_of_an_outage(tmp_path: Path) -> None:
    stop = Stop()
    async with server(tmp_path) as (running, client):
        await running.stop()
        loop = asyncio.get_running_loop()
        loop.call_later(100.0, stop.request)
        began = loop.time()
        async with LoopJournal(tmp_path / "j") as journal:
            assert {} == await carry_out(client, orders(3), journal=journal, stop=stop)
        assert 100.0 == round(loop.time() - began)


# --- a server that answers, but not well --------------------------------------------------------


@in_jumping_time
async def test_looks_that_fail_for_a_while_are_made_again(tmp_path: Path) -> None:
    async with world() as here, here.client() as client:
        await here.fault("html_502", operation="queryPackages", times=25)
        async with LoopJournal(tmp_path / "j") as journal:
            outcomes = await carry_out(client, orders(5), journal=journal)
        assert {"created": 5} == words(outcomes)


@in_jumping_time
async def test_an_order_is_not_given_up_as_unknown_while_wix_cannot_be_asked(
    tmp_path: Path,
) -> None:
    async with world() as here, here.client() as client:
        await here.fault("drop_after_commit", operation="createPackageV2")
        await here.fault("status", status=503, operation="queryPackages", nth=2, times=15)
        began = here.loop.time()
        async with LoopJournal(tmp_path / "j") as journal:
            outcomes = await carry_out(client, orders(1), journal=journal)
        assert {"created": 1} == words(outcomes)
        assert 20.0 < here.loop.time() - began < PATIENCE


@in_jumping_time
async def test_when_wix_can_never_be_asked_the_order_is_unknown_as_not_asked(
    tmp_path: Path,
) -> None:
    stop = Stop()
    async with world() as here, here.client() as client:
        await here.fault("drop_after_commit", operation="createPackageV2")
        await here.fault("status", status=503, operation="queryPackages", nth=2, times=None)
        async with LoopJournal(tmp_path / "j") as journal:
            with pytest.raises(errors.ServerError):
                await carry_out(client, orders(1), journal=journal, stop=stop, resend_absent=True)
        assert 1 == len(await here.writes())
        await here.clear_faults()
        async with LoopJournal(tmp_path / "j") as journal:
            kept = [record.outcome async for record in journal.records()]
            assert ["NOT_ASKED"] == [outcome.code for outcome in kept if outcome]
            assert {"created": 1} == words(await carry_out(client, orders(1), journal=journal))
    assert StopReason.LIMIT is stop.reason


@pytest.mark.parametrize("kind", ["html_502", "drop_before_commit"])
@in_jumping_time
async def test_a_server_that_loses_every_create_is_not_fed_all_the_orders(
    tmp_path: Path, kind: str
) -> None:
    stop = Stop()
    async with world() as here, here.client() as client:
        await here.fault(kind, operation="createPackageV2", times=None)  # type: ignore[arg-type]
        async with LoopJournal(tmp_path / "j") as journal:
            with pytest.raises(errors.OutcomeUnknownError):
                await carry_out(client, orders(500), journal=journal, stop=stop)
        assert 40 >= len(await here.writes())
    assert StopReason.LIMIT is stop.reason
    found = await states_of(tmp_path / "j")
    assert {"planned", "unknown"} == set(found)
