"""Calls cross to the private loop in batches, and nobody who comes is overlooked."""

from __future__ import annotations

import asyncio
import threading

import pytest

from wixreseller.sync._border import Border
from wixreseller.sync._loop_thread import _Call  # pyright: ignore[reportPrivateUsage]


class Bell:
    """Count the rings."""

    def __init__(self) -> None:
        self.rings = 0
        self.is_broken = False

    def ring(self) -> None:
        if self.is_broken:
            raise KeyboardInterrupt
        self.rings += 1


def test_who_comes_while_the_loop_is_awake_rings_no_bell_and_is_begun_before_it_waits() -> None:
    bell, begun = Bell(), list[str]()
    border = Border(bell.ring)

    border.come(lambda: begun.append("first"))
    has_come = border.before_waiting()
    border.after_waiting()

    assert (True, ["first"], 0) == (has_come, begun, bell.rings)


def test_who_comes_while_it_is_asleep_rings_and_is_begun_when_it_wakes() -> None:
    bell, begun = Bell(), list[str]()
    border = Border(bell.ring)

    has_come = border.before_waiting()
    border.come(lambda: begun.append("late"))
    border.come(lambda: begun.append("later"))
    before = [*begun]
    border.after_waiting()

    assert (False, [], ["late", "later"], 2) == (has_come, before, begun, bell.rings)


def test_whoever_is_interrupted_at_the_bell_silences_it_for_nobody_else() -> None:
    bell, begun = Bell(), list[str]()
    border = Border(bell.ring)
    border.before_waiting()

    bell.is_broken = True
    with pytest.raises(KeyboardInterrupt):
        border.come(lambda: begun.append("interrupted"))
    bell.is_broken = False
    border.come(lambda: begun.append("other"))
    border.after_waiting()

    assert (["interrupted", "other"], 1) == (begun, bell.rings)


def test_the_done_are_told_together_right_before_the_loop_waits() -> None:
    border = Border(Bell().ring)
    ends = [threading.Lock() for _ in range(3)]
    for end in ends:
        end.acquire()
        border.tell(end)

    before = [end.locked() for end in ends]
    border.before_waiting()

    assert ([True] * 3, [False] * 3) == (before, [end.locked() for end in ends])


async def test_a_call_that_is_cancelled_in_the_pass_in_which_it_came_is_over_at_once() -> None:
    border = Border(lambda: None)
    call = _Call(border, asyncio.Event().wait, (), {})

    call.cross()
    border.after_waiting()
    call.cancel()
    for _ in range(3):
        await asyncio.sleep(0)
    border.hand_out()

    call.wait(10.0)  # no time, unless nobody tells
    with pytest.raises(asyncio.CancelledError):
        call.outcome()


async def test_a_call_that_is_cancelled_before_the_loop_took_it_in_never_begins() -> None:
    border = Border(lambda: None)
    begun: list[str] = []

    async def work() -> None:
        begun.append("work")

    call = _Call(border, work, (), {})
    call.cross()
    call.cancel()  # by a Ctrl-C in the pass that had looked already who has come
    border.hand_out()
    border.after_waiting()
    await asyncio.sleep(0)
    border.hand_out()  # which would fail if the caller were told twice

    assert [] == begun


def test_a_call_that_is_cancelled_before_it_crosses_is_over_and_never_begins() -> None:
    begun: list[object] = []
    border = Border(lambda: None)

    async def work() -> None:
        begun.append(work)

    call = _Call(border, work, (), {})

    call.cancel()
    border.hand_out()
    call.wait(10.0)  # no time, unless nobody tells
    call.cross()
    border.after_waiting()

    assert not begun
