"""The whole limit is used and never exceeded, whatever the latency, by any number of tasks.

Time is simulated; every server here counts what reaches it, some time after it was sent.
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections import deque
from collections.abc import Callable
from typing import Protocol

import attrs
import pytest
from fake_clock import FakeClock
from hypothesis import given, settings
from hypothesis import strategies as st

from wixreseller import RateLimit
from wixreseller._clock import Clock
from wixreseller._pacing import Pacer, Turn, WouldWaitError

LIMIT, WINDOW = 200, 60.0


class Server(Protocol):
    """Count requests, and refuse those beyond the limit."""

    def accepts(self, now: float) -> bool:
        """Say whether one that arrives now is accepted."""
        ...


@attrs.define
class FixedWindow:
    """Count from each full minute on, beginning at any second."""

    offset: float
    counts: dict[int, int] = attrs.field(factory=dict[int, int])

    def accepts(self, now: float) -> bool:
        window = int((now + self.offset) // WINDOW)
        self.counts[window] = self.counts.get(window, 0) + 1
        return self.counts[window] <= LIMIT


@attrs.define
class SlidingWindow:
    """Look at the last minute; what was refused counts or not."""

    offset: float
    counts_refused: bool = True
    seen: deque[float] = attrs.field(factory=deque[float])

    def accepts(self, now: float) -> bool:
        while self.seen and self.seen[0] <= now - WINDOW:
            self.seen.popleft()
        accepted = len(self.seen) < LIMIT
        if accepted or self.counts_refused:
            self.seen.append(now)
        return accepted


@attrs.define
class WindowFromFirstRequest:
    """Count for a minute from the first request that comes when no window is open."""

    offset: float
    began: float = -WINDOW
    count: int = 0

    def accepts(self, now: float) -> bool:
        if now >= self.began + WINDOW:
            self.began, self.count = now, 0
        self.count += 1
        return self.count <= LIMIT


@attrs.define
class FullBucket:
    """Hold as many tokens as the limit, and refill evenly over the window."""

    offset: float
    tokens: float = LIMIT
    at: float = 0.0

    def accepts(self, now: float) -> bool:
        self.tokens = min(LIMIT, self.tokens + (now - self.at) * LIMIT / WINDOW)
        self.at = now
        if self.tokens < 1.0 - 1e-9:
            return False
        self.tokens -= 1.0
        return True


SERVERS: list[Callable[[float], Server]] = [
    FixedWindow,
    SlidingWindow,
    WindowFromFirstRequest,
    FullBucket,
]


async def simulate(
    tasks: int, server: Server, latency: Callable[[], float], on_the_way: Callable[[], float]
) -> tuple[int, float]:
    """Let tasks send one request each.

    Gives how many were refused, and the seconds from the end of the first burst to the last one.
    """
    fake = FakeClock(now=0.0)
    pacer = Pacer(RateLimit(LIMIT, per=WINDOW), fake.clock())
    accepted: list[bool] = []
    sent: list[float] = []

    async def call() -> None:
        turn = await pacer.take()
        sent.append(fake.now)
        whole, part = latency(), on_the_way()
        await fake.sleep(whole * part)
        accepted.append(server.accepts(fake.now))
        await fake.sleep(whole * (1 - part))
        pacer.give_back(turn)

    async def all_at_once() -> None:
        await asyncio.gather(*(call() for _ in range(tasks)))

    await fake.drive(all_at_once())
    return accepted.count(False), sent[-1] - sent[LIMIT - 1]


def share_used(tasks: int, seconds: float) -> float:
    """Give the rate after the first burst as a part of the limit's."""
    return (tasks - LIMIT) / (seconds * LIMIT / WINDOW)


@pytest.mark.parametrize("tasks", [1_000, 2_000])
@pytest.mark.parametrize("model", SERVERS)
@pytest.mark.parametrize("latency", [0.0, 0.05, 0.3])
async def test_no_429_and_99_and_a_half_per_cent_of_the_limit_at_a_steady_latency(
    tasks: int, model: Callable[[float], Server], latency: float
) -> None:
    refused, seconds = await simulate(tasks, model(17.0), lambda: latency, lambda: 0.5)

    assert refused == 0
    assert share_used(tasks, seconds) >= 0.995


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("model", SERVERS)
async def test_no_429_and_99_and_a_half_per_cent_of_the_limit_at_latencies_up_to_0_3_s(
    seed: int, model: Callable[[float], Server]
) -> None:
    chance = random.Random(seed)  # noqa: S311  # a simulation

    refused, seconds = await simulate(
        1_000,
        model(chance.uniform(0.0, WINDOW)),
        lambda: chance.uniform(0.0, 0.3),
        chance.random,
    )

    assert refused == 0
    assert share_used(1_000, seconds) >= 0.995


@pytest.mark.parametrize("model", SERVERS)
async def test_no_429_when_some_answers_take_very_long(model: Callable[[float], Server]) -> None:
    chance = random.Random(1)  # noqa: S311  # a simulation

    refused, _ = await simulate(
        1_000, model(3.0), lambda: chance.choice([0.01, 0.2, 25.0]), chance.random
    )

    assert refused == 0


@given(
    limit=st.integers(1, 4),
    calls=st.lists(
        st.tuples(
            st.integers(0, 40),  # asks at this quarter of a second
            st.none() | st.integers(0, 80),  # is cancelled so many quarters later
            st.integers(0, 12),  # takes so many quarters
            st.sampled_from(["answered", "unsent", "unanswered", "throttled"]),
            st.none() | st.integers(0, 60),  # max_wait
        ),
        max_size=25,
    ),
)
@settings(deadline=None)
def test_whoever_is_cancelled_or_refused_leaves_nothing_behind(
    limit: int, calls: list[tuple[int, int | None, int, str, int | None]]
) -> None:
    """Whatever happened, everybody ends, and a window later the pacer is as new."""
    fake = FakeClock(now=0.0)
    pacer = Pacer(RateLimit(limit, per=10.0), fake.clock())
    in_flight: list[Turn] = []

    async def call(latency: int, end: str, max_wait: int | None) -> None:
        try:
            turn = await (pacer.take() if max_wait is None else pacer.take(max_wait / 4))
        except WouldWaitError:
            return
        in_flight.append(turn)
        assert len(in_flight) <= limit
        try:
            await fake.sleep(latency / 4)
        finally:
            in_flight.remove(turn)
            pacer.give_back(
                turn,
                throttled=end == "throttled",
                unsent=end == "unsent",
                answered=end != "unanswered",
            )

    async def scheduled(at: int, cancelled_after: int | None, *rest: object) -> None:
        await fake.sleep(at / 4)
        task = asyncio.ensure_future(call(*rest))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        if cancelled_after is not None:
            await fake.sleep(cancelled_after / 4)
            task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def everything() -> None:
        await asyncio.gather(*(scheduled(*entry) for entry in calls))

    asyncio.run(fake.drive(everything()))
    fake.now += 1_000.0

    assert ([], {}, True) == (in_flight, pacer.lines, pacer.is_idle(fake.now))


@given(st.lists(st.booleans(), min_size=2, max_size=30))
def test_the_order_of_asking_holds_among_those_who_stay(stays: list[bool]) -> None:
    fake = FakeClock(now=0.0)
    pacer = Pacer(RateLimit(1, per=10.0), fake.clock())
    order: list[int] = []

    async def call(number: int) -> None:
        turn = await pacer.take()
        order.append(number)
        pacer.give_back(turn)

    async def work() -> None:
        tasks = [asyncio.create_task(call(number)) for number in range(len(stays))]
        await fake.sleep(0.0)
        for task, stay in zip(tasks, stays, strict=True):
            if not stay:
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(fake.drive(work()))

    assert [0] + [number for number, stay in enumerate(stays) if stay and number] == order


def test_several_loops_in_several_threads_share_the_slots() -> None:
    pacer = Pacer(RateLimit(40, per=1_000.0), Clock())
    taken: list[float] = []
    refused: list[float] = []

    async def call() -> None:
        try:
            turn = await pacer.take(max_wait=0)
        except WouldWaitError as error:
            refused.append(error.seconds)
            return
        taken.append(turn.waited)
        await asyncio.sleep(0)
        pacer.give_back(turn)

    async def many() -> None:
        await asyncio.gather(*(call() for _ in range(20)))

    threads = [threading.Thread(target=asyncio.run, args=(many(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)

    assert (40, 40) == (len(taken), len(refused))


def test_a_turn_freed_on_one_loop_wakes_who_waits_on_another() -> None:
    pacer = Pacer(RateLimit(1, per=1_000.0), Clock())
    waiting, done = threading.Event(), threading.Event()
    turn = asyncio.run(pacer.take())

    async def wait() -> None:
        task = asyncio.create_task(pacer.take())
        await asyncio.sleep(0)
        waiting.set()
        pacer.give_back(await task)
        done.set()

    thread = threading.Thread(target=asyncio.run, args=(wait(),), daemon=True)
    thread.start()
    assert waiting.wait(timeout=30)
    pacer.give_back(turn, unsent=True)

    assert done.wait(timeout=30)
    thread.join(timeout=30)


def ignore(loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
    """Do nothing."""


def test_a_loop_that_ended_with_waiters_is_forgotten_by_the_next() -> None:
    pacer = Pacer(RateLimit(1, per=1_000.0), Clock())
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(ignore)  # else it complains of the task that never ends
    turn = loop.run_until_complete(pacer.take())
    abandoned = loop.create_task(pacer.take())
    loop.run_until_complete(asyncio.sleep(0))
    abandoned.cancel()
    loop.close()  # without a chance to run what was cancelled
    pacer.give_back(turn, unsent=True)

    assert 0.0 <= asyncio.run(pacer.take(max_wait=1.0)).waited < 1.0
