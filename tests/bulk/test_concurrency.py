"""How many requests are in flight, against servers that are simulated, and the real loop."""

from __future__ import annotations

import asyncio
import heapq
import math
from collections.abc import Callable, Iterator
from pathlib import Path

import aiohttp
import pytest
from bulk_journals import LoopJournal
from bulk_orders import carry_out, orders, words
from hypothesis import given, settings
from hypothesis import strategies as st
from safety_client import World
from safety_time import JumpingLoop, in_jumping_time

from wixreseller import RateLimit
from wixreseller.bulk.concurrency import Concurrency
from wixreseller.bulk.plan import seconds_at
from wixreseller.emulator import Clock as EmulatorClock
from wixreseller.emulator import Emulator

Server = Callable[[float, int], float]
"""Give the seconds that a request takes, by the time and by how many are in flight with it."""


def working_on(capacity: int, seconds: float = 0.2) -> Server:
    """Simulate a server that works on so many at a time, and lets the others wait."""
    return lambda _, in_flight: seconds * max(1.0, in_flight / capacity)


def simulate(
    concurrency: Concurrency, server: Server, until: float
) -> Iterator[tuple[float, int, int]]:
    """Keep as many in flight as may be; give time, limit and how many were answered."""
    now, answered = 0.0, 0
    ends: list[tuple[float, float]] = []
    while now < until:
        while not concurrency.is_full:
            concurrency.begin()
            took = server(now, len(ends) + 1)
            heapq.heappush(ends, (now + took, took))
        now, took = heapq.heappop(ends)
        concurrency.answered(took)
        answered += 1
        yield now, concurrency.limit, answered


def usual(limits: list[int]) -> tuple[int, int]:
    """Give the least and the most of limits, without the twentieth part at either end.

    Now and then it is halved for a moment, to measure.
    """
    twentieth = len(limits) // 20
    kept = sorted(limits)[twentieth : len(limits) - twentieth]
    return kept[0], kept[-1]


@pytest.mark.parametrize("capacity", [4, 20, 60])
def test_it_settles_a_little_above_what_the_server_works_on_at_a_time(capacity: int) -> None:
    steps = list(simulate(Concurrency(100), working_on(capacity), 300.0))
    least, most = usual([limit for now, limit, _ in steps if now > 100.0])
    assert capacity <= least <= most <= capacity + 10
    (_, _, before), (_, _, after) = steps[len(steps) // 2], steps[-1]
    rate = (after - before) / (steps[-1][0] - steps[len(steps) // 2][0])
    assert rate >= 0.95 * capacity / 0.2


def test_a_server_that_takes_all_gets_as_many_as_are_allowed() -> None:
    *_, (_, limit, _) = simulate(Concurrency(100), working_on(10_000), 60.0)
    assert 100 == limit


@pytest.mark.parametrize(("before", "after"), [(0.1, 0.4), (0.4, 0.1)])
def test_it_finds_its_place_again_when_the_way_gets_longer_or_shorter(
    before: float, after: float
) -> None:
    slow, fast = working_on(20, before), working_on(20, after)
    steps = list(
        simulate(
            Concurrency(100),
            lambda now, count: (slow if now < 100.0 else fast)(now, count),
            400.0,
        )
    )
    least, most = usual([limit for now, limit, _ in steps if now > 300.0])
    assert 20 <= least <= most <= 30


def test_trouble_halves_it_once_for_all_that_were_under_way_and_it_recovers() -> None:
    concurrency = Concurrency(16)
    for _ in range(16):
        concurrency.begin()
    for _ in range(16):
        concurrency.troubled()
    assert 8 == concurrency.limit
    *_, (_, limit, _) = simulate(concurrency, working_on(10_000), 60.0)
    assert 16 == limit


def test_trouble_without_end_leaves_one() -> None:
    concurrency = Concurrency(100)
    for _ in range(10_000):
        concurrency.begin()
        concurrency.troubled()
    assert (1, False) == (concurrency.limit, concurrency.is_full)


@settings(deadline=None)
@given(
    st.integers(1, 40),
    st.lists(
        st.tuples(st.sampled_from(["begin", "answered", "troubled", "give_up"]), st.floats(0, 60)),
        max_size=300,
    ),
)
def test_it_stays_between_one_and_the_most_and_is_full_at_its_limit(
    most: int, steps: list[tuple[str, float]]
) -> None:
    concurrency, in_flight = Concurrency(most), 0
    for what, seconds in steps:
        if what == "begin":
            concurrency.begin()
            in_flight += 1
        elif in_flight:
            in_flight -= 1
            if what == "answered":
                concurrency.answered(seconds)
            elif what == "troubled":
                concurrency.troubled()
            else:
                concurrency.give_up()
        assert 1 <= concurrency.limit <= most
        assert (in_flight >= concurrency.limit) == concurrency.is_full


# --- in a run -----------------------------------------------------------------------------------


@in_jumping_time
async def test_two_thousand_orders_go_at_the_rate_limit_and_none_is_refused(
    tmp_path: Path,
) -> None:
    count, latency = 2000, 0.3
    loop = asyncio.get_running_loop()
    assert isinstance(loop, JumpingLoop)
    clock = EmulatorClock(source=loop.posix)
    limit = RateLimit(200, per=60.0)
    async with (
        Emulator(rate_limit="200/60", clock=clock) as emulator,
        aiohttp.ClientSession() as session,
    ):
        here = World(emulator, session, loop)
        await here.change(rate_limit_kind="sliding")
        await here.fault("delay", seconds=latency, times=None)
        began = loop.time()
        async with here.client(rate_limit=limit) as client, LoopJournal(tmp_path / "j") as journal:
            outcomes = await carry_out(client, orders(count), journal=journal)
        took = loop.time() - began
        seen = await here.journal()
    assert {"created": count} == words(outcomes)
    assert [] == [entry for entry in seen if entry.status == 429]
    calls = count + math.ceil(count / 100)
    assert calls == len(seen)
    at_best = seconds_at(limit, calls)
    assert at_best <= took <= at_best / 0.99
