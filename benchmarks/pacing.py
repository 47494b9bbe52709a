"""Ask what the limiter costs a request that need not wait: taking a turn and giving it back.

CPU time for each turn. To be seen beside what a request takes in all.
"""

from __future__ import annotations

import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.framework.awaiting import at_once
from benchmarks.framework.processes import in_turns
from benchmarks.framework.questions import Effort, Question, Row, Way

if TYPE_CHECKING:
    from wixreseller import RateLimit

Call = Callable[[], Awaitable[None]]


@asynccontextmanager
async def _turns(limit: RateLimit | None, *, unsent: bool) -> AsyncGenerator[Call, None]:
    from wixreseller._clock import Clock
    from wixreseller._pacing import Pacer

    pacer = Pacer(limit, Clock())

    async def turn() -> None:
        pacer.give_back(await pacer.take(), unsent=unsent)

    yield turn


def _no_limit(_: str) -> AbstractAsyncContextManager[Call]:
    return _turns(None, unsent=False)


def _local(_: str) -> AbstractAsyncContextManager[Call]:
    from wixreseller import RateLimit

    return _turns(RateLimit(1_000_000, per=0.001), unsent=False)


@asynccontextmanager
async def _shared(_: str) -> AsyncGenerator[Call, None]:
    from wixreseller import RateLimit

    with tempfile.TemporaryDirectory() as folder:
        limit = RateLimit(200, per=10_000.0, shared=Path(folder) / "limit")
        async with _turns(limit, unsent=True) as turn:
            yield turn


WAYS: Final = [
    Way(
        name="no limit",
        work="the gate only, which closes after a 429",
        open=at_once(_no_limit, concurrency=1, calls_each=2_000),
    ),
    Way(
        name="a limit",
        work="a slot of this process",
        open=at_once(_local, concurrency=1, calls_each=2_000),
    ),
    Way(
        name="a limit shared by processes",
        work="a slot here, and one in the file, under its lock",
        open=at_once(_shared, concurrency=1, calls_each=200),
    ),
]


def _measure(effort: Effort) -> Sequence[Row]:
    return in_turns("benchmarks.pacing", WAYS, effort.url, rounds=effort.of(7, 30), scale=1e6)


QUESTIONS: Final = [
    Question(
        name="pacing",
        title="A turn of the limiter, when there is no need to wait",
        unit="µs of CPU",
        measure=_measure,
    )
]
