"""Whatever goes wrong, what the client says of a write is what the server did.

Random programs of calls run in every cell of key mode, visibility lag and policy; each call meets a
trouble of its own. Both sides have one invented time, and sockets between them.
"""

from __future__ import annotations

import asyncio
import logging
import os
import zlib

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from safety_client import world
from safety_grid import KEY_MODES, LAGS, POLICIES, Cell, Lag, Policy, Program, Run, Tally, programs
from safety_time import JumpingLoop

EXAMPLES = int(os.environ.get("WIXRESELLER_SAFETY_EXAMPLES", "6"))
"""How many programs run in each of the cells."""
SEED = os.environ.get("WIXRESELLER_SAFETY_SEED", "1")


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("lag", LAGS, ids=str)
@pytest.mark.parametrize("key_mode", KEY_MODES)
def test_the_client_never_says_what_the_server_contradicts(
    key_mode: str, lag: Lag, policy: Policy, tally: Tally, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "wixreseller")
    cell = Cell(key_mode, lag, policy)

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
            runner.run(_run(program, cell, tally))

    holds()


async def _run(program: Program, cell: Cell, tally: Tally) -> None:
    async with world() as here:
        await Run(here, cell, tally).carry_out(program)
