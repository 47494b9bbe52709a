"""What this process has created is remembered, so that one create is never taken for another."""

from __future__ import annotations

import asyncio
import sys
from types import FrameType
from typing import Any, cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wixreseller import AsyncClient, Product, _writes, errors
from wixreseller._calls import Calls, Times
from wixreseller._clock import Clock
from wixreseller._executor import Executor
from wixreseller._memory import memory_for
from wixreseller._operations import create_package
from wixreseller._recent import Create, RecentCreates
from wixreseller.config import ClientConfig
from wixreseller.emulator.default_seed import SUB_ACCOUNTS

ACCOUNT = "0a1b2c3d-0000-4000-8000-0123456789ab"
REQUEST = create_package(
    ACCOUNT, "k", [Product(catalog_product_id=ACCOUNT, country_code="BR")], "sub-1"
)


class Ending:
    """Stand in for the executor: end every call in one way."""

    clock = Clock()

    def __init__(self, end: BaseException) -> None:
        self._end = end

    async def run(self, *_: object) -> object:
        """End."""
        raise self._end


def create_ending_in(end: BaseException) -> RecentCreates:
    config = ClientConfig.resolve(environment={}, api_key="IST.canary-3f1c9a", account_id=ACCOUNT)
    calls = Calls(config, cast("Executor", Ending(end)))
    with pytest.raises(type(end)):
        # Stepped by hand: an event loop would take an interrupt for its own.
        _writes.write(calls, REQUEST, Times(30.0, None)).send(None)
    return calls.recent


@pytest.mark.parametrize("end", [asyncio.CancelledError(), KeyboardInterrupt(), MemoryError()])
def test_a_create_that_did_not_end_by_an_error_of_ours_may_have_happened(
    end: BaseException,
) -> None:
    recent = create_ending_in(end)

    assert recent.has_rival(ACCOUNT, "sub-1", "another key", since=float("inf"))


def test_a_create_that_failed_for_certain_rivals_none() -> None:
    recent = create_ending_in(errors.ConnectFailedError("nobody listens"))

    assert not recent.has_rival(ACCOUNT, "sub-1", "another key", since=0.0)


async def test_clients_of_a_process_with_one_key_share_a_flight(
    emulator_url: str, product: Product
) -> None:
    def client() -> AsyncClient:
        return AsyncClient(
            api_key="EMU.demo", account_id=SUB_ACCOUNTS[0], base_url=emulator_url, rate_limit=None
        )

    async with client() as one, client() as other:
        both = await asyncio.gather(
            *(each.packages.ensure([product], external_id="sub-1") for each in (one, other))
        )

    assert ["created", "existing"] == [each.outcome for each in both]
    assert both[0].package == both[1].package


def test_a_stranger_with_another_key_shares_nothing() -> None:
    clock = Clock()

    mine = memory_for("https://api.test", "key", clock)

    assert mine is memory_for("https://api.test", "key", clock)
    assert mine is not memory_for("https://api.test", "another key", clock)
    assert mine is not memory_for("https://other.test", "key", clock)


def test_an_account_in_capital_letters_is_the_same_account() -> None:
    recent = RecentCreates()
    begun = recent.begin(ACCOUNT, "sub-1", "k", now=1.0)

    recent.end(begun, 2.0, "done", "the package")

    assert "the package" == recent.package_of(ACCOUNT.upper(), "sub-1")
    assert recent.has_rival(ACCOUNT.upper(), "sub-1", "another key", since=0.0)


def test_a_create_of_long_ago_is_forgotten() -> None:
    recent = RecentCreates()
    begun = recent.begin(ACCOUNT, "sub-1", "k", now=1.0)
    recent.end(begun, 2.0, "done", "the package")
    recent.begin(ACCOUNT, "sub-2", "k", now=902.0)
    assert 2.0 == recent.due_since(ACCOUNT, "sub-1")

    recent.begin(ACCOUNT, "sub-3", "k", now=913.0)

    assert recent.due_since(ACCOUNT, "sub-1") is None


@pytest.mark.parametrize("ids", [1, 7, 20_000])
def test_the_latest_of_the_creates_are_remembered_ten_thousand_at_most(ids: int) -> None:
    recent = RecentCreates()
    for number in range(20_000):
        recent.begin(ACCOUNT, f"sub-{number % ids}", f"k{number}", now=1.0)

    known = [
        number
        for number in range(20_000)
        if recent.first_sent(ACCOUNT, f"sub-{number % ids}", f"k{number}") is not None
    ]

    assert [*range(known[0], 20_000)] == known
    assert 9_500 <= len(known) <= 10_000


# --- many creates of one external id ------------------------------------------------------------


def lines_of_one_more(count: int) -> int:
    """Count the lines that Python runs for one more create after so many of its external id."""
    recent = RecentCreates()
    for number in range(count):
        begun = recent.begin(ACCOUNT, "sub-1", f"k{number}", now=1.0)
        recent.end(begun, 1.0, "done", f"package {number}")
    lines = 0

    def watch(_frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal lines
        lines += event == "line"
        return watch

    before = sys.gettrace()
    sys.settrace(watch)
    try:
        begun = recent.begin(ACCOUNT, "sub-1", "k", now=2.0)
        recent.has_rival(ACCOUNT, "sub-1", "k", since=1.5)
        recent.end(begun, 2.0, "done", "the package")
        recent.due_since(ACCOUNT, "sub-1")
        recent.package_of(ACCOUNT, "sub-1")
    finally:
        sys.settrace(before)
    return lines


def test_one_more_create_of_an_external_id_costs_the_same_however_many_there_were() -> None:
    assert lines_of_one_more(2) == lines_of_one_more(2000)


def test_a_clock_that_is_set_back_makes_no_create_look_older_than_one_before_it() -> None:
    recent = RecentCreates()
    for key, now in (("k1", 50.0), ("k2", 10.0)):
        begun = recent.begin(ACCOUNT, "sub-1", key, now)
        recent.end(begun, now, "done", f"the package of {key}")

    assert recent.has_rival(ACCOUNT, "sub-1", "k", since=50.0)
    assert 50.0 == recent.due_since(ACCOUNT, "sub-1")
    assert "the package of k2" == recent.package_of(ACCOUNT, "sub-1")


class Remembered:
    """Remember the same as :class:`RecentCreates`, one create after the other, as plainly told."""

    def __init__(self) -> None:
        self.first: dict[str, float] = {}
        self.open: set[str] = set()
        self.unknown: set[str] = set()
        self.done: dict[str, float] = {}
        self.ends: list[float] = []
        self.made: list[str] = []

    def begin(self, key: str, now: float) -> None:
        self.first.setdefault(key, now)
        self.open.add(key)

    def end(self, key: str, now: float, state: str) -> None:
        if key not in self.first:
            return
        if state == "failed":
            self.open &= {*self.open} - {key} | self.unknown
            return
        self.ends.append(now)
        self.unknown.discard(key)
        self.open.discard(key)
        if state == "unknown":
            self.unknown.add(key)
            self.open.add(key)
        else:
            self.done[key] = now
            self.made.append(f"package of {key} at {now}")

    def has_rival(self, key: str, since: float) -> bool:
        last = max((at for one, at in self.done.items() if one != key), default=None)
        return bool(self.open - {key}) or (last is not None and last >= since)


KEYS = st.sampled_from(["k1", "k2", "k3"])
STEPS = st.lists(
    st.tuples(KEYS, st.sampled_from(["begin", "done", "failed", "unknown"]), st.integers(0, 2))
)
"""A key, what becomes of its create, and which of its beginnings that is told of."""


@settings(max_examples=300)
@example(
    [
        ("k1", "begin", 0),
        ("k2", "begin", 0),
        ("k2", "done", 0),
        ("k1", "done", 0),
        ("k2", "failed", 0),
    ]
)
@given(STEPS)
def test_several_creates_of_one_external_id_are_told_apart(
    steps: list[tuple[str, Any, int]],
) -> None:
    recent, plain = RecentCreates(), Remembered()
    begun: dict[str, list[Create]] = {key: [] for key in ("k1", "k2", "k3")}
    for now, (key, step, which) in enumerate(steps):
        if step == "begin":
            begun[key].append(recent.begin(ACCOUNT, "sub-1", key, now))
            plain.begin(key, now)
        elif begun[key]:
            made = f"package of {key} at {now}" if step == "done" else None
            recent.end(begun[key][which % len(begun[key])], now, step, made)
            plain.end(key, now, step)

    for key in ("k1", "k2", "k3", "another"):
        assert plain.first.get(key) == recent.first_sent(ACCOUNT, "sub-1", key)
        for since in range(len(steps) + 1):
            rival = recent.has_rival(ACCOUNT, "sub-1", key, since)
            assert plain.has_rival(key, since) == rival
    assert max(plain.ends, default=None) == recent.due_since(ACCOUNT, "sub-1")
    assert (plain.made[-1] if plain.made else None) == recent.package_of(ACCOUNT, "sub-1")
