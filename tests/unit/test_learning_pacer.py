"""Pacers use what a 429 taught: all of a key, in every thread, whatever becomes of their turns."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Coroutine
from pathlib import Path

import pytest
from fake_clock import FakeClock
from hypothesis import given, settings
from hypothesis import strategies as st

from wixreseller import RateLimit
from wixreseller._clock import Clock
from wixreseller._pacing import Pacer, WouldWaitError, pacer_for

LIMIT = RateLimit(200, per=60.0)


def drive(fake: FakeClock, work: Coroutine[object, object, list[float]]) -> list[float]:
    return asyncio.run(fake.drive(work))


async def use(pacer: Pacer, times: int = 1, **end: bool) -> None:
    for _ in range(times):
        pacer.give_back(await pacer.take(), **end)


async def seconds_to_turn(pacer: Pacer) -> float:
    with pytest.raises(WouldWaitError) as caught:
        await pacer.take(max_wait=0)
    return round(caught.value.seconds, 3)


async def learn_window(pacer: Pacer, fake: FakeClock, accepted: int) -> None:
    """Have so many accepted at once, and then nothing until a window later."""
    await use(pacer, accepted)
    pacer.give_back(await pacer.take(), throttled=True, retry_after=60.0)
    await fake.sleep(60.0)


def test_all_limits_of_a_key_keep_together_to_what_one_of_them_was_taught() -> None:
    fake = FakeClock(now=0.0)
    clock = fake.clock()
    one = pacer_for("http://127.0.0.1", b"key", RateLimit(150, per=60.0), clock)
    other = pacer_for("http://127.0.0.1", b"key", RateLimit(50, per=60.0), clock)
    stranger = pacer_for("http://127.0.0.1", b"another", RateLimit(150, per=60.0), clock)

    async def work() -> list[float]:
        await learn_window(one, fake, 80)
        await use(other, 40)
        await use(one, 40)
        await use(stranger, 41)
        return [await seconds_to_turn(one), await seconds_to_turn(other)]

    assert [60.0, 60.0] == drive(fake, work())


def test_after_an_early_probe_those_in_line_leave_evenly_in_the_order_of_asking() -> None:
    fake = FakeClock(now=0.0)
    pacer = Pacer(LIMIT, fake.clock())
    left = list[tuple[int, float]]()

    async def call(number: int) -> None:
        turn = await pacer.take()
        left.append((number, round(fake.now, 6)))
        pacer.give_back(turn)

    async def work() -> list[float]:
        await use(pacer, 10)
        pacer.give_back(await pacer.take(), throttled=True)
        await asyncio.gather(*(call(number) for number in range(4)))
        return []

    drive(fake, work())

    assert [(0, 1.0), (1, 1.3), (2, 1.6), (3, 1.9)] == left


def test_who_may_not_wait_is_not_held_back_by_a_burst() -> None:
    fake = FakeClock(now=0.0)
    pacer = Pacer(LIMIT, fake.clock())

    async def work() -> list[float]:
        return [(await pacer.take(max_wait=0)).waited for _ in range(200)]

    assert [0.0] * 200 == drive(fake, work())


def test_a_burst_goes_on_as_soon_as_an_answer_comes() -> None:
    fake = FakeClock(now=0.0)
    pacer = Pacer(RateLimit(60, per=60.0), fake.clock())

    async def work() -> list[float]:
        turns = [await pacer.take() for _ in range(6)]
        next_one = asyncio.create_task(pacer.take())
        await fake.sleep(0.1)
        pacer.give_back(turns[0])
        return [(await next_one).waited]

    assert [0.1] == drive(fake, work())


@given(
    calls=st.lists(
        st.tuples(
            st.integers(0, 40),  # asks at this quarter of a second
            st.none() | st.integers(0, 80),  # is cancelled so many quarters later
            st.integers(0, 12),  # takes so many quarters
            st.sampled_from(["answered", "unsent", "unanswered", "throttled", "told"]),
        ),
        max_size=25,
    ),
)
@settings(deadline=None)
def test_whoever_is_cancelled_leaves_nothing_in_what_was_learnt(
    calls: list[tuple[int, int | None, int, str]],
) -> None:
    """An hour of windows later nothing is in flight, and nothing of it is left."""
    fake = FakeClock(now=0.0)
    pacer = Pacer(RateLimit(4, per=10.0), fake.clock())

    async def call(latency: int, end: str) -> None:
        turn = await pacer.take()
        try:
            await fake.sleep(latency / 4)
        finally:
            pacer.give_back(
                turn,
                throttled=end in ("throttled", "told"),
                retry_after=5.0 if end == "told" else None,
                unsent=end == "unsent",
                answered=end != "unanswered",
            )

    async def scheduled(at: int, cancelled_after: int | None, latency: int, end: str) -> None:
        await fake.sleep(at / 4)
        task = asyncio.ensure_future(call(latency, end))
        if cancelled_after is not None:
            await fake.sleep(cancelled_after / 4)
            task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def everything() -> None:
        await asyncio.gather(*(scheduled(*entry) for entry in calls))

    asyncio.run(fake.drive(everything()))
    learnt = pacer.learner
    in_flight = 0 if learnt is None else learnt.in_flight
    fake.now += 1_200.0

    assert (0, True) == (in_flight, pacer.is_idle(fake.now))


def test_several_threads_keep_together_to_what_was_learnt() -> None:
    fake = FakeClock(now=0.0)
    pacer = Pacer(LIMIT, fake.clock())

    async def taught() -> list[float]:
        await learn_window(pacer, fake, 80)
        return []

    drive(fake, taught())
    taken = list[float]()

    async def many() -> None:
        for _ in range(60):
            try:
                turn = await pacer.take(max_wait=0)
            except WouldWaitError:
                continue
            taken.append(turn.waited)
            pacer.give_back(turn)

    threads = [threading.Thread(target=asyncio.run, args=(many(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)

    assert 80 == len(taken)


def test_what_was_learnt_is_used_beside_a_shared_file_too(tmp_path: Path) -> None:
    fake = FakeClock(now=0.0)
    pacer = Pacer(RateLimit(200, per=60.0, shared=tmp_path / "limit"), fake.clock())

    async def work() -> list[float]:
        await learn_window(pacer, fake, 80)
        await use(pacer, 80)
        return [await seconds_to_turn(pacer)]

    assert [60.0] == drive(fake, work())


FORK = """
import asyncio, os, signal, sys
signal.alarm(30)
from wixreseller import RateLimit
from wixreseller._clock import Clock
from wixreseller._pacing import Pacer, WouldWaitError

pacer = Pacer(RateLimit(200, per=1000.0), Clock())

async def taught():
    for _ in range(79):
        pacer.give_back(await pacer.take())
    pacer.give_back(await pacer.take(), throttled=True, retry_after=999.0)
    pacer._key.gate.until = 0.0

async def refused():
    try:
        await pacer.take(max_wait=0)
    except WouldWaitError:
        return "refused"
    return "taken"

asyncio.run(taught())
if os.fork() == 0:
    learnt = pacer.learner
    print(learnt.limit, learnt.in_flight, asyncio.run(refused()), flush=True)
    os._exit(0)
print(os.wait()[1])
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_goes_on_with_what_its_parent_learnt() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", FORK],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert ("79 0 refused\n0\n", "") == (done.stdout, done.stderr)


def test_turns_that_a_forked_child_takes_are_its_own_and_cost_a_slot_for_a_window() -> None:
    fake = FakeClock(now=0.0)
    pacer = Pacer(RateLimit(1, per=10.0), fake.clock())

    async def work() -> list[float]:
        parents = await pacer.take()
        pacer.renew()
        pacer.give_back(parents)
        await fake.sleep(10.0)
        await use(pacer)
        await fake.sleep(4.0)
        return [await seconds_to_turn(pacer)]

    assert [6.0] == drive(fake, work())


def test_without_a_429_nothing_is_learnt_and_nothing_kept() -> None:
    pacer = Pacer(LIMIT, Clock())
    asyncio.run(use(pacer, 100))

    assert pacer.learner is None
