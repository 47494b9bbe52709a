"""Async results are iterated in batches: a hop for each, and nothing is left behind."""

from __future__ import annotations

import asyncio
import gc
import itertools
import pickle
import subprocess
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import ParamSpec, TypeVar

import anyio
import pytest

from wixreseller.sync._batches import Batches, Feed
from wixreseller.sync._portal import Portal

P = ParamSpec("P")
T = TypeVar("T")
RunScript = Callable[..., subprocess.CompletedProcess[str]]


async def nothing() -> None:
    """Do nothing."""


class CountingPortal(Portal):
    """Count the calls that cross."""

    def __init__(self) -> None:
        super().__init__(nothing)
        self.calls = 0

    def call(self, function: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs) -> T:
        self.calls += 1
        return super().call(function, *args, **kwargs)


@pytest.fixture
def portal() -> CountingPortal:
    """Give a portal that counts."""
    return CountingPortal()


class Numbers:
    """Give numbers, and remember how many were asked for and whether it was closed, and where."""

    def __init__(self, *, waits: bool = False, closes_with: Exception | None = None) -> None:
        self.given = 0
        self.closed = threading.Event()
        self.tasks: set[object] = set()
        self._waits = waits
        self._closes_with = closes_with

    async def up_to(self, end: int) -> AsyncIterator[int]:
        self.tasks.add(asyncio.current_task())
        try:
            while self.given < end:
                if self._waits:
                    await asyncio.sleep(0.001)
                self.given += 1
                yield self.given
        finally:
            self.tasks.add(asyncio.current_task())
            self.closed.set()
            if self._closes_with is not None:
                raise self._closes_with


def test_what_is_ready_crosses_together_and_nothing_is_asked_before_the_first(
    portal: CountingPortal,
) -> None:
    numbers = Numbers()
    batches = Batches(portal, lambda: numbers.up_to(1000), size=100)
    assert (0, 0) == (numbers.given, portal.calls)

    assert [*range(1, 1001)] == list(batches)

    assert portal.calls <= 11
    assert numbers.closed.is_set()


def test_streams_that_give_each_item_a_pass_of_the_loop_cross_in_batches_too(
    portal: CountingPortal,
) -> None:
    async def stream() -> AsyncIterator[int]:
        sending, receiving = anyio.create_memory_object_stream[int](1000)
        for number in range(1000):
            sending.send_nowait(number)
        sending.close()
        with receiving:
            async for number in receiving:
                yield number

    assert [*range(1000)] == list(Batches(portal, stream, size=100))
    assert portal.calls <= 11


def test_an_item_is_given_as_soon_as_it_is_there(portal: CountingPortal) -> None:
    may_go_on = threading.Event()

    async def slow() -> AsyncIterator[str]:
        yield "first"
        await asyncio.to_thread(may_go_on.wait, 10)
        yield "second"

    batches = Batches(portal, slow)
    seen = [next(batches)]
    may_go_on.set()

    assert ["first", "second"] == [*seen, *batches]


def test_between_two_hops_one_item_is_under_way_at_the_most(portal: CountingPortal) -> None:
    numbers = Numbers(waits=True)
    batches = Batches(portal, lambda: numbers.up_to(1000), size=5)

    async def many_passes() -> None:
        await asyncio.sleep(0.05)

    next(batches)
    taken = numbers.given
    portal.call(many_passes)

    assert numbers.given <= taken + 1
    batches.close()


def test_task_groups_inside_the_iterator_work(portal: CountingPortal) -> None:
    async def work() -> AsyncIterator[int]:
        sending, receiving = anyio.create_memory_object_stream[int](10)

        async def produce(number: int) -> None:
            await sending.send(number)

        async with anyio.create_task_group() as group:
            for number in range(100):
                group.start_soon(produce, number)
            for _ in range(100):
                yield await receiving.receive()
        sending.close()
        receiving.close()

    assert {*range(100)} == set(Batches(portal, work, size=7))


def test_a_break_closes_the_iterator_in_the_task_that_ran_it(portal: CountingPortal) -> None:
    numbers = Numbers(waits=True)

    for number in Batches(portal, lambda: numbers.up_to(1000)):
        if number >= 3:
            break

    assert numbers.closed.wait(10)
    assert 1 == len(numbers.tasks)


def test_an_exception_in_the_loop_closes_the_iterator(portal: CountingPortal) -> None:
    numbers = Numbers(waits=True)

    def use() -> None:
        for _ in Batches(portal, lambda: numbers.up_to(1000)):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        use()
    gc.collect()

    assert numbers.closed.wait(10)


def test_garbage_in_a_cycle_closes_the_iterator(portal: CountingPortal) -> None:
    numbers = Numbers()
    batches = Batches(portal, lambda: numbers.up_to(1000), size=2)
    next(batches)
    cycle: list[object] = [batches]
    cycle.append(cycle)
    del cycle, batches

    gc.collect()

    assert numbers.closed.wait(10)


def test_closing_waits_until_the_iterator_is_closed_and_ends_the_iteration(
    portal: CountingPortal,
) -> None:
    numbers = Numbers()
    with Batches(portal, lambda: numbers.up_to(1000), size=2) as batches:
        assert 1 == next(batches)
    batches.close()

    assert numbers.closed.is_set()
    assert [] == list(batches)


def test_closing_what_never_began_begins_nothing(portal: CountingPortal) -> None:
    numbers = Numbers()
    batches = Batches(portal, lambda: numbers.up_to(1000))
    batches.close()

    assert [] == list(batches)
    assert 0 == numbers.given


def test_what_the_iterator_raises_while_it_is_closed_is_raised(portal: CountingPortal) -> None:
    numbers = Numbers(closes_with=ZeroDivisionError("at the end"))
    batches = Batches(portal, lambda: numbers.up_to(1000), size=2)
    next(batches)

    with pytest.raises(ZeroDivisionError, match="at the end"):
        batches.close()


@pytest.mark.parametrize("kind", [ZeroDivisionError, SystemExit, asyncio.CancelledError])
def test_an_error_comes_after_what_came_before_it_and_ends_the_iteration(
    portal: CountingPortal, kind: type[BaseException]
) -> None:
    error = kind()

    async def fail() -> AsyncIterator[int]:
        yield 1
        yield 2
        raise error

    batches = Batches(portal, fail)
    seen: list[int] = []
    with pytest.raises(kind) as caught:
        seen.extend(batches)

    assert ([1, 2], error) == (seen, caught.value)
    assert [] == list(batches)


def test_the_client_is_open_until_the_iterator_is_closed() -> None:
    order: list[str] = []
    over = threading.Event()

    async def close_client() -> None:
        order.append("client closed")
        over.set()

    async def numbers() -> AsyncIterator[int]:
        try:
            for number in itertools.count():
                yield number
        finally:
            await asyncio.sleep(0.01)
            order.append("iterator closed")

    batches = Batches(Portal(close_client), numbers, size=2)
    next(batches)
    del batches

    assert over.wait(10)
    assert ["iterator closed", "client closed"] == order


@pytest.mark.parametrize("closes_by", ["close", "garbage"])
def test_an_iterator_that_can_be_asked_to_end_is_not_cancelled(
    portal: CountingPortal, closes_by: str
) -> None:
    halted, said, over = asyncio.Event(), list[str](), threading.Event()

    async def run() -> AsyncIterator[int]:
        try:
            yield 1
            await halted.wait()
            said.append("finished what was under way")
            yield 2
            yield 3
        except asyncio.CancelledError:
            said.append("cancelled")
        finally:
            over.set()

    batches = Batches(portal, run, halt=halted.set)
    next(batches)
    if closes_by == "close":
        batches.close()
        assert over.is_set()
    del batches

    assert over.wait(10)
    assert ["finished what was under way"] == said


def test_results_under_way_are_not_pickled(portal: CountingPortal) -> None:
    with pytest.raises(TypeError, match="under way"):
        pickle.dumps(Batches(portal, lambda: Numbers().up_to(1)))


# --- feeds --------------------------------------------------------------------------------------


async def doubled(feed: Feed[int], workers: int = 4) -> AsyncIterator[int]:
    """Double what the feed gives, with several workers."""
    sending, receiving = anyio.create_memory_object_stream[int](10)

    async def work() -> None:
        async for number in feed:
            await sending.send(2 * number)

    async def all_of_them() -> None:
        with sending:
            async with anyio.create_task_group() as group:
                for _ in range(workers):
                    group.start_soon(work)

    with receiving:
        async with anyio.create_task_group() as group:
            group.start_soon(all_of_them)
            async for number in receiving:
                yield number


def test_a_feed_is_read_on_the_thread_that_reads_results(portal: CountingPortal) -> None:
    threads: set[int] = set()

    def source() -> Iterator[int]:
        for number in range(1000):
            threads.add(threading.get_ident())
            yield number

    feed = Feed(source())
    results = list(Batches(portal, lambda: doubled(feed), feed=feed))

    assert [*range(0, 2000, 2)] == sorted(results)
    assert {threading.get_ident()} == threads
    assert portal.calls < 200


def test_a_feed_that_has_no_end_is_read_as_far_as_results_are(portal: CountingPortal) -> None:
    read = itertools.count()
    feed = Feed(read)
    with Batches(portal, lambda: doubled(feed), feed=feed, size=10) as batches:
        assert 25 == len(list(itertools.islice(batches, 25)))

    assert next(read) < 100


def test_a_feed_may_make_calls_of_its_own(portal: CountingPortal) -> None:
    async def ten() -> int:
        return 10

    feed = Feed(portal.call(ten) for _ in range(5))

    assert [20] * 5 == list(Batches(portal, lambda: doubled(feed), feed=feed))


def test_what_a_feed_raises_is_raised_where_it_is_read(portal: CountingPortal) -> None:
    def source() -> Iterator[int]:
        yield 1
        raise ZeroDivisionError

    async def read(feed: Feed[int]) -> AsyncIterator[str]:
        try:
            async for number in feed:
                yield str(number)
        except ZeroDivisionError:
            yield "the feed broke"

    feed = Feed(source())

    assert ["1", "the feed broke"] == list(Batches(portal, lambda: read(feed), feed=feed))


def test_an_interrupt_inside_a_feed_closes_the_iterator_and_is_raised(
    portal: CountingPortal,
) -> None:
    closed = threading.Event()

    def source() -> Iterator[int]:
        yield 1
        raise KeyboardInterrupt

    async def read(feed: Feed[int]) -> AsyncIterator[int]:
        try:
            async for number in feed:
                yield number
        finally:
            closed.set()

    feed = Feed(source())
    with pytest.raises(KeyboardInterrupt):
        list(Batches(portal, lambda: read(feed), feed=feed))

    assert closed.is_set()


# --- processes ----------------------------------------------------------------------------------

SCRIPT = """\
import asyncio, os, sys, threading
from wixreseller.sync._batches import Batches
from wixreseller.sync._portal import Portal
async def nothing():
    pass
async def numbers(before):
    try:
        for number in range(1000):
            if number == before:
                print("waiting", flush=True)
                await asyncio.Event().wait()
            yield number
    finally:
        await asyncio.sleep(0)
        print("closed", flush=True)
"""


def test_ctrl_c_while_waiting_for_an_item_closes_the_iterator_first(run_script: RunScript) -> None:
    result = run_script(
        SCRIPT
        + """
batches = Batches(Portal(nothing), lambda: numbers(0))
try:
    for number in batches:
        pass
except KeyboardInterrupt:
    print("interrupted", list(batches))
""",
        interrupt_at="waiting",
    )

    assert ("waiting\nclosed\ninterrupted []\n", "") == (result.stdout, result.stderr)


def test_ctrl_c_asks_an_iterator_to_end_if_that_can_be_asked(run_script: RunScript) -> None:
    result = run_script(
        """
        import asyncio
        from wixreseller.sync._batches import Batches
        from wixreseller.sync._portal import Portal
        async def nothing():
            pass
        halted = asyncio.Event()
        async def numbers():
            print("waiting", flush=True)
            await halted.wait()
            print("finished", flush=True)
            yield 1
        try:
            next(Batches(Portal(nothing), numbers, halt=halted.set))
        except KeyboardInterrupt:
            print("interrupted")
        """,
        interrupt_at="waiting",
    )

    assert ("waiting\nfinished\ninterrupted\n", "") == (result.stdout, result.stderr)


def test_an_exit_in_the_middle_closes_the_iterator_and_is_quiet(run_script: RunScript) -> None:
    result = run_script(
        SCRIPT + "batches = Batches(Portal(nothing), lambda: numbers(1)); next(batches)"
    )

    assert (0, "waiting\nclosed\n", "") == (result.returncode, result.stdout, result.stderr)


def test_a_forked_child_is_told_that_an_iteration_under_way_stayed_with_its_parent(
    run_script: RunScript,
) -> None:
    result = run_script(
        SCRIPT
        + """
from wixreseller import SyncUsageError
batches = Batches(Portal(nothing), lambda: numbers(1))
next(batches)
child = os.fork()
if child == 0:
    try:
        next(batches)
    except SyncUsageError as error:
        print(error)
    batches.close()
    del batches
    sys.exit(0)
_, status = os.waitpid(child, 0)
batches.close()
print(status)
""",
        options=("-Werror", "-Wignore:This process:DeprecationWarning"),
    )

    assert (0, "") == (result.returncode, result.stderr)
    assert result.stdout.splitlines() == [
        "waiting",
        "this iteration was begun in the parent process, where it goes on; begin another one here",
        "closed",
        "0",
    ]
