"""The portal runs blocking calls on one loop that always runs, and gives back what they give."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import sys
import threading
import warnings
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from types import ModuleType
from typing import cast
from unittest.mock import patch

import pytest

from wixreseller import SyncUsageError, errors
from wixreseller.sync import _beside
from wixreseller.sync._beside import warn_beside_running_loop
from wixreseller.sync._portal import Portal

CALLER: contextvars.ContextVar[str] = contextvars.ContextVar("CALLER", default="nobody")


async def nothing() -> None:
    """Do nothing."""


async def thread_and_loop() -> tuple[int, asyncio.AbstractEventLoop]:
    """Tell where this runs."""
    return threading.get_ident(), asyncio.get_running_loop()


@pytest.fixture
def portal() -> Portal:
    """Give the portal of a client that needs no closing."""
    return Portal(nothing)


def test_calls_run_on_a_daemon_thread_that_is_not_the_callers(portal: Portal) -> None:
    async def is_daemon() -> bool:
        return threading.current_thread().daemon

    assert portal.call(is_daemon)
    assert threading.get_ident() != portal.call(thread_and_loop)[0]


def test_arguments_and_results_pass_unchanged(portal: Portal) -> None:
    async def echo(first: object, *, second: object) -> tuple[object, object]:
        return first, second

    first, second = object(), object()

    assert (first, second) == portal.call(echo, first, second=second)


def test_sixteen_threads_that_begin_at_once_share_one_loop() -> None:
    gate = threading.Barrier(16)

    def place(_: int) -> tuple[int, asyncio.AbstractEventLoop]:
        gate.wait(10)
        return Portal(nothing).call(thread_and_loop)

    with ThreadPoolExecutor(16) as threads:
        places = set(threads.map(place, range(16)))

    assert 1 == len(places)


def test_the_loop_is_plain_asyncio_whatever_the_policy(portal: Portal) -> None:
    assert isinstance(portal.call(thread_and_loop)[1], asyncio.SelectorEventLoop)


def test_context_variables_of_the_caller_are_seen_and_not_changed(portal: Portal) -> None:
    async def see_and_change() -> str:
        seen = CALLER.get()
        CALLER.set("the loop")
        return seen

    token = CALLER.set("a web request")
    try:
        assert "a web request" == portal.call(see_and_change)
        assert "a web request" == CALLER.get()
    finally:
        CALLER.reset(token)


def test_an_error_arrives_as_the_very_object(portal: Portal) -> None:
    error = errors.ConfigurationError("no")

    async def fail() -> None:
        raise error

    with pytest.raises(errors.ConfigurationError) as caught:
        portal.call(fail)

    assert caught.value is error


def test_an_error_leaves_no_reference_cycle(portal: Portal) -> None:
    class MarkedError(Exception):
        pass

    async def fail() -> None:
        raise MarkedError

    gc.disable()
    try:
        gone: weakref.ref[BaseException] | None = None
        try:
            portal.call(fail)
        except MarkedError as error:
            gone = weakref.ref(error)
        # The task of the call is let go when the loop's iteration is over.
        portal.call(nothing)

        assert gone is not None
        assert gone() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_what_ends_a_program_goes_to_the_caller_and_leaves_the_loop_running(
    portal: Portal, kind: type[BaseException]
) -> None:
    async def leave() -> None:
        raise kind

    before = portal.call(thread_and_loop)
    with pytest.raises(kind):
        portal.call(leave)

    assert before == portal.call(thread_and_loop)


def test_a_system_exit_outside_all_calls_leaves_the_loop_running(portal: Portal) -> None:
    async def leave_later() -> None:
        def leave() -> None:
            raise SystemExit

        asyncio.get_running_loop().call_soon(leave)

    before = portal.call(thread_and_loop)
    portal.call(leave_later)

    assert before == portal.call(thread_and_loop)


def test_a_call_that_cannot_even_begin_raises_and_the_next_one_works(portal: Portal) -> None:
    portal.call(nothing)
    no_task = "asyncio.Task" if sys.version_info >= (3, 12) else "asyncio.BaseEventLoop.create_task"

    with patch(no_task, side_effect=MemoryError), pytest.raises(MemoryError):
        portal.call(nothing)

    assert threading.get_ident() != portal.call(thread_and_loop)[0]


def test_a_call_from_the_loops_own_thread_is_refused_at_once(portal: Portal) -> None:
    async def call_again() -> None:
        portal.call(nothing)

    with pytest.raises(SyncUsageError, match="AsyncClient"):
        portal.call(call_again)


def test_closing_from_the_loops_own_thread_is_begun_and_not_waited_for(portal: Portal) -> None:
    closed = threading.Event()

    async def aclose() -> None:
        closed.set()

    async def destructor() -> bool:
        portal.close(aclose)
        return closed.is_set()

    assert not portal.call(destructor)
    assert closed.wait(10)


async def test_beside_a_running_loop_a_call_works_and_warns_once(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_beside, "_has_warned", False)

    with pytest.warns(RuntimeWarning, match="AsyncClient") as caught:
        first = portal.call(thread_and_loop)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        second = portal.call(thread_and_loop)

    assert first == second
    assert [__file__] == [warning.filename for warning in caught]


def test_where_threads_take_turns_on_one_a_call_does_not_warn_of_the_private_loop(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As under gevent: the loop's thread and the caller's are one to asyncio."""

    async def give_loop() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    monkeypatch.setattr(_beside, "_has_warned", False)
    private = portal.call(give_loop)

    monkeypatch.setattr(asyncio, "get_running_loop", lambda: private)
    warn_beside_running_loop(private)
    with closing(asyncio.new_event_loop()) as another, pytest.warns(RuntimeWarning):
        warn_beside_running_loop(another)


async def test_closing_beside_a_running_loop_does_not_warn(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_beside, "_has_warned", False)

    portal.close(nothing)


async def test_in_ipython_a_call_beside_the_running_loop_does_not_warn(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    class IPython:
        @staticmethod
        def get_ipython() -> object:
            return object()

    monkeypatch.setattr(_beside, "_has_warned", False)
    monkeypatch.setitem(sys.modules, "IPython", cast("ModuleType", IPython))

    portal.call(nothing)
