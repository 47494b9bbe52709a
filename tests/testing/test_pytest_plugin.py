"""The fixtures that users get from the plugin, in test runs of their own."""

from __future__ import annotations

import tomllib
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.testing.conftest import Run

ROOT = Path(__file__).parents[2]
HEAD = """
import asyncio, os, socket, subprocess, sys, time
import pytest
from wixreseller import AsyncClient, Client, Product, errors
from wixreseller.emulator.default_seed import PREMIUM_BUSINESS

PRODUCT = Product(catalog_product_id=PREMIUM_BUSINESS, country_code="BR")
"""


def test_the_entry_point_names_the_plugin() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    plugin = project["entry-points"]["pytest11"]["wixreseller"]

    assert import_module(plugin).wix_emulator is not None


def test_the_same_test_works_sync_and_async(run: Run) -> None:
    code = HEAD + (
        """
def test_sync(wix_emulator):
    with Client() as client:
        package = client.packages.create([PRODUCT], external_id="a")
        assert client.packages.get(package.id).external_id == "a"

async def test_async(wix_emulator):
    async with AsyncClient() as client:
        package = await client.packages.create([PRODUCT], external_id="a")
        assert (await client.packages.get(package.id)).external_id == "a"

def test_helpers(wix_emulator):
    with wix_emulator.client() as client:
        client.packages.create([PRODUCT])
    async def main():
        async with wix_emulator.async_client(wix_emulator.account_ids[2]) as client:
            await client.packages.create([PRODUCT])
    asyncio.run(main())
    asked = wix_emulator.control.requests()
    assert [entry.account for entry in asked] == list(wix_emulator.account_ids[1:3])

def test_other_processes_reach_it(wix_emulator):
    code = "from wixreseller import Client; print(Client().packages.find('a'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    assert done.stdout == "None\\n", done.stderr
"""
    )
    run(code).assert_outcomes(passed=4)


def test_every_test_begins_with_a_clean_world(run: Run) -> None:
    code = HEAD + (
        """
IDS = []

@pytest.mark.parametrize("number", range(3))
def test_leaves_everything_behind(wix_emulator, number):
    control = wix_emulator.control
    assert control.requests() == [] and control.faults() == [] and control.snapshots() == []
    assert not control.clock().is_frozen
    assert control.settings()["delivery_seconds"].value == 2
    with Client() as client:
        assert client.packages.find("a") is None
        IDS.append(client.packages.create([PRODUCT], external_id="a", idempotency_key="k").id)
    assert len(set(IDS)) == 1
    control.snapshot()
    control.freeze()
    control.change_settings(delivery_seconds=9)
    control.add_fault("empty_500")
    if number == 1:
        control.seed({})

def test_the_address_stays(wix_emulator, request):
    assert os.environ["WIXRESELLER_BASE_URL"] == wix_emulator.url
    assert request.config.stash.setdefault(ADDRESS, wix_emulator.url) == wix_emulator.url

ADDRESS = pytest.StashKey()

def test_the_address_stays_again(wix_emulator, request):
    test_the_address_stays(wix_emulator, request)
    wix_emulator.control.snapshot()

def test_the_address_stays_even_after_a_snapshot(wix_emulator, request):
    test_the_address_stays(wix_emulator, request)

def test_without_it_the_environment_is_as_it_was():
    assert "WIXRESELLER_BASE_URL" not in os.environ
"""
    )
    run(code).assert_outcomes(passed=7)


def test_the_pace_of_one_test_does_not_slow_the_next(run: Run) -> None:
    code = HEAD + (
        """
@pytest.fixture(scope="session")
def wix_emulator_options():
    return {"rate_limit": "30/60"}

@pytest.mark.parametrize("number", range(12))
def test_twenty_requests(wix_emulator, number):
    with Client() as client:
        for _ in range(20):
            client.packages.find("a")
"""
    )
    result = run(code)

    result.assert_outcomes(passed=12)
    assert result.duration < 30


def test_options_choose_another_world(run: Run) -> None:
    code = HEAD + (
        """
GUID = "b0000000-0000-4000-8000-000000000000"

@pytest.fixture(scope="session")
def wix_emulator_options():
    seed = {"accounts": [{"id": GUID}], "apiKeys": [{"key": "EMU.mine", "accountId": GUID}]}
    return {"seed": seed, "loose": True, "rate_limit": "off", "settings": {"delivery_seconds": 7}}

def test_it(wix_emulator):
    assert (wix_emulator.api_key, wix_emulator.account_id) == ("EMU.mine", GUID)
    assert wix_emulator.control.settings()["delivery_seconds"].value == 7
    assert wix_emulator.control.settings()["rate_limit"].value == "off"
    with Client() as client:
        client.packages.create([PRODUCT])
"""
    )
    run(code).assert_outcomes(passed=1)


def test_a_failure_shows_what_was_asked(run: Run) -> None:
    code = HEAD + (
        """
def test_it(wix_emulator):
    with Client() as client:
        package = client.packages.create([PRODUCT], external_id="first")
        client.packages.create([PRODUCT], external_id="second")
        client.packages.create([PRODUCT], external_id="second", idempotency_key="k")
        client.packages.find("first")
        with pytest.raises(errors.NotFoundError):
            client.packages.get(wix_emulator.account_id)
    assert not "what the test is about"

def test_that_asks_nothing(wix_emulator):
    assert not "what the test is about"

def test_without_it():
    assert not "what the test is about"
"""
    )
    result = run(code)

    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines(
        [
            "*- requests to the Wix emulator at http://127.0.0.1:* -*",
            "[#]1 *:*:* createPackageV2: POST /resellers/v2/packages for a0000000-* -> 200 package * (PENDING)",  # noqa: E501
            '    >   "externalId": "first"*',
            "[#]2 *createPackageV2*",
            "    > as #1, but",
            '      -   "externalId": "first"*',
            '      +   "externalId": "second"*',
            "[#]3 *",
            "    > as #2, but",
            '      +   "idempotencyKey": "k"*',
            "[#]4 * queryPackages: POST /resellers/v1/packages/query * -> 200 1 package",
            "[#]5 * getPackage: GET * -> 404 NOT_FOUND package * was not found",
            "*- requests to the Wix emulator at http://127.0.0.1:* -*",
            "no request reached the emulator",
        ]
    )
    assert 2 == result.stdout.str().count("requests to the Wix emulator")
    assert "EMU.demo" not in result.stdout.str()


def test_a_failure_in_a_fixture_shows_it_too(run: Run) -> None:
    code = HEAD + (
        """
@pytest.fixture
def shop(wix_emulator):
    with Client() as client:
        client.packages.find("a")
        yield client
        client.packages.find("b")
        raise ValueError("while tidying up")

def test_it(shop):
    pass
"""
    )
    result = run(code)

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*requests to the Wix emulator*", "[#]1 *", "[#]2 *"])


def test_fast_time_removes_the_waits(run: Run) -> None:
    code = HEAD + (
        """
def test_delivery(fast_time):
    with Client() as client:
        package = client.packages.create([PRODUCT])
        assert client.packages.get(package.id).product_instances[0].status == "ENABLED"

async def test_pace(fast_time, wix_emulator):
    began = time.monotonic()
    async with AsyncClient() as client:
        for _ in range(450):
            await client.packages.find("a")
    assert time.monotonic() - began < 30
    assert fast_time.skipped > 60
    assert {entry.status for entry in wix_emulator.control.requests()} == {200}

def test_tries(fast_time, wix_emulator):
    wix_emulator.control.add_fault("empty_500", operation="queryPackages", times=2)
    began = time.monotonic()
    with Client() as client:
        client.packages.find("a")
    assert fast_time.skipped > 0 or time.monotonic() - began < 1

def test_skip(fast_time, wix_emulator):
    before = wix_emulator.control.clock().now
    fast_time.skip(3600)
    assert (wix_emulator.control.clock().now - before).total_seconds() >= 3600
    assert repr(fast_time) == "FastTime(skipped=3600)"
"""
    )
    run(code).assert_outcomes(passed=4)


def test_wix_itself_cannot_be_reached(run: Run) -> None:
    code = HEAD + (
        """
WIX = "https://www.wixapis.com"

def test_blocking(wix_emulator):
    with Client(api_key="IST.real", base_url=WIX) as client:
        client.packages.find("a")

async def test_async(wix_emulator):
    async with AsyncClient(api_key="IST.real", base_url=WIX) as client:
        await client.packages.find("a")

def test_through_a_proxy(wix_emulator, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", wix_emulator.url)
    with Client(api_key="IST.real", base_url=WIX) as client:
        client.packages.find("a")

def test_by_hand(wix_emulator):
    socket.create_connection(("WWW.WixAPIs.com.", 443), timeout=1)

async def test_without_pythons_own_look_up(wix_emulator, monkeypatch):
    from aiohttp.resolver import ThreadedResolver
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: [])
    assert await ThreadedResolver().resolve("www.example.com", 443) == []
    await ThreadedResolver().resolve("www.wixapis.com", 443)

def test_swallowed(wix_emulator):
    try:
        socket.getaddrinfo(b"www.wixapis.com", 443)
    except BaseException:
        pass
"""
    )
    result = run(code)

    result.assert_outcomes(passed=1, failed=5, errors=1)
    assert 6 <= result.stdout.str().count("this test would have connected to www.wixapis.com")


def test_other_hosts_and_marked_tests_are_let_through(run: Run) -> None:
    code = HEAD + (
        """
real = socket.getaddrinfo

def look_up(host, *args, **kwargs):
    return [host] if host[0].isalpha() else real(host, *args, **kwargs)

@pytest.fixture
def without_network(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", look_up)

def test_other_host(without_network, wix_emulator):
    assert socket.getaddrinfo("www.example.com", 443) == ["www.example.com"]
    assert socket.getaddrinfo("notwixapis.com", 443) == ["notwixapis.com"]

@pytest.mark.allow_real_wix
def test_marked(without_network, wix_emulator):
    assert socket.getaddrinfo("www.wixapis.com", 443) == ["www.wixapis.com"]

def test_without_the_fixture(without_network):
    assert socket.getaddrinfo("www.wixapis.com", 443) == ["www.wixapis.com"]
"""
    )
    run(code, "--strict-markers").assert_outcomes(passed=3)


def test_workers_of_xdist_have_an_emulator_each(run: Run) -> None:
    pytest.importorskip("xdist")
    code = HEAD + (
        """
@pytest.mark.parametrize("number", range(20))
def test_it(wix_emulator, number):
    with Client() as client:
        client.packages.create([PRODUCT], external_id="a")
        assert len(client.packages.query().collect()) == 1
    assert number != 7
"""
    )
    result = run(code, "-n", "2", apart=True)

    result.assert_outcomes(passed=19, failed=1)
    result.stdout.fnmatch_lines(["*requests to the Wix emulator*", "[#]1 * createPackageV2*"])


def test_a_suite_that_does_not_use_it_loads_nothing_of_it(run: Run) -> None:
    code = """
import sys

def test_it():
    heavy = ("aiohttp", "sqlite3", "attrs", "cattrs", "anyio", "http.server", "orjson")
    loaded = [name for name in heavy if name in sys.modules]
    ours = sorted(name for name in sys.modules if name.startswith("wixreseller"))
    assert loaded == []
    assert ours == ["wixreseller", "wixreseller._version", "wixreseller.pytest_plugin"]
"""
    plain = ["no:pytest_asyncio", "no:asyncio", "no:anyio", "no:xdist"]
    more = [part for name in plain for part in ("-p", name)]

    run(code, *more, settings="[pytest]", apart=True).assert_outcomes(passed=1)
