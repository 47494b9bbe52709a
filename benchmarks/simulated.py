"""Run the real limiter and the real executor against a simulated server, in simulated time.

The event loop is asyncio's own; only its clock jumps to the next moment at which anything happens.
"""

from __future__ import annotations

import asyncio
import random
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar, cast

import attrs

from benchmarks.limit_servers import Server
from wixreseller import NO_TIMEOUT, RateLimit, _operations
from wixreseller._answers import Response
from wixreseller._clock import Clock
from wixreseller._executor import Executor, Times
from wixreseller._guard import Progress
from wixreseller._hooks_runner import HooksRunner
from wixreseller._pacing import Pacer
from wixreseller._sentinels import Seconds
from wixreseller._transport import Transport
from wixreseller.config import ClientConfig
from wixreseller.errors import WixResellerError
from wixreseller.hooks import Hooks
from wixreseller.matrix import Phase
from wixreseller.models import CallMeta

T = TypeVar("T")
GUID = "0a1b2c3d-0000-4000-8000-0123456789ab"
CREATE = _operations.create_package(GUID, "key", [], None)
OK = Response(status=200, headers={}, body=b"{}")


class _Jump(selectors.DefaultSelector):
    """Wait by setting the loop's clock forward."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Give what is ready, and let the time pass if nothing is."""
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "everybody waits for ever"
            self.now += max(0.0, timeout)
        return ready


class SimulatedLoop(asyncio.SelectorEventLoop):
    """Be asyncio's loop in a time of its own."""

    def __init__(self) -> None:
        self._jump = _Jump()
        super().__init__(self._jump)

    def time(self) -> float:
        """Give the simulated seconds since it was made."""
        return self._jump.now


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run in simulated time."""
    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        return runner.run(work)


@attrs.define
class Network:
    """Stand in for the transport: carry a request to the simulated server, and its answer back."""

    server: Server
    latency: float
    chance: random.Random

    async def exchange(self, request: object, progress: Progress, timeout: Seconds) -> Response:  # noqa: ARG002  # as the transport's
        """Answer after the latency, a fifth more or less; the way there is about half of it."""
        progress.phase = Phase.ANSWERING
        whole = self.latency * self.chance.uniform(0.8, 1.2)
        there = whole * self.chance.uniform(0.4, 0.6)
        loop = asyncio.get_running_loop()
        await asyncio.sleep(there)
        told = self.server.answer(loop.time())
        await asyncio.sleep(whole - there)
        progress.phase = Phase.READING
        if told is None:
            return OK
        return Response(status=429, headers={"Retry-After": str(told)} if told else {}, body=b"{}")


@attrs.define
class Outcome:
    """Count what became of calls, and when."""

    done: int = 0
    lost: int = 0
    last_done: float = 0.0


def _keep(response: Response, _: CallMeta) -> Response:
    return response


async def work_off(
    network: Network,
    limit: RateLimit,
    *,
    workers: int,
    calls: float,
    until: float,
    pacers: list[Pacer] | None = None,
) -> Outcome:
    """Let workers make one call after the other, so many in all or until some time.

    With several pacers, processes that share a limit, each has its workers.
    """
    loop = asyncio.get_running_loop()
    chance = network.chance
    clock = Clock(monotonic=loop.time, posix=loop.time, chance=chance.random)
    config = ClientConfig.resolve(environment={}, api_key="simulated", account_id=GUID)
    outcome, started = Outcome(), 0

    async def worker(executor: Executor) -> None:
        nonlocal started
        while started < calls and loop.time() < until:
            started += 1
            try:
                await executor.run(CREATE, _keep, Times(NO_TIMEOUT, None), config)
            except WixResellerError:
                outcome.lost += 1
            else:
                outcome.done += 1
                outcome.last_done = loop.time()

    executors = [
        Executor(cast("Transport", network), pacer, clock, HooksRunner(Hooks()))
        for pacer in pacers or [Pacer(limit, clock)]
    ]
    tasks = [asyncio.ensure_future(worker(one)) for one in executors for _ in range(workers)]
    await asyncio.wait(tasks, timeout=until)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return outcome
