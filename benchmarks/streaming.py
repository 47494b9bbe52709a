"""Ask whether reading on and on needs more and more memory.

Packages are streamed, 100 with three instances each to a page, and dropped as they come. Resident
memory is read after page 50, when caches are filled and the allocator has what it needs, and at
the end; in some processes one after the other, for the C library takes memory by the 132 kB, sooner
or later. It is told too what a package costs, its JSON included.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Sequence
from typing import Final

from benchmarks.framework.processes import run_program
from benchmarks.framework.questions import Effort, Goal, Question, Row

_GUID: Final = "0a1b2c3d-0000-4000-8000-0123456789ab"
_WORK: Final = "async for package in client.packages.query(): 100 packages × 3 instances a page"
_PROGRAM: Final = f"""\
import asyncio, json, sys, time
from wixreseller import AsyncClient

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

async def main(packages):
    client = AsyncClient(
        api_key="EMU.demo", account_id="{_GUID}", base_url=sys.argv[1], rate_limit=None
    )
    async with client:
        done, early, began = 0, 0, time.process_time()
        async for package in client.packages.query(max_items=packages):
            done += 1
            if done == 5_000:
                early = resident()
        cpu = time.process_time() - began
    print(json.dumps({{"early": early, "late": resident(), "cpu": cpu / done}}))

asyncio.run(main(int(sys.argv[2])))
"""


def _measure(effort: Effort) -> Sequence[Row]:
    packages = effort.of(100_000, 1_000_000)
    command = [sys.executable, "-c", _PROGRAM, effort.url, str(packages)]
    seen = [json.loads(run_program(command)) for _ in range(effort.of(1, 5))]
    cpu = statistics.median(run["cpu"] for run in seen)
    mebibyte = 2.0**20
    return [
        Row(
            name="after page 50",
            work=_WORK,
            values=[run["early"] / mebibyte for run in seen],
        ),
        Row(
            name="at the end",
            work=f"the same, after {packages:,} packages; {cpu * 1e6:.1f} µs of CPU each",
            values=[run["late"] / mebibyte for run in seen],
        ),
    ]


QUESTIONS: Final = [
    Question(
        name="streaming",
        title="Stream packages",
        unit="MiB resident",
        measure=_measure,
        goals=(
            Goal(
                what="Memory at the end of a stream: ÷ after page 50",
                row="at the end",
                to="after page 50",
                at_most=1.005,
                guard=1.012,
            ),
        ),
    )
]
