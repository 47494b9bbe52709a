"""Measure blocking calls side by side: against ``requests``, and against awaiting the same method.

``python benchmarks/bench_blocking.py`` measures all ways in turns, in one run, and prints a row for
each question; ``nox -s bench`` measures each by itself. What is promised, over kept-alive loopback
connections: one call after the other takes at most 0.4 of what ``requests.Session`` takes and 1.4
of awaiting the method, and 16 threads with one client get 5 times the answers that they get with
one session. ``requests`` is needed here and nowhere else.
"""

from __future__ import annotations

import asyncio
import importlib
import itertools
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from wixreseller import AsyncClient, BillingInfo, Client, CycleUnit, Product

requests: Final[Any] = importlib.import_module("requests")  # types would need another package
GUID: Final = "0a1b2c3d-0000-4000-8000-0123456789ab"
KEY: Final = "EMU.demo"
SERVER: Final = Path(__file__).parent / "canned_server.py"
PRODUCT: Final = Product(
    catalog_product_id=GUID,
    country_code="BR",
    billing_info=BillingInfo.recurring(1, CycleUnit.YEAR),
)
BODY: Final = {
    "idempotencyKey": GUID,
    "products": [
        {
            "catalogProductId": GUID,
            "countryCode": "BR",
            "billingInfo": {"type": "RECURRING", "cycleDuration": {"unit": "YEAR", "count": 1}},
        }
    ],
}
THREADS: Final = 16
ROUNDS: Final = 25
CALLS_IN_A_ROUND: Final = 100
CALLS_OF_A_THREAD: Final = 25

Calls = Callable[[int], None]
"""Make so many calls, one after the other."""


@contextmanager
def canned_server() -> Generator[str, None, None]:
    """Run the server in a process of its own, so that its time is not ours."""
    with subprocess.Popen(  # noqa: S603  # our own file
        [sys.executable, str(SERVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.communicate("", timeout=60)


class Ways:
    """Make the same call in each way, over connections that are kept."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._numbers = itertools.count()
        self._runner = asyncio.Runner()
        self._session = requests.Session()
        self._session.headers.update({"Authorization": KEY, "wix-account-id": GUID})
        self._client = Client(api_key=KEY, account_id=GUID, base_url=url, rate_limit=None)
        self._async_client = AsyncClient(
            api_key=KEY, account_id=GUID, base_url=url, rate_limit=None
        )

    def _name(self) -> str:
        # Each package has a name of its own, as it should.
        return f"sub-{next(self._numbers)}"

    def close(self) -> None:
        """Close all connections."""
        self._client.close()
        self._session.close()
        self._runner.run(self._async_client.aclose())
        self._runner.close()

    def get_with_requests(self, count: int) -> None:
        """Read packages as a short script would."""
        for _ in range(count):
            answer = self._session.get(f"{self._url}/resellers/v1/packages/{GUID}", timeout=30)
            answer.raise_for_status()
            assert answer.json()["package"]["id"] == GUID

    def get_blocking(self, count: int) -> None:
        """Read packages with the blocking client."""
        for _ in range(count):
            assert self._client.packages.get(GUID).id == GUID

    def get_awaited(self, count: int) -> None:
        """Read packages with the async client."""

        async def get() -> None:
            for _ in range(count):
                assert (await self._async_client.packages.get(GUID)).id == GUID

        self._runner.run(get())

    def create_with_requests(self, count: int) -> None:
        """Create packages as a short script would."""
        for _ in range(count):
            order = BODY | {"externalId": self._name()}
            answer = self._session.post(
                f"{self._url}/resellers/v2/packages", json=order, timeout=30
            )
            answer.raise_for_status()
            assert answer.json()["package"]["id"] == GUID

    def create_blocking(self, count: int) -> None:
        """Create packages with the blocking client."""
        for _ in range(count):
            package = self._client.packages.create([PRODUCT], external_id=self._name())
            assert package.id == GUID

    def create_awaited(self, count: int) -> None:
        """Create packages with the async client."""

        async def create() -> None:
            for _ in range(count):
                package = await self._async_client.packages.create(
                    [PRODUCT], external_id=self._name()
                )
                assert package.id == GUID

        self._runner.run(create())


def ways_of(ways: Ways) -> dict[str, dict[str, Calls]]:
    """Group the ways by call."""
    return {
        "get": {
            "requests": ways.get_with_requests,
            "awaited": ways.get_awaited,
            "blocking": ways.get_blocking,
        },
        "create": {
            "requests": ways.create_with_requests,
            "awaited": ways.create_awaited,
            "blocking": ways.create_blocking,
        },
    }


def seconds_of_a_call(calls: Calls) -> float:
    """Give the seconds that each of many calls takes, one after the other."""
    begin = time.perf_counter()
    calls(CALLS_IN_A_ROUND)
    return (time.perf_counter() - begin) / CALLS_IN_A_ROUND


def seconds_of_a_call_in_threads(calls: Calls, threads: ThreadPoolExecutor) -> float:
    """Give the seconds for each answer that threads get together."""
    begin = time.perf_counter()
    for done in [threads.submit(calls, CALLS_OF_A_THREAD) for _ in range(THREADS)]:
        done.result()
    return (time.perf_counter() - begin) / (CALLS_OF_A_THREAD * THREADS)


def in_turns(ways: dict[str, Calls], measure: Callable[[Calls], float]) -> dict[str, float]:
    """Measure in turns, so that whatever else the machine does hits all alike; give medians."""
    for calls in ways.values():
        measure(calls)
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, calls in ways.items():
            times[name].append(measure(calls))
    return {name: statistics.median(seconds) for name, seconds in times.items()}


def report(question: str, ratio: float, promise: str, medians: dict[str, float]) -> None:
    """Print a row."""
    shown = "  ".join(f"{name} {seconds * 1e6:.0f} µs" for name, seconds in medians.items())
    print(f"{question:60} {ratio:5.2f} ({promise:7})  {shown}")


def compare() -> None:
    """Answer each question with a row."""
    print(f"Python {sys.version.split()[0]}, requests {requests.__version__}")
    with canned_server() as url:
        ways = Ways(url)
        for call, grouped in ways_of(ways).items():
            one = in_turns(grouped, seconds_of_a_call)
            ratio = one["blocking"] / one["requests"]
            report(f"{call}: latency, of requests.Session", ratio, "<= 0.40", one)
            report(f"{call}: latency, of awaiting", one["blocking"] / one["awaited"], "<= 1.40", {})
            sync = {name: way for name, way in grouped.items() if name != "awaited"}
            with ThreadPoolExecutor(THREADS) as threads:
                many = in_turns(sync, lambda way: seconds_of_a_call_in_threads(way, threads))
            ratio = many["requests"] / many["blocking"]
            report(
                f"{call}: answers to {THREADS} threads, of a shared session", ratio, ">= 5", many
            )
        ways.close()


@pytest.fixture(scope="module")
def ways() -> Generator[Ways, None, None]:
    """Give the ways, and a server that runs as long."""
    with canned_server() as url:
        made = Ways(url)
        yield made
        made.close()


@pytest.mark.benchmark(group="100 calls, one after the other")
@pytest.mark.parametrize("way", ["requests", "awaited", "blocking"])
@pytest.mark.parametrize("call", ["get", "create"])
def test_one_after_the_other(benchmark: BenchmarkFixture, ways: Ways, call: str, way: str) -> None:
    """Measure one way by itself."""
    benchmark(ways_of(ways)[call][way], CALLS_IN_A_ROUND)


if __name__ == "__main__":
    compare()
