"""Runs of orders against the emulator: each package once, each order accounted for."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Literal, TypeVar

import aiohttp
import attrs
import pytest
from aiohttp.client_middlewares import ClientHandlerType

from wixreseller import AsyncClient, BillingInfo, CycleUnit, Product, RateLimit, errors
from wixreseller.bulk.orders import Order
from wixreseller.bulk.results import Failed, Ok, Outcome, Unknown
from wixreseller.bulk.runner import Stop, order_key, provision
from wixreseller.bulk.summary import StopReason, Summary
from wixreseller.emulator import Emulator
from wixreseller.emulator.default_seed import (
    BUSINESS_EMAIL,
    PREMIUM_BASIC,
    SUB_ACCOUNTS,
    UNLUCKY_ADDON,
)

ACCOUNT = SUB_ACCOUNTS[0]
YEARLY = BillingInfo.recurring(1, CycleUnit.YEAR)
BASIC = Product(catalog_product_id=PREMIUM_BASIC, country_code="BR", billing_info=YEARLY)

T = TypeVar("T")


@attrs.define
class Wire:
    """Watch what goes out, as a middleware of the client, and lose the answers of some creates."""

    sent: Counter[str] = attrs.field(factory=Counter[str])
    in_flight: int = 0
    most_in_flight: int = 0
    lose_answers: bool = False
    hold_creates: asyncio.Event | None = None
    create_arrived: asyncio.Event = attrs.field(factory=asyncio.Event)

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: ClientHandlerType
    ) -> aiohttp.ClientResponse:
        name = request.url.path.rsplit("/", 1)[-1]
        self.sent[name] += 1
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            response = await handler(request)
            if name == "packages":
                self.create_arrived.set()
                if self.hold_creates is not None:
                    await self.hold_creates.wait()
                if self.lose_answers:
                    response.close()
                    raise aiohttp.ServerDisconnectedError
            return response
        finally:
            self.in_flight -= 1


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


def new_client(
    emulator: Emulator,
    wire: Wire,
    *,
    key: str = "EMU.demo",
    rate_limit: RateLimit | None = None,
    if_unknown: Literal["look", "raise"] = "look",
) -> AsyncClient:
    return AsyncClient(
        api_key=key,
        account_id=ACCOUNT,
        base_url=emulator.url,
        rate_limit=rate_limit,
        if_unknown=if_unknown,
        middlewares=[wire],
    )


def orders(count: int, *products: Product) -> list[Order]:
    return [order(f"sub-{number}", *products) for number in range(count)]


def order(external_id: str, *products: Product) -> Order:
    return Order(external_id=external_id, account_id=ACCOUNT, products=products or (BASIC,))


async def run(
    client: AsyncClient, asked: Sequence[Order], *, concurrency: int = 8
) -> tuple[Summary, dict[str, Outcome]]:
    outcomes: list[Outcome] = []
    summary = await provision(client, asked, report=outcomes.append, concurrency=concurrency)
    by_id = {outcome.external_id: outcome for outcome in outcomes}
    assert len(outcomes) == len(by_id), "an order was reported twice"
    return summary, by_id


def the(kind: type[T], outcome: Outcome) -> T:
    assert isinstance(outcome, kind)
    return outcome


async def test_each_order_is_created_once_and_a_second_run_finds_all_of_them(
    client: AsyncClient,
) -> None:
    asked = orders(20)
    first, created = await run(client, asked)
    second, existing = await run(client, asked)
    assert Summary(created=20) == first
    assert Summary(existing=20) == second
    packages = {package.id for package in await client.packages.query().collect()}
    assert packages == {outcome.package_id for outcome in created.values()}
    assert packages == {outcome.package_id for outcome in existing.values()}


async def test_a_result_names_the_package_its_instances_and_the_request(
    client: AsyncClient,
) -> None:
    _, outcomes = await run(client, [order("duo", BASIC, BASIC)])
    result = the(Ok, outcomes["duo"])
    package = await client.packages.get(result.package_id)
    instance_ids = tuple(instance.instance_id for instance in package.product_instances)
    assert ("created", ACCOUNT) == (result.outcome, result.account_id)
    assert instance_ids == result.instance_ids
    assert result.request_id


async def test_every_create_is_preceded_by_one_look_and_carries_a_key_made_of_its_order(
    client: AsyncClient, wire: Wire
) -> None:
    await run(client, orders(5))
    assert {"query": 5, "packages": 5} == dict(wire.sent)
    # The server replays keys: the same key and content again gives the same package.
    package = await client.packages.find("sub-3")
    again = await client.packages.create(
        [BASIC], external_id="sub-3", idempotency_key=order_key(order("sub-3"))
    )
    assert package == again


def test_the_key_of_an_order_is_the_same_in_every_version() -> None:
    assert "888cdc5d-47f8-cd18-4951-c4ae1f5d3778" == order_key(order("sub-1"))
    assert order_key(order("sub-1")) != order_key(order("sub-2"))
    assert order_key(order("sub-1")) != order_key(order("sub-1", BASIC, BASIC))


async def test_a_package_that_differs_is_left_alone_and_its_differences_are_told(
    client: AsyncClient,
) -> None:
    package = await client.packages.create([BASIC], external_id="sub-1")
    german = attrs.evolve(BASIC, country_code="DE")
    summary, outcomes = await run(client, [order("sub-1", german)])
    failed = the(Failed, outcomes["sub-1"])
    assert Summary(failed=1) == summary
    assert ("EXTERNAL_ID_CONFLICT", package.id) == (failed.code, failed.package_id)
    assert "country_code is BR, asked for DE" in failed.message


async def test_a_dead_package_and_several_packages_of_one_id_are_conflicts(
    client: AsyncClient, wire: Wire
) -> None:
    dead = await client.packages.create([BASIC], external_id="dead")
    await client.packages.cancel(dead.id)
    for _ in range(2):
        await client.packages.create([BASIC], external_id="twice")
    wire.sent.clear()
    summary, outcomes = await run(client, [order("dead"), order("twice")])
    assert Summary(failed=2) == summary
    assert {"EXTERNAL_ID_CONFLICT"} == {outcome.code for outcome in outcomes.values()}
    assert {"query": 2} == dict(wire.sent)


async def test_a_refusal_fails_its_order_with_the_words_of_wix_and_the_others_go_on(
    client: AsyncClient,
) -> None:
    unknown = attrs.evolve(BASIC, catalog_product_id="c0000000-0000-4000-8000-00000000dead")
    email = attrs.evolve(BASIC, catalog_product_id=BUSINESS_EMAIL)
    asked = [order("bad", unknown), *orders(3), order("limited", *[email] * 6)]
    summary, outcomes = await run(client, asked)
    assert Summary(created=3, failed=2) == summary
    bad = the(Failed, outcomes["bad"])
    assert "PRODUCT_NOT_FOUND" == bad.code
    assert bad.message == "product c0000000-0000-4000-8000-00000000dead was not found"
    assert bad.request_id
    assert "PRODUCT_LIMIT_EXCEEDED" == outcomes["limited"].code


async def test_a_lost_answer_is_looked_for_and_the_order_found_created(
    client: AsyncClient, wire: Wire
) -> None:
    wire.lose_answers = True
    summary, _ = await run(client, orders(4))
    assert Summary(created=4) == summary
    assert 4 == wire.sent["packages"]


async def test_a_lost_answer_is_unknown_never_sent_again_and_found_by_the_next_run(
    emulator: Emulator, wire: Wire
) -> None:
    wire.lose_answers = True
    async with new_client(emulator, wire, if_unknown="raise") as client:
        await check_unknown_and_found(client, wire)


async def check_unknown_and_found(client: AsyncClient, wire: Wire) -> None:
    summary, outcomes = await run(client, orders(4))
    assert Summary(unknown=4) == summary
    assert "OUTCOME_UNKNOWN" == the(Unknown, outcomes["sub-0"]).code
    assert {"query": 4, "packages": 4} == dict(wire.sent)
    wire.lose_answers = False
    again, _ = await run(client, orders(4))
    assert Summary(existing=4) == again


async def test_a_refused_key_stops_the_run_before_most_orders_are_tried(
    emulator: Emulator, wire: Wire
) -> None:
    async with new_client(emulator, wire, key="EMU.wrong") as stranger:
        summary, outcomes = await run(stranger, orders(100), concurrency=4)
    assert StopReason.AUTHENTICATION is summary.stop_reason
    assert isinstance(summary.stop_error, errors.AuthenticationError)
    assert summary.failed == len(outcomes) <= 4
    assert 0 == wire.sent["packages"]


async def test_a_rate_limit_that_lets_nothing_out_stops_the_run(
    emulator: Emulator, wire: Wire
) -> None:
    limit = RateLimit(5, per=60.0, max_wait=0)
    async with new_client(emulator, wire, rate_limit=limit) as hasty:
        summary, outcomes = await run(hasty, orders(100), concurrency=1)
    assert StopReason.LIMIT is summary.stop_reason
    assert (2, 1) == (summary.created, summary.failed)
    assert "PACING" == outcomes["sub-2"].code
    assert {"query": 3, "packages": 2} == dict(wire.sent)


async def test_a_server_that_cannot_be_reached_fails_orders_with_the_name_of_the_error(
    wire: Wire,
) -> None:
    async with Emulator(rate_limit="off") as gone:
        client = new_client(gone, wire)
    async with client:
        summary, outcomes = await run(client, orders(1))
    assert Summary(failed=1) == summary
    assert "CONNECT_FAILED" == outcomes["sub-0"].code


async def test_no_more_orders_than_the_concurrency_are_in_flight_or_taken_ahead(
    client: AsyncClient, wire: Wire
) -> None:
    taken = done = most_ahead = 0

    def endless() -> Iterator[Order]:
        nonlocal taken, most_ahead
        for item in orders(40):
            taken += 1
            most_ahead = max(most_ahead, taken - done)
            yield item

    def report(_: Outcome) -> None:
        nonlocal done
        done += 1

    await provision(client, endless(), report=report, concurrency=4)
    assert 4 == wire.most_in_flight
    assert 4 == most_ahead


async def test_a_stop_finishes_the_creates_in_flight_and_abandons_what_was_not_sent(
    client: AsyncClient, wire: Wire
) -> None:
    wire.hold_creates = asyncio.Event()
    stop = Stop()
    outcomes: list[Outcome] = []
    running = asyncio.create_task(
        provision(client, orders(50), report=outcomes.append, concurrency=4, stop=stop)
    )
    await wire.create_arrived.wait()
    stop.request(StopReason.INTERRUPTED)
    wire.hold_creates.set()
    summary = await running
    assert StopReason.INTERRUPTED is summary.stop_reason
    packages = {package.id for package in await client.packages.query().collect()}
    assert packages == {outcome.package_id for outcome in outcomes}
    assert summary.created == len(packages) == wire.sent["packages"] <= 4


async def test_a_run_that_is_cancelled_reports_what_it_had_sent_as_unknown(
    client: AsyncClient, wire: Wire
) -> None:
    wire.hold_creates = asyncio.Event()
    outcomes: list[Outcome] = []
    running = asyncio.create_task(
        provision(client, orders(9), report=outcomes.append, concurrency=1)
    )
    await wire.create_arrived.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    (unknown,) = outcomes
    assert ("sub-0", "CANCELLED") == (unknown.external_id, the(Unknown, unknown).code)


async def test_an_error_of_the_report_comes_out_as_itself_and_stops_the_run(
    client: AsyncClient, wire: Wire
) -> None:
    def full_disk(_: Outcome) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        await provision(client, orders(50), report=full_disk, concurrency=2)
    assert wire.sent["packages"] <= 2


async def test_an_error_of_the_orders_comes_out_as_itself(client: AsyncClient) -> None:
    def broken() -> Iterator[Order]:
        yield order("sub-0")
        raise RuntimeError("the source broke")

    outcomes: list[Outcome] = []
    with pytest.raises(RuntimeError, match="the source broke"):
        await provision(client, broken(), report=outcomes.append, concurrency=1)
    assert ["sub-0"] == [outcome.external_id for outcome in outcomes]


async def test_a_concurrency_below_one_is_refused_before_anything_is_sent(
    client: AsyncClient, wire: Wire
) -> None:
    with pytest.raises(errors.ConfigurationError, match="concurrency must be a whole number"):
        await provision(client, orders(1), report=lambda _: None, concurrency=0)
    assert {} == dict(wire.sent)


async def test_an_order_whose_instances_partly_failed_exists_all_the_same(
    emulator: Emulator, client: AsyncClient
) -> None:
    emulator.settings = attrs.evolve(emulator.settings, delivery_seconds=0.0)
    unlucky = Product(
        catalog_product_id=UNLUCKY_ADDON, country_code="BR", billing_info=BillingInfo.one_time()
    )
    asked = [order("mixed", BASIC, unlucky)]
    await run(client, asked)
    summary, _ = await run(client, asked)
    assert Summary(existing=1) == summary
