"""Let one long run of orders and many short ones take turns, to see whether an order costs more.

Each is measured by the CPU time of its process, in a process of its own. The long run stands still
while a short one goes: so both meet the same machine, whose speed changes by a fifth from one
minute to the next.

``python -m benchmarks.bulk_growth 1000000`` prints an object of JSON for each stretch.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Generator, Sequence
from pathlib import Path
from typing import Final, cast

import attrs

from benchmarks.framework.processes import ask, child
from benchmarks.measure_bulk import KEY, most_memory, orders, server
from wixreseller import AsyncClient, bulk

__all__ = ["FEW", "Stretch", "growth"]

FEW: Final = 1000
_MEBIBYTE: Final = 2.0**20


@attrs.frozen(kw_only=True)
class Stretch:
    """Hold what a part of the long run cost, and the short run that followed it."""

    orders: int
    """Of the long run so far."""
    cost: float
    """Microseconds of CPU for an order of the stretch; the last one has the end of the run too."""
    short_cost: float
    """The same for an order of the short run, all of it: client and journal made and closed."""
    memory: float
    """The most that the process of the long run was resident with so far, in MiB."""


def growth(count: int, stretches: int = 100) -> Generator[Stretch, None, None]:
    """Run ``count`` orders in so many stretches, with a short run after each."""
    length = count // stretches
    with (
        server("benchmarks/bulk_server.py") as url,
        child(_program("long", url, stretches, length)) as long,
        child(_program("short", url)) as short,
    ):
        _next(short)  # the first is not counted; the long run has one before it, too
        before = 0.0
        for stretch in range(1, stretches + 1):
            done = _next(long)
            yield Stretch(
                orders=length * stretch,
                cost=1e6 * (done["cpu"] - before) / length,
                short_cost=1e6 * _next(short)["cpu"] / FEW,
                memory=done["memory"] / _MEBIBYTE,
            )
            before = done["cpu"]


def _program(kind: str, url: str, *numbers: int) -> list[str]:
    return [sys.executable, "-m", "benchmarks.bulk_growth", kind, url, *map(str, numbers)]


def _next(process: subprocess.Popen[str]) -> dict[str, float]:
    """Let a child go on, and give what it then tells."""
    return cast("dict[str, float]", json.loads(ask(process)))


# --- the children -------------------------------------------------------------------------------


async def _outcomes(url: str, count: int, first: int = 0) -> AsyncGenerator[int, None]:
    """Carry out orders with a client and a journal of their own; count the outcomes."""
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncClient(api_key=KEY, base_url=url, rate_limit=None) as client:
            run = bulk.run(client, orders(count, first), journal=Path(folder) / "orders.journal")
            async with contextlib.aclosing(run) as outcomes:
                done = 0
                async for outcome in outcomes:
                    assert outcome.outcome == "created", outcome
                    done += 1
                    yield done


async def _run_short(url: str, first: int) -> None:
    async for _ in _outcomes(url, FEW, first):
        pass


async def _run_long(url: str, stretches: int, length: int) -> None:
    count = stretches * length
    await _run_short(url, count)  # so that modules are loaded, and caches filled
    await asyncio.to_thread(sys.stdin.readline)
    began = time.process_time()
    async for done in _outcomes(url, count):
        if done % length == 0 and done < count:
            _tell(began)
            # The run goes on in the meantime, until some hundred outcomes wait to be read.
            await asyncio.to_thread(sys.stdin.readline)
    _tell(began)


def _tell(began: float) -> None:
    used = time.process_time() - began
    print(json.dumps({"cpu": used, "memory": most_memory()}), flush=True)


def _run_short_ones(url: str) -> None:
    for turn, _ in enumerate(sys.stdin):
        began = time.process_time()
        # Other ids each time: what this process sold a moment ago would be waited for to show.
        asyncio.run(_run_short(url, turn * FEW))
        print(json.dumps({"cpu": time.process_time() - began}), flush=True)


def main(arguments: Sequence[str]) -> None:
    """Do what the command line says."""
    match arguments:
        case ["long", url, stretches, length]:
            asyncio.run(_run_long(url, int(stretches), int(length)))
        case ["short", url]:
            _run_short_ones(url)
        case [count]:
            for stretch in growth(int(count)):
                print(json.dumps(attrs.asdict(stretch)), flush=True)
        case _:
            sys.exit("usage: python -m benchmarks.bulk_growth ORDERS")


if __name__ == "__main__":
    main(sys.argv[1:])
