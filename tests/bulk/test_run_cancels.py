"""Orders to cancel: by package id, by external id, and what becomes of each."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest
from bulk_journals import records_of
from bulk_orders import ACCOUNT, BASIC, Wire, cancel, carry_out, order, the, words

from wixreseller import AsyncClient, BillingInfo, Package, Product, Status
from wixreseller.bulk import Failed, Ok
from wixreseller.emulator import Emulator
from wixreseller.emulator.default_seed import SUB_ACCOUNTS, UNLUCKY_ADDON


@pytest.fixture
async def package(client: AsyncClient) -> Package:
    return await client.packages.create([BASIC], external_id="sub-1")


async def is_canceled(client: AsyncClient, package: Package) -> bool:
    now = await client.packages.get(package.id)
    return {instance.status for instance in now.product_instances} == {Status.CANCELED}


@pytest.mark.parametrize("names", ["package id", "PACKAGE ID", "external id", "both"])
async def test_a_package_is_canceled_by_whatever_names_it(
    client: AsyncClient, package: Package, names: str
) -> None:
    external_id = "sub-1" if names in ("external id", "both") else ""
    package_id = None if names == "external id" else package.id
    if names == "PACKAGE ID":
        package_id = package.id.upper()
    (outcome,) = (await carry_out(client, [cancel(external_id, package_id=package_id)])).values()
    assert ("canceled", package.id) == (the(Ok, outcome).outcome, outcome.package_id)
    assert await is_canceled(client, package)


async def test_a_cancel_that_names_two_packages_cancels_neither(
    client: AsyncClient, package: Package, wire: Wire
) -> None:
    other = await client.packages.create([BASIC], external_id="sub-2")
    wire.sent.clear()
    (outcome,) = (await carry_out(client, [cancel("sub-2", package_id=package.id)])).values()
    problem = the(Failed, outcome)
    assert ("EXTERNAL_ID_CONFLICT", package.id) == (problem.code, problem.package_id)
    assert f"package {package.id} has the external id 'sub-1'" in problem.message
    assert {"query": 1} == dict(wire.sent)
    assert not await is_canceled(client, package)
    assert not await is_canceled(client, other)


async def test_what_is_canceled_already_is_not_sent_again(
    client: AsyncClient, package: Package, wire: Wire
) -> None:
    await client.packages.cancel(package.id)
    wire.sent.clear()
    outcomes = await carry_out(client, [cancel("sub-1")])
    assert {"canceled": 1} == words(outcomes)
    assert {"query": 1} == dict(wire.sent)


@pytest.mark.parametrize("by", ["external id", "package id"])
async def test_a_package_that_does_not_exist_fails_as_not_found(
    client: AsyncClient, wire: Wire, by: str
) -> None:
    nobody = "0a1b2c3d-0000-4000-8000-0123456789ab"
    asked = cancel("nobody") if by == "external id" else cancel(package_id=nobody)
    (outcome,) = (await carry_out(client, [asked])).values()
    assert "NOT_FOUND" == the(Failed, outcome).code
    assert {"query": 1} == dict(wire.sent)


async def test_a_package_of_another_account_is_not_found(client: AsyncClient) -> None:
    other = client.for_account(SUB_ACCOUNTS[1])
    package = await other.packages.create([BASIC], external_id="theirs")
    outcomes = await carry_out(client, [cancel("theirs"), cancel(package_id=package.id)])
    assert {"NOT_FOUND"} == {outcome.code for outcome in outcomes.values()}
    assert not await is_canceled(other, package)


async def test_several_live_packages_of_an_external_id_are_all_left_alone(
    client: AsyncClient, package: Package, wire: Wire
) -> None:
    second = await client.packages.create([BASIC], external_id="sub-1")
    wire.sent.clear()
    outcomes = await carry_out(client, [cancel("sub-1")])
    failed = the(Failed, outcomes["sub-1"])
    assert "EXTERNAL_ID_CONFLICT" == failed.code
    assert package.id in failed.message
    assert second.id in failed.message
    assert {"query": 1} == dict(wire.sent)


async def test_the_one_live_package_among_canceled_ones_is_canceled(
    client: AsyncClient, package: Package
) -> None:
    await client.packages.cancel(package.id)
    second = await client.packages.create([BASIC], external_id="sub-1")
    outcomes = await carry_out(client, [cancel("sub-1")])
    assert second.id == the(Ok, outcomes["sub-1"]).package_id
    assert await is_canceled(client, second)


async def test_a_name_that_was_canceled_and_given_anew_is_canceled_anew(
    client: AsyncClient, package: Package
) -> None:
    # Another package, so another idempotency key: the server would replay its answer of before.
    await carry_out(client, [cancel("sub-1")])
    second = await client.packages.create([BASIC], external_id="sub-1")
    outcomes = await carry_out(client, [cancel("sub-1")])
    assert second.id == the(Ok, outcomes["sub-1"]).package_id
    assert await is_canceled(client, second)


async def test_two_orders_for_one_package_are_both_done(
    client: AsyncClient, package: Package
) -> None:
    asked = [cancel("sub-1", package_id=package.id), cancel(package_id=package.id)]
    outcomes = await carry_out(client, asked)
    assert {"canceled": 2} == words(outcomes)


async def test_a_package_of_which_a_part_failed_is_canceled_all_the_same(
    emulator: Emulator, client: AsyncClient, wire: Wire
) -> None:
    emulator.settings = attrs.evolve(emulator.settings, delivery_seconds=0.0)
    unlucky = Product(
        catalog_product_id=UNLUCKY_ADDON, country_code="BR", billing_info=BillingInfo.one_time()
    )
    await client.packages.create([BASIC, unlucky], external_id="mixed")
    assert {"canceled": 1} == words(await carry_out(client, [cancel("mixed")]))
    wire.sent.clear()
    assert {"canceled": 1} == words(await carry_out(client, [cancel("mixed")]))
    assert {"query": 1} == dict(wire.sent)


async def test_a_lost_answer_is_settled_by_the_package_that_it_was_sent_for(
    client: AsyncClient, package: Package, wire: Wire, tmp_path: Path
) -> None:
    wire.loses_answers = True
    outcomes = await carry_out(client, [cancel("sub-1")], journal=tmp_path / "j")
    assert ("canceled", package.id) == (outcomes["sub-1"].outcome, outcomes["sub-1"].package_id)
    assert package.id == (await records_of(tmp_path / "j"))["sub-1"].target


async def test_creates_and_cancels_go_together(client: AsyncClient, package: Package) -> None:
    outcomes = await carry_out(client, [order("sub-2"), cancel("sub-1"), order("sub-3")])
    assert {"created": 2, "canceled": 1} == words(outcomes)
    assert {ACCOUNT} == {outcome.account_id for outcome in outcomes.values()}
