"""Give runs of orders an emulator of their own, and a client whose wire is watched."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from bulk_orders import Wire, new_client

from wixreseller import AsyncClient
from wixreseller.emulator import Emulator


@pytest.fixture
async def emulator() -> AsyncIterator[Emulator]:
    async with Emulator(rate_limit="off") as running:
        yield running


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
async def client(emulator: Emulator, wire: Wire) -> AsyncIterator[AsyncClient]:
    async with new_client(emulator, wire) as made:
        yield made
