"""Measure what the limiter costs a request that need not wait: taking a turn and giving it back.

Run it with ``nox -s bench``; a local turn is to be seen beside the hundreds of microseconds that a
request takes, a shared one also beside the time for which it keeps the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from wixreseller import RateLimit
from wixreseller._clock import Clock
from wixreseller._pacing import Pacer

TURNS = 100
LIMITS = [200, 2_000]


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """Give an event loop; entering it costs far less than a hundred turns."""
    with asyncio.Runner() as made:
        yield made


async def turns(pacer: Pacer) -> None:
    """Take turns and give them back as unsent, so that none ever has to wait."""
    for _ in range(TURNS):
        pacer.give_back(await pacer.take(), unsent=True)


async def used_turns(pacer: Pacer) -> None:
    """Take turns and give them back as answered."""
    for _ in range(TURNS):
        pacer.give_back(await pacer.take())


@pytest.mark.benchmark(group="100 turns")
def test_no_limit(benchmark: BenchmarkFixture, runner: asyncio.Runner) -> None:
    """Pass the gate only."""
    pacer = Pacer(None, Clock())
    benchmark(lambda: runner.run(used_turns(pacer)))


@pytest.mark.benchmark(group="100 turns")
def test_local(benchmark: BenchmarkFixture, runner: asyncio.Runner) -> None:
    """Take slots of a limit that is never reached."""
    pacer = Pacer(RateLimit(1_000_000, per=0.1), Clock())
    benchmark(lambda: runner.run(used_turns(pacer)))


@pytest.mark.benchmark(group="100 turns")
@pytest.mark.parametrize("limit", LIMITS)
def test_shared(
    benchmark: BenchmarkFixture, runner: asyncio.Runner, tmp_path: Path, limit: int
) -> None:
    """Take slots through a file in which all but one are used, the slowest case."""
    pacer = Pacer(RateLimit(limit, per=10_000.0, shared=tmp_path / "limit"), Clock())

    async def use_up() -> None:
        for _ in range(limit - 1):
            pacer.give_back(await pacer.take())

    runner.run(use_up())
    benchmark(lambda: runner.run(turns(pacer)))
