"""Whoever stops reading a plan before its end leaves no file open, whatever is collected when."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from bulk_orders import new_client, orders
from bulk_plans import plan_of

from wixreseller import AsyncClient
from wixreseller.bulk import PlanFile, apply, resume, verify

Reading = Callable[[AsyncClient, PlanFile], AsyncGenerator[Any, None]]
READINGS: dict[str, Reading] = {
    "apply": apply,
    "resume": resume,
    "verify": lambda client, plan: verify(client, plan, None),
}


@pytest.fixture
async def client(emulator_url: str) -> AsyncIterator[AsyncClient]:
    async with new_client(emulator_url) as made:
        yield made


@pytest.fixture
def _no_collection() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("_no_collection")
@pytest.mark.parametrize("name", READINGS)
async def test_a_plan_that_was_not_read_to_its_end_is_closed(
    client: AsyncClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    plan = await plan_of(client, tmp_path, orders(1500))
    if name == "resume":
        async with contextlib.aclosing(apply(client, plan)) as outcomes:
            await anext(outcomes)
    closed: list[bool] = []
    read = PlanFile.rows

    def watched(self: PlanFile) -> Any:
        try:
            yield from read(self)
        finally:
            closed.append(True)

    monkeypatch.setattr(PlanFile, "rows", watched)

    async with contextlib.aclosing(READINGS[name](client, plan)) as results:
        await anext(results)
    await asyncio.sleep(0)

    assert [True] == closed
