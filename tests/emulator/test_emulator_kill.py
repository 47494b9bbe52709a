"""Kill the emulator at random moments: what it has acknowledged is there when it comes back."""

import http.client
import itertools
import json
import os
import queue
import random
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import attrs
import pytest

from wixreseller.emulator import default_seed as world

KILLS = int(os.environ.get("WIXRESELLER_KILLS", "20"))
KILLS_OF_ONE_FILE = 20
WATCHDOG_SECONDS = 30
ROOT = Path(__file__).parents[2]
# Nothing changes by itself, so that an answer can be compared as a whole later on.
COMMAND = [
    *(sys.executable, "-W", "error", "-m", "wixreseller", "emulator", "--rate-limit", "off"),
    *("--set", "delivery_seconds=1000000", "--db"),
]
LOST = (http.client.HTTPException, OSError)

Json: TypeAlias = dict[str, Any]


def start(database: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*COMMAND, str(database)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def kill(process: "subprocess.Popen[str]") -> str:
    """Kill a process, and return what it complained about before."""
    process.kill()
    return process.communicate(timeout=WATCHDOG_SECONDS)[1]


@contextmanager
def running(database: Path) -> Generator[tuple["subprocess.Popen[str]", int]]:
    """Start an emulator, and wait until it listens."""
    process = start(database)
    watchdog = threading.Timer(WATCHDOG_SECONDS, process.kill)
    watchdog.start()
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("listening on http://"), process.communicate()
        watchdog.cancel()
        yield process, int(line.strip().rpartition(":")[2])
    finally:
        watchdog.cancel()
        complaints = kill(process)
    assert complaints == ""


def connect(port: int) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", port, timeout=WATCHDOG_SECONDS)


def send(
    connection: http.client.HTTPConnection, account: str, method: str, path: str, body: Json
) -> Json:
    headers = {"Authorization": world.API_KEY, "wix-account-id": account}
    connection.request(method, path, json.dumps(body), headers)
    answer = connection.getresponse()
    content: Json = json.loads(answer.read())
    assert answer.status == 200, content
    return content


def everything(port: int) -> dict[str, Json]:
    """Return every package by its id."""
    found: dict[str, Json] = {}
    cursor: Json = {}
    with closing(connect(port)) as connection:
        while True:
            query = {"query": {"cursorPaging": {"limit": 100} | cursor}}
            path = "/resellers/v1/packages/query"
            page = send(connection, world.PARENT_ACCOUNT, "POST", path, query)
            found |= {package["id"]: package for package in page["packages"]}
            if not page["metadata"]["hasNext"]:
                return found
            cursor = {"cursor": page["metadata"]["cursors"]["next"]}


@attrs.define
class Writer:
    """Write for one account, and remember what was acknowledged and what is in doubt."""

    account: str
    chance: random.Random
    numbers: Iterator[int] = attrs.field(factory=itertools.count)
    known: dict[str, Json] = attrs.field(factory=dict[str, Json])
    doubtful: Json | None = None
    last_create: tuple[Json, Json] | None = None

    def write_until_killed(self, port: int, acknowledged: "queue.Queue[None]") -> None:
        with closing(connect(port)) as connection:
            while True:
                request, expected = self._choose()
                self.doubtful = expected
                try:
                    answer = send(connection, self.account, *request)
                except LOST:
                    return
                package = answer.get("package") or answer["updatedPackage"]
                self.known[package["id"]] = package
                self.doubtful = None
                if "products" in request[2]:
                    self.last_create = (request[2], answer)
                acknowledged.put(None)

    def _choose(self) -> tuple[tuple[str, str, Json], Json]:
        """Return a write, and what it makes of its package as far as that is known before."""
        live = [p for p in self.known.values() if statuses(p) != {"CANCELED"}]
        name = f"sub-{next(self.numbers)}"
        kind = self.chance.choice(["create", "create", "rename", "cancel"]) if live else "create"
        if kind == "create":
            body = {"externalId": name, "idempotencyKey": name, "products": [product()] * 3}
            return ("POST", "/resellers/v2/packages", body), {"externalId": name}
        package = self.chance.choice(live)
        package_id = package["id"]
        if kind == "rename":
            path = f"/resellers/v1/packages/update/{package_id}/{name}"
            return ("PATCH", path, {}), package | {"externalId": name}
        canceled = [item | {"status": "CANCELED"} for item in package["productInstances"]]
        path = f"/resellers/v1/packages/{package_id}"
        return ("DELETE", path, {}), package | {"productInstances": canceled}

    def check(self, port: int, found: dict[str, Json]) -> None:
        """Find what was acknowledged as it was, and what is in doubt done wholly or not at all."""
        mine = {i: package for i, package in found.items() if package["accountId"] == self.account}
        changed = {i: package for i, package in mine.items() if self.known.get(i) != package}
        assert set() == set(self.known) - set(mine)
        assert len(changed) <= (0 if self.doubtful is None else 1), (self.known, changed)
        for package in changed.values():
            assert self.doubtful is not None
            assert 3 == len(package["productInstances"])
            assert undated(package) == undated(package | self.doubtful)
        self.known, self.doubtful = mine, None
        if self.last_create is not None:
            body, answer = self.last_create
            with closing(connect(port)) as connection:
                again = send(connection, self.account, "POST", "/resellers/v2/packages", body)
            assert answer == again


def statuses(package: Json) -> set[str]:
    return {item["status"] for item in package["productInstances"]}


def undated(package: Json) -> Json:
    """Return a package without the dates that a change moves."""
    items = [item | {"updatedDate": ""} for item in package["productInstances"]]
    return package | {"updatedDate": "", "productInstances": items}


def product() -> Json:
    cycle = {"unit": "YEAR", "count": 1}
    billing = {"type": "RECURRING", "cycleDuration": cycle}
    return {
        "catalogProductId": world.PREMIUM_BASIC,
        "countryCode": "BR",
        "billingInfo": billing,
    }


def kill_while_it_starts(database: Path, chance: random.Random) -> None:
    process = start(database)
    try:
        process.wait(timeout=chance.uniform(0, 0.4))
    except subprocess.TimeoutExpired:
        assert kill(process) == ""
    else:
        pytest.fail(f"the emulator ended by itself: {process.communicate()}")


def kill_while_it_writes(database: Path, writers: list[Writer], chance: random.Random) -> None:
    with running(database) as (process, port):
        found = everything(port)
        for writer in writers:
            writer.check(port, found)
        acknowledged: queue.Queue[None] = queue.Queue()
        threads = [
            threading.Thread(target=writer.write_until_killed, args=(port, acknowledged))
            for writer in writers
        ]
        for thread in threads:
            thread.start()
        for _ in range(chance.randint(0, 20)):
            acknowledged.get(timeout=WATCHDOG_SECONDS)
        # Somewhere within the requests that are under way then.
        moment = time.perf_counter() + chance.uniform(0, 0.005)
        while time.perf_counter() < moment:
            pass
        process.kill()
        for thread in threads:
            thread.join(WATCHDOG_SECONDS)
            assert not thread.is_alive()


@pytest.mark.parametrize("first", range(0, KILLS, KILLS_OF_ONE_FILE))
def test_what_was_acknowledged_survives_kills_at_random_moments(first: int, tmp_path: Path) -> None:
    database = tmp_path / "state.db"
    chance = random.Random()  # noqa: S311 # chooses moments, no secrets
    writers = [Writer(account, chance) for account in world.SUB_ACCOUNTS]
    for _ in range(min(KILLS_OF_ONE_FILE, KILLS - first)):
        if chance.random() < 0.2:
            kill_while_it_starts(database, chance)
        else:
            kill_while_it_writes(database, writers, chance)
    with running(database) as (_, port):
        found = everything(port)
        for writer in writers:
            writer.check(port, found)
    with closing(sqlite3.connect(database)) as connection:
        assert [("ok",)] == connection.execute("PRAGMA integrity_check").fetchall()


def test_two_processes_on_one_file_lose_and_repeat_nothing(tmp_path: Path) -> None:
    database = tmp_path / "state.db"
    made: queue.Queue[str] = queue.Queue()

    def create(port: int, account: str) -> None:
        with closing(connect(port)) as connection:
            for _ in range(25):
                body = {"products": [product()]}
                answer = send(connection, account, "POST", "/resellers/v2/packages", body)
                made.put(answer["package"]["id"])

    with running(database) as (_, first), running(database) as (_, second):
        threads = [
            threading.Thread(target=create, args=place)
            for place in zip([first, second] * 2, world.SITES, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(WATCHDOG_SECONDS)
        found = [everything(port) for port in (first, second)]

    ids = [made.get_nowait() for _ in range(100)]
    assert set(ids) == set(found[0])
    assert found[0] == found[1]
    assert 100 == len(found[0])
