"""One timer bounds all attempts of an event loop."""

from __future__ import annotations

import asyncio
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from safety_time import JumpingLoop, in_jumping_time

from wixreseller import NO_TIMEOUT
from wixreseller._sentinels import Seconds
from wixreseller._shared_timer import SharedTimer


async def seconds_until_expiry(timer: SharedTimer, limit: Seconds, work: float) -> float | None:
    """Work for so many seconds within a limit: say after how many it expired, if it did."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    scope = asyncio.timeout(None)
    timer.watch(scope, limit)
    try:
        async with scope:
            await asyncio.sleep(work)
    except TimeoutError:
        return loop.time() - began
    finally:
        timer.forget(scope)
    return None


@in_jumping_time
async def test_what_takes_longer_than_its_time_is_ended_then_and_nothing_else_is() -> None:
    timer = SharedTimer()

    ends = await asyncio.gather(
        seconds_until_expiry(timer, 30.0, 40.0),
        seconds_until_expiry(timer, 5.0, 6.0),  # due before the timer that is set
        seconds_until_expiry(timer, 30.0, 29.0),
        seconds_until_expiry(timer, NO_TIMEOUT, 1_000.0),
    )

    assert [pytest.approx(30.0), pytest.approx(5.0), None, None] == [*ends]


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(1, 50), st.integers(0, 50)), max_size=12))
def test_each_of_many_expires_exactly_if_its_work_is_longer_than_its_time(
    works: list[tuple[int, int, int]],
) -> None:
    async def one(timer: SharedTimer, limit: int, work: int, start: int) -> float | None:
        await asyncio.sleep(start)
        return await seconds_until_expiry(timer, float(limit), work + 0.5)

    async def everyone() -> list[float | None]:
        timer = SharedTimer()
        return await asyncio.gather(*(one(timer, *work) for work in works))

    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        ends = runner.run(everyone())

    assert [
        pytest.approx(float(limit)) if work + 0.5 > limit else None for limit, work, _ in works
    ] == ends


@in_jumping_time
async def test_a_thousand_attempts_one_after_another_set_one_timer() -> None:
    timer = SharedTimer()
    loop = asyncio.get_running_loop()

    with patch.object(loop, "call_at", wraps=loop.call_at) as set_timer:
        for _ in range(1_000):
            await seconds_until_expiry(timer, 30.0, 0)

    assert 1 == set_timer.call_count


@in_jumping_time
async def test_a_cancellation_from_outside_is_none_of_the_timers() -> None:
    timer = SharedTimer()
    task = asyncio.ensure_future(seconds_until_expiry(timer, 30.0, 40.0))
    await asyncio.sleep(1.0)

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
