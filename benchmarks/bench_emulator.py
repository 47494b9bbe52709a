"""Measure the emulator: how soon it is ready, and how fast it finds one page among 100,000.

What is hoped for on an idle machine: ready in less than 500 ms, interpreter included; a page found
by external id, account, site or status in less than 20 ms, over a socket.

``pytest benchmarks/bench_emulator.py --benchmark-only``
"""

from __future__ import annotations

import http.client
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest

from wixreseller.emulator import Emulator, default_seed
from wixreseller.testing import EmulatorThread

ROOT = Path(__file__).parents[1]
WATCHDOG_SECONDS = 60
PACKAGES = 100_000
ACCOUNTS = default_seed.SUB_ACCOUNTS
SITES = [site for account in ACCOUNTS for site in default_seed.SITES[account]]
QUERY = "/resellers/v1/packages/query"
# One package in a thousand failed and one in ten is gone; half of all instances float.
STATUSES = ["FAILED", *["CANCELED"] * 100, *["ENABLED"] * 899]


@attrs.define
class Api:
    """Send requests over one connection, as one client does."""

    connection: http.client.HTTPConnection

    def send(self, method: str, path: str, body: object, account: str = ACCOUNTS[0]) -> Any:
        """Send one request, and return what a good answer holds."""
        headers = {"Authorization": default_seed.API_KEY, "wix-account-id": account}
        self.connection.request(method, path, json.dumps(body), headers)
        answer = self.connection.getresponse()
        content = json.loads(answer.read())
        assert answer.status == 200, content
        return content

    def query(self, **query: object) -> list[Any]:
        """Return the packages of one page."""
        packages: list[Any] = self.send("POST", QUERY, {"query": query})["packages"]
        return packages

    def create(self, **more: object) -> Any:
        """Create a package of one floating product."""
        product = {"catalogProductId": default_seed.PREMIUM_BUSINESS, "countryCode": "BR"}
        return self.send("POST", "/resellers/v2/packages", {"products": [product]} | more)


def guid(kind: str, number: int) -> str:
    """Return a GUID that is used for nothing else."""
    return f"{kind}0000000-0000-4000-8000-{number:012d}"


def copy_rows(database: sqlite3.Connection, table: str, changes: Iterator[dict[str, Any]]) -> None:
    """Insert copies of the only row of a table, each with its changes."""
    cursor = database.execute(f"SELECT * FROM {table}")  # noqa: S608 # a name of ours
    names = [column[0] for column in cursor.description]
    template = dict(zip(names, cursor.fetchone(), strict=True))
    marks = ", ".join(f":{name}" for name in names)
    database.executemany(
        f"INSERT INTO {table} VALUES ({marks})",  # noqa: S608
        (template | change for change in changes),
    )


def fill(path: Path) -> None:
    """Turn the one package of a database into a hundred thousand, a second apart."""
    with closing(sqlite3.connect(path)) as database, database:
        ((seq, created_ms),) = database.execute("SELECT seq, created_ms FROM packages")
        numbers = range(1, PACKAGES)
        copy_rows(
            database,
            "packages",
            (
                {
                    "seq": seq + number,
                    "id": guid("b", number),
                    "account_id": ACCOUNTS[number % len(ACCOUNTS)],
                    "external_id": f"order-{number}",
                    "created_ms": created_ms - number * 1000,
                    "updated_ms": created_ms - number * 1000,
                }
                for number in numbers
            ),
        )
        copy_rows(
            database,
            "instances",
            (
                {
                    "id": guid("d", number),
                    "package_seq": seq + number,
                    "site_id": SITES[number % len(SITES)] if number % 2 else None,
                    "status": STATUSES[number % len(STATUSES)],
                    "due_ms": None,
                    "due_status": None,
                }
                for number in numbers
            ),
        )


@contextmanager
def running(path: Path) -> Generator[Api]:
    """Run an emulator on a file, and connect to it."""
    with EmulatorThread(Emulator(db=path, rate_limit="off")) as emulator:
        address = emulator.url.removeprefix("http://")
        with closing(http.client.HTTPConnection(address, timeout=WATCHDOG_SECONDS)) as connection:
            yield Api(connection)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """Run an emulator on a file with 100,000 packages."""
    path = tmp_path_factory.mktemp("emulator") / "state.db"
    with running(path) as api:
        api.create(externalId="order-0")
    fill(path)
    with running(path) as api:
        yield api


@pytest.fixture
def measure(benchmark: Any) -> Callable[..., Any]:
    """Give the benchmark fixture, whose own types are too loose for us."""
    chosen: Callable[..., Any] = benchmark
    return chosen


@pytest.mark.parametrize(
    ("condition", "count"),
    [
        ({"externalId": "order-77777"}, 1),
        ({"externalId": {"$in": [f"order-{n}" for n in range(0, 100_000, 1000)]}}, 100),
        ({"accountId": ACCOUNTS[1]}, 100),
        ({"accountId": ACCOUNTS[1], "externalId": "order-77776"}, 1),
        ({"productInstances.siteId": {"$hasSome": [SITES[4]]}}, 100),
        ({"productInstances.status": {"$hasSome": ["FAILED"]}}, 99),
        ({"productInstances.status": {"$hasSome": ["CANCELED"]}}, 100),
        ({"productInstances.status": {"$hasSome": ["ENABLED"]}}, 100),
        ({"accountId": ACCOUNTS[1], "productInstances.status": {"$hasSome": ["FAILED"]}}, 33),
    ],
    ids=[
        "external id",
        "100 external ids",
        "account",
        "account and external id",
        "site",
        "status of 0.1 %",
        "status of 10 %",
        "status of 90 %",
        "account and status of 0.1 %",
    ],
)
def test_find_one_page(measure: Callable[..., Any], api: Api, condition: Any, count: int) -> None:
    """Find the newest 100 packages that meet a condition."""
    found = measure(api.query, filter=condition)

    assert len(found) == count


def test_follow_a_cursor_through_the_middle(measure: Callable[..., Any], api: Api) -> None:
    """Read the page after 50,000 packages."""
    middle = api.query(paging={"limit": 1, "offset": 50_000})[0]["createdDate"]
    query = {"filter": {"createdDate": {"$lte": middle}}, "cursorPaging": {"limit": 100}}
    token = api.send("POST", QUERY, {"query": query})["metadata"]["cursors"]["next"]
    found = measure(api.query, cursorPaging={"cursor": token, "limit": 100})

    assert len(found) == 100


def test_create_a_package(measure: Callable[..., Any], api: Api) -> None:
    """Create one package, flushed to disk."""
    assert measure(api.create)["package"]["productInstances"]


def test_get_ready(benchmark: Any) -> None:
    """Start the command, until it says that it listens."""
    processes: list[subprocess.Popen[str]] = []

    def start() -> str:
        command = [sys.executable, "-m", "wixreseller", "emulator"]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)  # noqa: S603
        processes.append(process)
        assert process.stdout is not None
        return process.stdout.readline()

    def stop() -> None:
        for process in processes:
            process.kill()
            process.communicate(timeout=WATCHDOG_SECONDS)
        processes.clear()

    line: str = benchmark.pedantic(start, setup=stop, rounds=15, warmup_rounds=1)
    stop()

    assert line.startswith("listening on http://")
