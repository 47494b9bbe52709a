"""Runs of orders against the emulator: each package once, each order accounted for."""

from __future__ import annotations

import attrs
import pytest
from bulk_orders import ACCOUNT, BASIC, Wire, carry_out, new_client, order, orders, the, words

from wixreseller import AsyncClient, BillingInfo, Product, errors
from wixreseller.bulk import Failed, Ok
from wixreseller.bulk.journal import entry_of
from wixreseller.bulk.runner import MOST_IN_FLIGHT
from wixreseller.bulk.stopping import Stop
from wixreseller.bulk.summary import StopReason
from wixreseller.emulator import Emulator
from wixreseller.emulator.default_seed import BUSINESS_EMAIL, UNLUCKY_ADDON


async def test_each_order_is_created_once_and_a_second_run_finds_all_of_them(
    client: AsyncClient,
) -> None:
    asked = orders(20)
    created = await carry_out(client, asked)
    existing = await carry_out(client, asked)
    assert {"created": 20} == words(created)
    assert {"existing": 20} == words(existing)
    packages = {package.id for package in await client.packages.query().collect()}
    assert packages == {outcome.package_id for outcome in created.values()}
    assert packages == {outcome.package_id for outcome in existing.values()}


async def test_a_result_names_the_package_its_instances_and_the_request(
    client: AsyncClient,
) -> None:
    outcomes = await carry_out(client, [order("duo", BASIC, BASIC)])
    result = the(Ok, outcomes["duo"])
    package = await client.packages.get(result.package_id)
    instance_ids = tuple(instance.instance_id for instance in package.product_instances)
    assert ("created", ACCOUNT) == (result.outcome, result.account_id)
    assert instance_ids == result.instance_ids
    assert result.request_id


async def test_a_hundred_creates_are_preceded_by_one_look(client: AsyncClient, wire: Wire) -> None:
    await carry_out(client, orders(250))
    assert {"query": 3, "packages": 250} == dict(wire.sent)


async def test_every_create_carries_a_key_made_of_its_order(client: AsyncClient) -> None:
    await carry_out(client, orders(5))
    # The server replays keys: the same key and content again gives the same package.
    package = await client.packages.find("sub-3")
    again = await client.packages.create(
        [BASIC], external_id="sub-3", idempotency_key=entry_of(order("sub-3"), 0).key
    )
    assert package == again


def test_the_key_of_an_order_is_the_same_in_every_version_and_that_of_an_ensure() -> None:
    key = entry_of(order("sub-1"), 0).key
    assert "888cdc5d-47f8-cd18-4951-c4ae1f5d3778" == key
    assert key != entry_of(order("sub-2"), 0).key
    assert key != entry_of(order("sub-1", BASIC, BASIC), 0).key


async def test_a_package_that_differs_is_left_alone_and_its_differences_are_told(
    client: AsyncClient,
) -> None:
    package = await client.packages.create([BASIC], external_id="sub-1")
    german = attrs.evolve(BASIC, country_code="DE")
    outcomes = await carry_out(client, [order("sub-1", german)])
    failed = the(Failed, outcomes["sub-1"])
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
    outcomes = await carry_out(client, [order("dead"), order("twice")])
    assert {"failed": 2} == words(outcomes)
    assert {"EXTERNAL_ID_CONFLICT"} == {outcome.code for outcome in outcomes.values()}
    assert {"query": 1} == dict(wire.sent)


async def test_a_refusal_fails_its_order_with_the_words_of_wix_and_the_others_go_on(
    client: AsyncClient,
) -> None:
    unknown = attrs.evolve(BASIC, catalog_product_id="c0000000-0000-4000-8000-00000000dead")
    email = attrs.evolve(BASIC, catalog_product_id=BUSINESS_EMAIL)
    asked = [order("bad", unknown), *orders(3), order("limited", *[email] * 6)]
    outcomes = await carry_out(client, asked)
    assert {"created": 3, "failed": 2} == words(outcomes)
    bad = the(Failed, outcomes["bad"])
    assert "PRODUCT_NOT_FOUND" == bad.code
    assert bad.message == "product c0000000-0000-4000-8000-00000000dead was not found"
    assert bad.request_id
    assert "PRODUCT_LIMIT_EXCEEDED" == outcomes["limited"].code


async def test_an_order_whose_instances_partly_failed_exists_all_the_same(
    emulator: Emulator, client: AsyncClient
) -> None:
    emulator.settings = attrs.evolve(emulator.settings, delivery_seconds=0.0)
    unlucky = Product(
        catalog_product_id=UNLUCKY_ADDON, country_code="BR", billing_info=BillingInfo.one_time()
    )
    asked = [order("mixed", BASIC, unlucky)]
    await carry_out(client, asked)
    assert {"existing": 1} == words(await carry_out(client, asked))


async def test_a_lost_answer_is_looked_for_and_the_order_found_created(
    client: AsyncClient, wire: Wire
) -> None:
    wire.loses_answers = True
    assert {"created": 4} == words(await carry_out(client, orders(4)))
    assert 4 == wire.sent["packages"]


async def test_no_more_orders_are_in_flight_than_was_allowed(
    client: AsyncClient, wire: Wire
) -> None:
    await carry_out(client, orders(40), max_concurrency=4)
    assert wire.most_in_flight <= 4 + 1  # a look may be under way beside them
    assert MOST_IN_FLIGHT == 100


async def test_a_concurrency_below_one_is_refused_before_anything_is_sent(
    client: AsyncClient, wire: Wire
) -> None:
    with pytest.raises(errors.ConfigurationError, match="max_concurrency must be a whole number"):
        await carry_out(client, orders(1), max_concurrency=0)
    assert {} == dict(wire.sent)


async def test_a_refused_key_stops_the_run_before_anything_is_created(
    emulator: Emulator, wire: Wire
) -> None:
    stop = Stop()
    async with new_client(emulator, wire, key="EMU.wrong") as stranger:
        with pytest.raises(errors.AuthenticationError):
            await carry_out(stranger, orders(100), stop=stop)
    assert {"query": 1} == dict(wire.sent)
    assert stop.reason is StopReason.AUTHENTICATION
