"""Pages are found by index: what that is worth in milliseconds, ``benchmarks`` measures."""

import http.client
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import attrs
import pytest

from wixreseller.emulator import Emulator, Settings
from wixreseller.emulator import default_seed as world
from wixreseller.testing import EmulatorThread

WATCHDOG_SECONDS = 30
ACCOUNT = world.SUB_ACCOUNTS[0]
SITE = world.SITES[ACCOUNT][0]
# A walk through a whole table, in whatever order. Those of products, accounts and the like are
# as small as the seed.
WALK = re.compile(r"SCAN (p|i|packages|instances|past_packages|past_instances)\b")


@attrs.frozen
class Planner:
    """Show how SQLite finds what a query asks for."""

    connection: http.client.HTTPConnection
    database: sqlite3.Connection

    def send(self, method: str, path: str, body: Any) -> Any:
        headers = {"Authorization": world.API_KEY, "wix-account-id": ACCOUNT}
        self.connection.request(method, path, json.dumps(body), headers)
        answer = self.connection.getresponse()
        content = json.loads(answer.read())
        assert 200 == answer.status, content
        return content

    def plans(self, query: Any) -> list[str]:
        """Return the plans of every statement that reads while a query is answered."""
        statements: list[str] = []
        self.database.set_trace_callback(statements.append)
        found = self.send("POST", "/resellers/v1/packages/query", {"query": query})["packages"]
        self.database.set_trace_callback(None)
        assert 1 == len(found)
        return [
            row[3]
            for statement in statements
            if statement.startswith("SELECT")
            for row in self.database.execute(f"EXPLAIN QUERY PLAN {statement}")
        ]


@pytest.fixture
def planner() -> Iterator[Planner]:
    """Run an emulator that has one package, with an instance that failed."""
    emulator = Emulator(rate_limit="off", settings=Settings(delivery_seconds=0))
    with EmulatorThread(emulator) as running:
        address = running.url.removeprefix("http://")
        with closing(http.client.HTTPConnection(address, timeout=WATCHDOG_SECONDS)) as connection:
            # The plans cannot be seen from outside.
            database = emulator._core.store.connection  # type: ignore[union-attr] # pyright: ignore[reportPrivateUsage, reportOptionalMemberAccess]
            planner = Planner(connection, database)
            month = {"unit": "MONTH", "count": 1}
            product = {
                "catalogProductId": world.UNLUCKY_ADDON,
                "countryCode": "BR",
                "siteId": SITE,
                "billingInfo": {"type": "RECURRING", "cycleDuration": month},
            }
            body = {"externalId": "a", "products": [product]}
            planner.send("POST", "/resellers/v2/packages", body)
            yield planner


@pytest.mark.parametrize(
    ("condition", "index"),
    [
        ({"externalId": "a"}, "packages_external"),
        ({"externalId": {"$in": ["a", "b"]}}, "packages_external"),
        ({"accountId": ACCOUNT}, "packages_account"),
        ({"productInstances.siteId": {"$hasSome": [SITE]}}, "instances_site"),
        ({"productInstances.siteId": {"$hasAll": [SITE]}}, "instances_site"),
        ({"productInstances.status": {"$hasSome": ["FAILED"]}}, "instances_status"),
        (
            {"productInstances.catalogProductId": {"$hasSome": [world.UNLUCKY_ADDON]}},
            "instances_product",
        ),
        ({"accountId": ACCOUNT, "externalId": "a"}, "packages_external"),
    ],
)
def test_a_filter_finds_its_packages_by_an_index(
    planner: Planner, condition: Any, index: str
) -> None:
    found = planner.plans({"filter": condition})

    assert [] == [plan for plan in found if WALK.match(plan)]
    assert any(f"INDEX {index} " in plan for plan in found), found


@pytest.mark.parametrize("order", ["ASC", "DESC"])
@pytest.mark.parametrize("field", ["createdDate", "updatedDate"])
def test_a_page_without_a_filter_comes_in_the_order_of_an_index(
    planner: Planner, monkeypatch: pytest.MonkeyPatch, field: str, order: str
) -> None:
    # So few packages would be looked up by their numbers, and sorted.
    monkeypatch.setattr("wixreseller.emulator.paging._FEW", 0)
    found = planner.plans({"sort": [{"fieldName": field, "order": order}]})

    assert [] == [plan for plan in found if WALK.match(plan)]
    assert any(f"INDEX packages_{field.removesuffix('Date')} " in plan for plan in found), found
