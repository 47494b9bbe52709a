"""Ask how fast the emulator is: until it is ready, and finding a page among 100,000 packages.

Wall clock, over a socket. What is hoped for on an idle machine: ready in less than 500 ms, the
interpreter included, and a page in less than 20 ms.
"""

from __future__ import annotations

import http.client
import json
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import attrs

from benchmarks.framework.processes import ROOT
from benchmarks.framework.questions import Effort, Goal, Question, Row

_WATCHDOG: Final = 60.0
_PACKAGES: Final = 100_000
_PACKAGES_QUICK: Final = 20_000
_QUERY: Final = "/resellers/v1/packages/query"
# One package in a thousand failed and one in ten is gone; half of all instances float.
_STATUSES: Final = ["FAILED", *["CANCELED"] * 100, *["ENABLED"] * 899]
_PAGE: Final = "the newest 100 of a page"


@attrs.frozen
class _World:
    """Name what the emulator begins with."""

    key: str
    accounts: Sequence[str]
    sites: Sequence[str]
    product: str


def _world() -> _World:
    from wixreseller.emulator import default_seed

    accounts = default_seed.SUB_ACCOUNTS
    sites = [site for account in accounts for site in default_seed.SITES[account]]
    return _World(default_seed.API_KEY, accounts, sites, default_seed.PREMIUM_BUSINESS)


@attrs.define
class _Api:
    """Send requests over one connection, as one client does."""

    connection: http.client.HTTPConnection
    world: _World

    def send(self, method: str, path: str, body: object) -> Any:
        """Send one request, and return what a good answer holds."""
        headers = {"Authorization": self.world.key, "wix-account-id": self.world.accounts[0]}
        self.connection.request(method, path, json.dumps(body), headers)
        answer = self.connection.getresponse()
        content = json.loads(answer.read())
        assert answer.status == 200, content
        return content

    def query(self, query: Mapping[str, object]) -> list[Any]:
        """Return the packages of one page."""
        packages: list[Any] = self.send("POST", _QUERY, {"query": query})["packages"]
        return packages

    def create(self, **more: object) -> None:
        """Create a package of one floating product."""
        product = {"catalogProductId": self.world.product, "countryCode": "BR"}
        self.send("POST", "/resellers/v2/packages", {"products": [product]} | more)


def _guid(kind: str, number: int) -> str:
    return f"{kind}0000000-0000-4000-8000-{number:012d}"


def _copy_rows(database: sqlite3.Connection, table: str, changes: Iterator[dict[str, Any]]) -> None:
    """Insert copies of the only row of a table, each with its changes."""
    cursor = database.execute(f"SELECT * FROM {table}")  # noqa: S608 # a name of ours
    names = [column[0] for column in cursor.description]
    template = dict(zip(names, cursor.fetchone(), strict=True))
    marks = ", ".join(f":{name}" for name in names)
    database.executemany(
        f"INSERT INTO {table} VALUES ({marks})",  # noqa: S608
        (template | change for change in changes),
    )


def _fill(path: Path, world: _World, packages: int) -> None:
    """Turn the one package of a database into many, a second apart."""
    with closing(sqlite3.connect(path)) as database, database:
        ((seq, created_ms),) = database.execute("SELECT seq, created_ms FROM packages")
        numbers = range(1, packages)
        _copy_rows(
            database,
            "packages",
            (
                {
                    "seq": seq + number,
                    "id": _guid("b", number),
                    "account_id": world.accounts[number % len(world.accounts)],
                    "external_id": f"order-{number}",
                    "created_ms": created_ms - number * 1000,
                    "updated_ms": created_ms - number * 1000,
                }
                for number in numbers
            ),
        )
        _copy_rows(
            database,
            "instances",
            (
                {
                    "id": _guid("d", number),
                    "package_seq": seq + number,
                    "site_id": world.sites[number % len(world.sites)] if number % 2 else None,
                    "status": _STATUSES[number % len(_STATUSES)],
                    "due_ms": None,
                    "due_status": None,
                }
                for number in numbers
            ),
        )


@contextmanager
def _running(path: Path, world: _World) -> Generator[_Api]:
    """Run an emulator on a file, and connect to it."""
    from wixreseller.emulator import Emulator
    from wixreseller.testing import EmulatorThread

    with EmulatorThread(Emulator(db=path, rate_limit="off")) as emulator:
        address = emulator.url.removeprefix("http://")
        with closing(http.client.HTTPConnection(address, timeout=_WATCHDOG)) as connection:
            yield _Api(connection, world)


def _queries(world: _World, packages: int) -> dict[str, tuple[str, dict[str, object], int]]:
    """Give what is asked for, in words and as a query, and how many packages come of it."""
    named = [f"order-{number}" for number in range(0, packages, packages // 100)]
    status = "productInstances.status"

    def by(**condition: object) -> dict[str, object]:
        return {"filter": condition}

    return {
        "by external id": ("one package", by(externalId=f"order-{packages - 9}"), 1),
        "by 100 external ids": ("100 packages", by(externalId={"$in": named}), 100),
        "by account": (_PAGE, by(accountId=world.accounts[1]), 100),
        "by site": (
            _PAGE,
            {"filter": {"productInstances.siteId": {"$hasSome": [world.sites[4]]}}},
            100,
        ),
        "by status, 0.1 %": (
            "all that failed",
            {"filter": {status: {"$hasSome": ["FAILED"]}}},
            packages // 1000 - 1,
        ),
        "by status, 90 %": (_PAGE, {"filter": {status: {"$hasSome": ["ENABLED"]}}}, 100),
    }


def _timed(rounds: int, work: Callable[[], object]) -> list[float]:
    """Give the milliseconds that each of many times took; the first is not counted."""
    values: list[float] = []
    for _ in range(rounds + 1):
        began = time.perf_counter()
        work()
        values.append((time.perf_counter() - began) * 1e3)
    return values[1:]


def _middle(api: _Api, packages: int) -> dict[str, object]:
    """Give the query for the page after half of all packages."""
    middle = api.query({"paging": {"limit": 1, "offset": packages // 2}})[0]["createdDate"]
    query = {"filter": {"createdDate": {"$lte": middle}}, "cursorPaging": {"limit": 100}}
    token = api.send("POST", _QUERY, {"query": query})["metadata"]["cursors"]["next"]
    return {"cursorPaging": {"cursor": token, "limit": 100}}


def _rows_of_pages(path: Path, world: _World, packages: int, rounds: int) -> Iterable[Row]:
    with _running(path, world) as api:
        asked = _queries(world, packages)
        asked["by a cursor, in the middle"] = (_PAGE, _middle(api, packages), 100)
        for name, (work, query, count) in asked.items():
            assert count == len(api.query(query)), name
            values = _timed(rounds, partial(api.query, query))
            yield Row(name=name, work=work, values=values)
        yield Row(name="create", work="flushed to disk", values=_timed(rounds, api.create))


def _measure_pages(effort: Effort) -> Sequence[Row]:
    world, packages = _world(), effort.of(_PACKAGES_QUICK, _PACKAGES)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.db"
        with _running(path, world) as api:
            api.create(externalId="order-0")
        _fill(path, world, packages)
        return list(_rows_of_pages(path, world, packages, effort.of(9, 40)))


def _start() -> None:
    command = [sys.executable, "-m", "wixreseller", "emulator"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        line = process.stdout.readline()
        process.kill()
    assert line.startswith("listening on http://")


def _measure_start(effort: Effort) -> Sequence[Row]:
    values = _timed(effort.of(5, 15), _start)
    return [
        Row(name="ready", work="python -m wixreseller emulator, until it listens", values=values)
    ]


QUESTIONS: Final = [
    Question(
        name="emulator-pages",
        title="The emulator finds a page among 100,000 packages (20,000 when quick)",
        unit="ms",
        measure=_measure_pages,
        goals=[
            Goal(
                what=f"The emulator finds a page: {name}",
                row=name,
                at_most=20.0,
                guard=200.0,
                unit="ms",
                is_headline=False,
            )
            for name in ("by external id", "by account", "by status, 0.1 %")
        ],
    ),
    Question(
        name="emulator-start",
        title="The emulator is ready",
        unit="ms",
        measure=_measure_start,
        goals=(
            Goal(
                what="The emulator is ready",
                row="ready",
                at_most=500.0,
                guard=5000.0,
                unit="ms",
                is_headline=False,
            ),
        ),
    ),
]
