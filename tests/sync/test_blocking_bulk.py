"""Blocking code carries out orders by the thousand: read here, run on the loop, in batches."""

from __future__ import annotations

import inspect
import re
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import ParamSpec, TypeVar

import pytest

from wixreseller import Client, Product, bulk
from wixreseller.bulk import Ok, Order
from wixreseller.emulator.default_seed import SUB_ACCOUNTS
from wixreseller.sync import bulk as blocking_bulk
from wixreseller.sync._portal import Portal

P = ParamSpec("P")
T = TypeVar("T")
ACCOUNT = SUB_ACCOUNTS[0]


@pytest.fixture
def client(emulator_url: str) -> Iterator[Client]:
    """Give a blocking client without a rate limit."""
    with Client(
        api_key="EMU.demo", account_id=ACCOUNT, base_url=emulator_url, rate_limit=None
    ) as made:
        yield made


def orders(product: Product, count: int) -> Iterator[Order]:
    for number in range(count):
        yield Order(external_id=f"sub-{number}", account_id=ACCOUNT, products=(product,))


def test_orders_are_read_on_the_callers_thread_and_each_is_carried_out_once(
    client: Client, product: Product, tmp_path: Path
) -> None:
    threads: set[int] = set()

    def watched() -> Iterator[Order]:
        for order in orders(product, 120):
            threads.add(threading.get_ident())
            yield order

    first = list(blocking_bulk.run(client, watched(), journal=tmp_path / "journal"))
    again = list(blocking_bulk.run(client, orders(product, 120), journal=tmp_path / "journal"))

    assert {threading.get_ident()} == threads
    assert {f"sub-{number}" for number in range(120)} == {one.external_id for one in first}
    assert {one.external_id: one for one in first} == {one.external_id: one for one in again}
    assert all(isinstance(one, Ok) for one in first)
    assert 120 == len(client.packages.query().collect())


def test_results_cross_in_batches(
    client: Client, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[object] = []
    call = Portal.call

    def counting(
        self: Portal, function: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        calls.append(function)
        return call(self, function, *args, **kwargs)

    known = {order.external_id for order in orders(product, 300)}
    with blocking_bulk.run(client, orders(product, 300)) as results:
        monkeypatch.setattr(Portal, "call", counting)
        seen = {one.external_id for one in results}

    assert known == seen
    assert len(calls) < 300


def test_breaking_off_finishes_what_is_in_flight_and_sends_nothing_more(
    client: Client, product: Product, tmp_path: Path
) -> None:
    with blocking_bulk.run(client, orders(product, 2000), journal=tmp_path / "journal") as results:
        for _ in results:
            break
    made = {package.external_id for package in client.packages.query()}

    outcomes = {
        one.external_id: one
        for one in blocking_bulk.run(client, orders(product, 50), journal=tmp_path / "journal")
    }

    assert 0 < len(made) < 2000
    assert all(isinstance(one, Ok) for one in outcomes.values())
    names = [package.external_id for package in client.packages.query()]
    assert len(names) == len(set(names))


def test_the_signature_is_that_of_the_async_one_without_what_belongs_to_a_loop() -> None:
    awaited, blocking = inspect.signature(bulk.run), inspect.signature(blocking_bulk.run)

    def shown(signature: inspect.Signature) -> list[tuple[object, ...]]:
        return [
            (p.name, p.kind, p.default, re.sub(r"\bAsync(?=Client)", "", str(p.annotation)))
            for p in signature.parameters.values()
            if p.name not in ("stop", "orders")
        ]

    assert shown(awaited) == [
        (name, kind, default, annotation.replace("runner.", ""))
        for name, kind, default, annotation in shown(blocking)
        if isinstance(annotation, str)
    ]
    assert {"orders", "stop"} >= awaited.parameters.keys() - blocking.parameters.keys()
