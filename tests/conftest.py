"""Give every test a world of its own, and contract tests both faces of the client."""

from __future__ import annotations

import asyncio
import urllib.request
from collections.abc import AsyncIterator, Iterator
from typing import Any, cast

import pytest
from awaited import Awaited
from held_port import held_port
from hypothesis import HealthCheck, settings

from wixreseller import AsyncClient, BillingInfo, Client, CycleUnit, Product
from wixreseller._memory import forget_memories
from wixreseller._pacing import forget_pacers
from wixreseller.emulator import Emulator
from wixreseller.emulator.default_seed import PREMIUM_BASIC, SUB_ACCOUNTS
from wixreseller.testing import EmulatorThread

ACCOUNT = SUB_ACCOUNTS[0]

# How long an example takes is the machine's affair, which may be busy with something else.
settings.register_profile(
    "patient", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("patient")


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("WIX_API_KEY", "WIX_ACCOUNT_ID", "WIXRESELLER_BASE_URL", "WIXRESELLER_CATALOGUE")
    for name in names:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _no_gates_from_before() -> None:
    """Forget which limits are used up, which gates are closed, and what was created.

    They belong to an address and a key, and the system may give the address of a server that told
    one test to come back in an hour to the server of the next.
    """
    forget_pacers()
    forget_memories()


@pytest.fixture
def unused_tcp_port() -> Iterator[int]:
    """Give a port where nobody listens while the test runs."""
    with held_port() as port:
        yield port


@pytest.fixture(scope="session")
def emulator_thread() -> Iterator[EmulatorThread]:
    """Run one emulator for the whole run; use ``emulator_url``, which begins with a clean one."""
    with EmulatorThread(Emulator(rate_limit="off")) as running:
        yield running


@pytest.fixture
def emulator_url(emulator_thread: EmulatorThread) -> str:
    """Give the address of an emulator whose state is the default seed's."""
    request = urllib.request.Request(  # noqa: S310  # our own address
        f"{emulator_thread.url}/_emulator/reset", method="POST"
    )
    urllib.request.urlopen(request, timeout=10).close()  # noqa: S310
    return emulator_thread.url


@pytest.fixture(params=["async", "blocking"])
async def client(request: pytest.FixtureRequest, emulator_url: str) -> AsyncIterator[AsyncClient]:
    """Give a client of the first sub-account, once with each face, to be used as the async one."""
    arguments: dict[str, Any] = {
        "api_key": "EMU.demo",
        "account_id": ACCOUNT,
        "base_url": emulator_url,
        "rate_limit": None,
    }
    if request.param == "async":
        async with AsyncClient(**arguments) as made:
            yield made
    else:
        blocking = Client(**arguments)
        yield cast("AsyncClient", Awaited(blocking))
        await asyncio.to_thread(blocking.close)  # a blocking call beside a loop warns, rightly


@pytest.fixture
def product() -> Product:
    """Give a product that every account of the default seed can order any number of times."""
    return Product(
        catalog_product_id=PREMIUM_BASIC,
        country_code="BR",
        billing_info=BillingInfo.recurring(1, CycleUnit.YEAR),
    )
