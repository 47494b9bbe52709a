"""Measure what users wait for: decoding a page, and a create over a real socket.

A first base line. Run it with ``nox -s bench``; compare two runs with ``--benchmark-compare``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import orjson
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from wixreseller import AsyncClient, BillingInfo, Client, CycleUnit, Page, Product, _wire
from wixreseller.emulator import Emulator
from wixreseller.emulator.default_seed import PREMIUM_BASIC, SUB_ACCOUNTS
from wixreseller.testing import EmulatorThread

GUID = "0a1b2c3d-0000-4000-8000-0123456789ab"
PRODUCT = Product(
    catalog_product_id=PREMIUM_BASIC,
    country_code="BR",
    billing_info=BillingInfo.recurring(1, CycleUnit.YEAR),
)


def page_of(packages: int, instances: int) -> bytes:
    """Make a page as Wix answers it."""
    date = "2026-01-02T03:04:05.678Z"
    instance = {
        "instanceId": GUID,
        "siteId": GUID,
        "catalogProductId": GUID,
        "status": "ENABLED",
        "billingInfo": {"type": "RECURRING", "cycleDuration": {"unit": "YEAR", "count": 1}},
        "countryCode": "BR",
        "createdDate": date,
        "updatedDate": date,
    }
    package = {
        "id": GUID,
        "accountId": GUID,
        "externalId": "sub-42",
        "productInstances": [instance] * instances,
        "createdDate": date,
        "updatedDate": date,
        "parentAccountId": GUID,
    }
    metadata = {"count": packages, "cursors": {"next": "c" * 80}, "hasNext": True}
    return orjson.dumps({"packages": [package] * packages, "metadata": metadata})


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Run the emulator in this process: its time counts as well."""
    with EmulatorThread(Emulator(rate_limit="off")) as emulator:
        yield emulator.url


@pytest.mark.benchmark(group="a page of 100 packages with 3 instances each")
def test_bytes_to_dicts(benchmark: BenchmarkFixture) -> None:
    """Parse the JSON only: what decoding is compared with."""
    benchmark(orjson.loads, page_of(100, 3))


@pytest.mark.benchmark(group="a page of 100 packages with 3 instances each")
def test_bytes_to_values(benchmark: BenchmarkFixture) -> None:
    """Parse the JSON and make values of it, extras kept and unknown values tolerated."""
    body = page_of(100, 3)

    def decode() -> Page:
        return _wire.decode(_wire.loads(body), Page)

    benchmark(decode)
    assert len(decode()) == 100


@pytest.mark.benchmark(group="a create call")
def test_create_awaited(benchmark: BenchmarkFixture, url: str) -> None:
    """Create a package with the async client, one after the other on a kept connection."""
    with asyncio.Runner() as runner:
        client = AsyncClient(
            api_key="EMU.demo", account_id=SUB_ACCOUNTS[0], base_url=url, rate_limit=None
        )
        benchmark(lambda: runner.run(client.packages.create([PRODUCT])))
        runner.run(client.aclose())


@pytest.mark.benchmark(group="a create call")
def test_create_blocking(benchmark: BenchmarkFixture, url: str) -> None:
    """Create a package with the blocking client, the same way."""
    with Client(
        api_key="EMU.demo", account_id=SUB_ACCOUNTS[1], base_url=url, rate_limit=None
    ) as client:
        benchmark(lambda: client.packages.create([PRODUCT]))
