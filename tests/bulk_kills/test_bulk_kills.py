"""Kill runs at random moments: no order is carried out twice, and none is lost.

The real command line, against an emulator in another process that spoils requests at random.
``WIXRESELLER_BULK_KILLS`` says how many kills (30), ``WIXRESELLER_BULK_KILLS_SEED`` repeats the
choices of a run that failed; moments are as the machine makes them. With
``WIXRESELLER_BULK_KILLS_LOG`` a line for each story is added to that file.
"""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import attrs
import pytest
from kills_judge import Cell
from kills_story import Story

KILLS = int(os.environ.get("WIXRESELLER_BULK_KILLS", "30"))
KILLS_OF_A_STORY = 10
SEED = os.environ.get("WIXRESELLER_BULK_KILLS_SEED") or str(random.SystemRandom().getrandbits(32))

# Three in a row have every mode and every visibility.
CELLS = (
    Cell("ignore", "within the window"),
    Cell("replay", "beyond the window"),
    Cell("conflict", "at once"),
    Cell("ignore", "at once"),
    Cell("replay", "within the window"),
    Cell("conflict", "beyond the window"),
    Cell("ignore", "beyond the window"),
    Cell("replay", "at once"),
    Cell("conflict", "within the window"),
)


@pytest.mark.timeout(900)  # half a minute, but for a machine that is busy with something else
@pytest.mark.parametrize("number", range(-(-KILLS // KILLS_OF_A_STORY)))
def test_no_order_is_done_twice_or_lost_whenever_the_process_is_killed(
    number: int, tmp_path: Path
) -> None:
    seed = f"{SEED}-{number}"
    print(f"WIXRESELLER_BULK_KILLS_SEED={SEED}")  # noqa: T201 # shown where it fails
    cell = CELLS[number % len(CELLS)]
    story = Story(tmp_path, cell, random.Random(seed))  # noqa: S311 # chooses moments, no secrets

    story.tell(min(KILLS_OF_A_STORY, KILLS - number * KILLS_OF_A_STORY))

    if log := os.environ.get("WIXRESELLER_BULK_KILLS_LOG"):
        line = {"story": number, **attrs.asdict(cell), **attrs.asdict(story.bite)}
        Path(log).parent.mkdir(parents=True, exist_ok=True)
        with Path(log).open("a") as file:
            file.write(json.dumps(line) + "\n")
    # A test that never met an order under way would prove nothing.
    assert story.bite.within_intents
