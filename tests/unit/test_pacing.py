"""The limiter lets no more through than the limit, loses no turn, and says what a wait takes."""

from __future__ import annotations

import asyncio
from typing import TypeVar

import pytest
from fake_clock import FakeClock
from hypothesis import given
from hypothesis import strategies as st

from wixreseller import RateLimit
from wixreseller._pacing import Pacer, WouldWaitError
from wixreseller.ratelimit import SlotLog

T = TypeVar("T")


@given(
    limit=st.integers(1, 5),
    steps=st.lists(st.tuples(st.integers(0, 16), st.integers(0, 12)), max_size=60),
)
def test_no_window_at_the_server_ever_sees_more_than_the_limit(
    limit: int, steps: list[tuple[int, int]]
) -> None:
    """Requests reach the server at any time between being sent and being answered.

    Times are quarters of a second, which floats hold exactly.
    """
    window, now = 10.0, 0.0
    log = SlotLog(limit, window)
    seen: list[float] = []
    for pause, latency in steps:
        now += pause / 4
        while not log.take(now):
            now += log.wait_expected(now)
        seen.append(now + latency / 8)
        now += latency / 4
        log.give_back(now)

    for first, later in zip(seen, seen[limit:], strict=False):
        assert later - first >= window


def test_slots_are_free_one_window_after_their_answer() -> None:
    log = SlotLog(2, 60.0)
    assert [log.take(0.0) for _ in range(3)] == [True, True, False]
    log.give_back(5.0)

    assert (
        log.wait_expected(10.0),
        log.take(64.9),
        log.take(65.0),
    ) == (65.0 - 10.0, False, True)


def test_the_expected_wait_counts_those_ahead() -> None:
    log = SlotLog(2, 60.0)
    for answered in (1.0, 2.0):
        log.take(0.0)
        log.give_back(answered)

    assert [log.wait_expected(10.0, ahead) for ahead in range(4)] == [51.0, 52.0, 111.0, 112.0]


async def run_all(pacer: Pacer, fake: FakeClock, calls: int, latency: float) -> list[float]:
    started: list[float] = []

    async def call() -> None:
        turn = await pacer.take()
        started.append(fake.now)
        await fake.sleep(latency)
        pacer.give_back(turn)

    async def all_at_once() -> None:
        await asyncio.gather(*(call() for _ in range(calls)))

    await fake.drive(all_at_once())
    return started


async def test_a_burst_goes_out_at_once_and_the_rest_in_the_order_of_asking() -> None:
    fake = FakeClock(now=0.0)
    pacer = Pacer(RateLimit(6, per=60.0), fake.clock())

    started = await run_all(pacer, fake, 15, latency=0.5)

    assert started == [0.0] * 6 + [60.5] * 6 + [121.0] * 3


async def test_a_turn_that_comes_too_late_is_refused_at_once() -> None:
    fake = FakeClock(now=0.0)
    pacer = Pacer(RateLimit(1, per=60.0), fake.clock())
    pacer.give_back(await pacer.take())

    with pytest.raises(WouldWaitError) as caught:
        await pacer.take(max_wait=59.0)

    assert (caught.value.seconds, fake.slept) == (60.0, [])


async def test_max_wait_zero_fails_fast_and_takes_a_free_turn() -> None:
    fake = FakeClock(now=0.0)
    pacer = Pacer(RateLimit(1, per=60.0), fake.clock())

    turn = await pacer.take(max_wait=0)
    pacer.give_back(turn)
    with pytest.raises(WouldWaitError):
        await pacer.take(max_wait=0)
    fake.now = 60.0
    later = await pacer.take(max_wait=0)

    assert (0.0, 0.0) == (turn.waited, later.waited)


async def test_the_seconds_waited_are_told() -> None:
    fake = FakeClock(now=0.0)
    pacer = Pacer(RateLimit(1, per=60.0), fake.clock())
    pacer.give_back(await pacer.take())

    turn = await fake.drive(pacer.take())

    assert 60.0 == turn.waited


async def test_a_cancelled_waiter_gives_its_place_to_the_next() -> None:
    fake = FakeClock(now=0.0)
    pacer = Pacer(RateLimit(1, per=60.0), fake.clock())
    first = await pacer.take()
    never = asyncio.create_task(pacer.take())
    next_one = asyncio.create_task(pacer.take())
    await fake.settle()
    never.cancel()
    pacer.give_back(first)

    turn = await fake.drive(result_of(next_one))

    assert (True, 60.0) == (never.cancelled(), turn.waited)


async def result_of(task: asyncio.Task[T]) -> T:
    return await task


async def test_after_a_fork_what_the_parent_has_in_flight_counts_as_answered_then() -> None:
    fake = FakeClock(now=0.0)
    pacer = Pacer(RateLimit(1, per=60.0), fake.clock())
    await pacer.take()
    fake.now = 10.0
    pacer.renew()

    with pytest.raises(WouldWaitError) as caught:
        await pacer.take(max_wait=0)
    fake.now = 70.0
    turn = await pacer.take(max_wait=0)

    assert (60.0, 0.0) == (caught.value.seconds, turn.waited)
