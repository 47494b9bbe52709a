"""One timer bounds all attempts of an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager, AsyncExitStack
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
    try:
        with timer.limit(limit):
            await asyncio.sleep(work)
    except TimeoutError:
        return loop.time() - began
    return None


@in_jumping_time
async def test_what_takes_longer_than_its_time_is_ended_then_and_nothing_else_is() -> None:
    timer = SharedTimer(asyncio.get_running_loop())

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
        timer = SharedTimer(asyncio.get_running_loop())
        return await asyncio.gather(*(one(timer, *work) for work in works))

    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        ends = runner.run(everyone())

    assert [
        pytest.approx(float(limit)) if work + 0.5 > limit else None for limit, work, _ in works
    ] == ends


@in_jumping_time
async def test_a_thousand_attempts_one_after_another_set_one_timer() -> None:
    timer = SharedTimer(asyncio.get_running_loop())
    loop = asyncio.get_running_loop()

    with patch.object(loop, "call_at", wraps=loop.call_at) as set_timer:
        for _ in range(1_000):
            await seconds_until_expiry(timer, 30.0, 0)

    assert 1 == set_timer.call_count


@in_jumping_time
async def test_a_cancellation_from_outside_is_none_of_the_timers() -> None:
    timer = SharedTimer(asyncio.get_running_loop())
    task = asyncio.ensure_future(seconds_until_expiry(timer, 30.0, 40.0))
    await asyncio.sleep(1.0)

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


@in_jumping_time
async def test_a_cancellation_that_comes_with_the_end_of_the_time_is_not_swallowed() -> None:
    timer = SharedTimer(asyncio.get_running_loop())
    task = asyncio.ensure_future(seconds_until_expiry(timer, 30.0, 40.0))
    asyncio.get_running_loop().call_later(30.0, task.cancel)

    with pytest.raises(asyncio.CancelledError):
        await task


@in_jumping_time
async def test_what_is_over_leaves_no_cancellation_behind() -> None:
    timer = SharedTimer(asyncio.get_running_loop())
    task = asyncio.current_task()
    assert task is not None

    assert pytest.approx(5.0) == await seconds_until_expiry(timer, 5.0, 6.0)

    assert 0 == task.cancelling()
    await asyncio.sleep(1.0)


@in_jumping_time
async def test_work_that_ends_in_the_moment_of_its_time_gives_its_own_error() -> None:
    timer = SharedTimer(asyncio.get_running_loop())
    task = asyncio.current_task()
    assert task is not None

    limit = timer.limit(5.0)

    async def work() -> None:
        with limit:
            try:
                await asyncio.sleep(6.0)
            except asyncio.CancelledError as error:
                raise LookupError from error

    with pytest.raises(LookupError):
        await work()

    assert (True, 0) == (limit.is_over, task.cancelling())


@in_jumping_time
async def test_the_time_limit_of_a_caller_is_not_taken_for_the_one_inside() -> None:
    inner = SharedTimer(asyncio.get_running_loop()).limit(5.0)
    outer = asyncio.timeout(3.0)

    async def work() -> None:
        async with outer:
            with inner:
                await asyncio.sleep(6.0)

    with pytest.raises(TimeoutError):
        await work()

    assert (True, False) == (outer.expired(), inner.is_over)


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9), st.integers(1, 9))
def test_it_ends_work_as_a_timeout_of_asyncio_does(
    limit: int, outer: int, work: int, cancelled_at: int
) -> None:
    def story(scope: Callable[[], AbstractContextManager[object] | asyncio.Timeout]) -> str:
        async def worker() -> str:
            async with AsyncExitStack() as stack:
                await stack.enter_async_context(asyncio.timeout(float(outer)))
                one = scope()
                if isinstance(one, asyncio.Timeout):
                    await stack.enter_async_context(one)
                else:
                    stack.enter_context(one)
                await asyncio.sleep(work)
            return "done"

        async def main() -> str:
            loop = asyncio.get_running_loop()
            task = asyncio.ensure_future(worker())
            loop.call_later(float(cancelled_at), task.cancel)
            ends = await asyncio.gather(task, return_exceptions=True)
            return f"{ends[0]!r:.14} {task.cancelling()}"

        with asyncio.Runner(loop_factory=JumpingLoop) as runner:
            return runner.run(main())

    expected = story(lambda: asyncio.timeout(float(limit)))

    actual = story(lambda: SharedTimer(asyncio.get_running_loop()).limit(float(limit)))

    assert expected == actual
