"""However runs end, and whatever the server does: what is said of an order is what happened.

Random programs of runs that are cancelled at any moment and resumed, in every cell of key mode and
visibility lag; requests are spoilt meanwhile. Both sides have one invented time, and sockets
between them.
"""

from __future__ import annotations

import asyncio
import logging
import os
import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import pytest
from bulk_crashes import KEY_MODES, LAGS, Cell, Program, Trial, programs, small_programs
from hypothesis import HealthCheck, Phase, given, seed, settings
from safety_client import world
from safety_time import JumpingLoop

EXAMPLES = int(os.environ.get("WIXRESELLER_BULK_EXAMPLES", "4"))
"""How many programs run in each of the cells."""
SEED = os.environ.get("WIXRESELLER_BULK_SEED", "1")


@pytest.mark.parametrize("lag", LAGS)
@pytest.mark.parametrize("key_mode", KEY_MODES)
def test_every_trouble_ends_as_is_promised_with_a_crash_and_without(
    key_mode: str, lag: float, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "wixreseller")
    cell = Cell(key_mode, lag)
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        runner.run(_carry_out(small_programs(), cell))


@pytest.mark.parametrize("lag", LAGS)
@pytest.mark.parametrize("key_mode", KEY_MODES)
def test_what_is_said_of_orders_is_what_happened_however_runs_end(
    key_mode: str, lag: float, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "wixreseller")
    cell = Cell(key_mode, lag)

    @seed(zlib.crc32(f"{SEED} {cell}".encode()))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
        phases=(Phase.generate, Phase.shrink),
    )
    @given(programs())
    def holds(program: Program) -> None:
        with asyncio.Runner(loop_factory=JumpingLoop) as runner:
            runner.run(_carry_out([program], cell))

    holds()


async def _carry_out(programs: Sequence[Program], cell: Cell) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with world() as here:
            for number, program in enumerate(programs):
                await Trial(here, cell, Path(folder) / f"{number}.journal").carry_out(program)
