"""After a lost answer, what can be read decides: a proof gives the result, nothing else does."""

from __future__ import annotations

import asyncio
import copy
import os
import pickle
import subprocess
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import attrs
import pytest
from safety_client import ACCOUNT, KEY, World, world
from safety_time import in_jumping_time

import wixreseller
from wixreseller import AsyncClient, BillingInfo, CycleUnit, OutcomeUnknownError, Package, Product
from wixreseller._look import PROOFS
from wixreseller.config import IfUnknown
from wixreseller.emulator.default_seed import PREMIUM_UNLIMITED, SITES, SUB_ACCOUNTS
from wixreseller.errors import ConfigurationError
from wixreseller.models import Status
from wixreseller.reconcile import Happened, NotSeen
from wixreseller.testing import EmulatorControl, EmulatorThread, Operation

ROOT = Path(wixreseller.__file__).parents[1]
SITE = SITES[ACCOUNT][0]
MONTHLY = BillingInfo.recurring(1, CycleUnit.MONTH)

Make = Callable[[AsyncClient, Package], Awaitable[Package]]


@attrs.frozen
class Write:
    """Hold a write, how the emulator calls it, and what the package looks like when it is done."""

    operation: Operation
    make: Make
    is_done: Callable[[Package], bool]


def _instance(package: Package) -> str:
    return package.product_instances[0].instance_id


WRITES = {
    "cancel_package": Write(
        "cancelPackage",
        lambda client, package: client.packages.cancel(package.id),
        lambda package: Status.CANCELED == package.product_instances[0].status,
    ),
    "update_package_external_id": Write(
        "updatePackageExternalId",
        lambda client, package: client.packages.update_external_id(package.id, external_id="new/1"),
        lambda package: "new/1" == package.external_id,
    ),
    "assign_product_instance_to_site": Write(
        "assignProductInstanceToSite",
        lambda client, package: client.product_instances.assign_to_site(
            _instance(package), site_id=SITE
        ),
        lambda package: SITE == package.product_instances[0].site_id,
    ),
    "unassign_product_instance_from_site": Write(
        "unassignProductInstanceFromSite",
        lambda client, package: client.product_instances.unassign_from_site(_instance(package)),
        lambda package: package.product_instances[0].site_id is None,
    ),
    "cancel_product_instance": Write(
        "cancelProductInstance",
        lambda client, package: client.product_instances.cancel(_instance(package)),
        lambda package: Status.CANCELED == package.product_instances[0].status,
    ),
    "adjust_product_instance_specifications": Write(
        "adjustProductInstanceSpecifications",
        lambda client, package: client.product_instances.adjust_specifications(
            _instance(package), catalog_product_id=PREMIUM_UNLIMITED, billing_info=MONTHLY
        ),
        lambda package: (
            PREMIUM_UNLIMITED == package.product_instances[0].catalog_product_id
            and MONTHLY == package.product_instances[0].billing_info
        ),
    ),
}


async def _package(here: World, product: Product, operation: Operation) -> Package:
    """Make a package that the write of this operation changes, and let it be delivered and seen."""
    on_site = operation == "unassignProductInstanceFromSite"
    package = await here.create(attrs.evolve(product, site_id=SITE if on_site else None))
    await here.sleep(120.0)
    return package


def test_every_proof_has_a_test() -> None:
    assert {"create_package", *WRITES} == set(PROOFS)


@pytest.mark.parametrize("name", WRITES)
@in_jumping_time
async def test_a_change_that_happened_is_proven_and_given(name: str, product: Product) -> None:
    write = WRITES[name]
    async with world() as here, here.client() as client:
        before = await _package(here, product, write.operation)
        await here.fault("drop_after_commit", operation=write.operation)

        package = await write.make(client, before)

        assert write.is_done(package)
        assert [package] == await here.packages()
        assert package.meta is not None
        assert 1 == package.meta.attempts
        assert package.meta.idempotency_key is not None
        assert [write.operation] == [entry.operation for entry in await here.writes()]


@pytest.mark.parametrize("name", WRITES)
@in_jumping_time
async def test_a_change_that_did_not_happen_is_not_proven(name: str, product: Product) -> None:
    write = WRITES[name]
    async with world() as here, here.client() as client:
        before = await _package(here, product, write.operation)
        await here.fault("drop_before_commit", operation=write.operation)

        with pytest.raises(OutcomeUnknownError) as caught:
            await write.make(client, before)

        assert NotSeen("it is not as asked") == await client.resolve(caught.value)
        assert not write.is_done((await here.packages())[0])


@pytest.mark.parametrize("name", WRITES)
@in_jumping_time
async def test_nothing_is_looked_at_if_unknown_is_to_raise(name: str, product: Product) -> None:
    write = WRITES[name]
    async with world() as here, here.client(if_unknown="raise") as client:
        before = await _package(here, product, write.operation)
        await here.fault("drop_after_commit", operation=write.operation)

        with pytest.raises(OutcomeUnknownError) as caught:
            await write.make(client, before)

        assert [write.operation] == [entry.operation for entry in await here.journal()]
        assert isinstance(await client.resolve(caught.value), Happened)


@pytest.mark.parametrize("name", WRITES)
@in_jumping_time
async def test_what_cannot_be_read_stays_unknown(name: str, product: Product) -> None:
    write = WRITES[name]
    async with world() as here, here.client() as client:
        before = await _package(here, product, write.operation)
        await here.fault("drop_after_commit", times=None)

        with pytest.raises(OutcomeUnknownError) as caught:
            await write.make(client, before)

        assert name == caught.value.operation


@in_jumping_time
async def test_a_state_of_long_ago_proves_nothing_where_even_a_get_lags(product: Product) -> None:
    async with (
        world(
            visibility_lag_seconds=4.0, visibility_lags_get=True, consistency_token="ignored"
        ) as here,
        here.client(if_unknown="raise") as client,
    ):
        made = await _package(here, product, "cancelPackage")  # it floats, as anybody can see
        await client.product_instances.assign_to_site(_instance(made), site_id=SITE)
        await here.fault("drop_before_commit", operation="unassignProductInstanceFromSite")
        with pytest.raises(OutcomeUnknownError) as caught:
            await client.product_instances.unassign_from_site(_instance(made))

        assert isinstance(await client.resolve(caught.value), NotSeen)


# --- creates ------------------------------------------------------------------------------------


async def _lose(client: AsyncClient, product: Product, external_id: str | None = "sub-1") -> object:
    """Create, lose the answer, and give the error, or the package if that could be proven."""
    try:
        return await client.packages.create([product], external_id=external_id)
    except OutcomeUnknownError as error:
        return error


async def _why(client: AsyncClient, outcome: object) -> str:
    assert isinstance(outcome, OutcomeUnknownError)
    seen = await client.resolve(outcome)
    assert isinstance(seen, NotSeen)
    return seen.why


@pytest.mark.parametrize("ahead", [0.0, 7200.0, -7200.0], ids=["right", "fast", "slow"])
@in_jumping_time
async def test_a_create_that_happened_is_proven_however_wrong_our_clock(
    product: Product, ahead: float
) -> None:
    async with world() as here, here.client(ahead=ahead) as client:
        await here.fault("drop_after_commit", operation="createPackageV2")
        await client.packages.query().collect()  # tells the server's time

        package = await _lose(client, product)

        assert [package] == await here.packages()


@in_jumping_time
async def test_a_create_without_an_external_id_is_never_proven(product: Product) -> None:
    async with world() as here, here.client() as client:
        await here.fault("drop_after_commit", operation="createPackageV2")

        outcome = await _lose(client, product, external_id=None)

        assert "it had no external id to look for" == await _why(client, outcome)


@in_jumping_time
async def test_a_create_that_did_not_happen_is_not_proven(product: Product) -> None:
    async with world() as here, here.client() as client:
        await here.fault("drop_before_commit", operation="createPackageV2")

        outcome = await _lose(client, product)

        assert "no packages have the external id 'sub-1'" == await _why(client, outcome)
        assert [] == await here.packages()


@pytest.mark.parametrize("ahead", [0.0, 7200.0, -7200.0], ids=["right", "fast", "slow"])
@in_jumping_time
async def test_a_package_that_was_there_before_is_not_taken_for_the_lost_one(
    product: Product, ahead: float
) -> None:
    async with world() as here, here.client(ahead=ahead) as client:
        await here.create(product, external_id="sub-1")
        await here.sleep(60.0)
        await here.fault("drop_before_commit", operation="createPackageV2")

        outcome = await _lose(client, product)

        assert "was there before" in await _why(client, outcome)


@pytest.mark.parametrize("if_unknown", ["look", "raise"])
@pytest.mark.parametrize(("then", "now"), [(-7200.0, 0.0), (0.0, 7200.0), (7200.0, 0.0)])
@in_jumping_time
async def test_nor_is_it_by_a_machine_whose_clock_is_another_than_that_it_was_sent_by(
    product: Product, then: float, now: float, if_unknown: IfUnknown
) -> None:
    async with (
        world() as here,
        here.client(ahead=then, if_unknown=if_unknown) as sender,
        here.client(ahead=now) as resolver,
    ):
        await here.create(product, external_id="sub-1")
        await here.sleep(60.0)
        await here.fault("drop_before_commit", operation="createPackageV2")
        await sender.packages.query().collect()  # tells the server's time

        outcome = copy.copy(await _lose(sender, product))  # as pickled

        assert "was there before" in await _why(resolver, outcome)


@in_jumping_time
async def test_a_package_of_other_content_is_not_taken_for_the_lost_one(product: Product) -> None:
    async with world() as here, here.client(if_unknown="raise") as client:
        await here.fault("drop_before_commit", operation="createPackageV2")
        outcome = await _lose(client, product)
        other = attrs.evolve(product, country_code="DE")
        made = await here.create(other, external_id="sub-1")

        assert f"package {made.id} is another: products[0].country_code is DE, asked for BR" == (
            await _why(client, outcome)
        )


@in_jumping_time
async def test_several_packages_of_the_external_id_prove_nothing(product: Product) -> None:
    async with world() as here, here.client() as client:
        await here.create(product, external_id="sub-1")
        await here.fault("drop_after_commit", operation="createPackageV2")

        outcome = await _lose(client, product)

        assert "2 packages have the external id 'sub-1'" == await _why(client, outcome)


@in_jumping_time
async def test_a_package_of_another_account_proves_nothing(product: Product) -> None:
    async with world() as here, here.client() as client:
        await here.fault("drop_before_commit", operation="createPackageV2")
        outcome = await _lose(client, product)
        await here.create(product, external_id="sub-1", account_id=SUB_ACCOUNTS[1])

        assert "no packages have the external id 'sub-1'" == await _why(client, outcome)


@in_jumping_time
async def test_of_two_creates_at_once_that_are_lost_none_takes_the_package_of_the_other(
    product: Product,
) -> None:
    async with world() as here, here.client() as client:
        await here.fault("drop_after_commit", operation="createPackageV2")
        await here.fault("drop_before_commit", operation="createPackageV2")

        outcomes = await asyncio.gather(_lose(client, product), _lose(client, product))

        assert [OutcomeUnknownError] * 2 == [type(outcome) for outcome in outcomes]
        assert 1 == len(await here.packages())


@pytest.mark.parametrize("lag", [1.0, 5.0, 9.0, 10.0])
@in_jumping_time
async def test_a_create_that_shows_within_the_settle_window_is_proven(
    product: Product, lag: float
) -> None:
    settings: dict[str, bool | str] = {"consistency_token": "ignored", "visibility_lags_get": True}
    async with world(visibility_lag_seconds=lag, **settings) as here, here.client() as client:
        await here.fault("drop_after_commit", operation="createPackageV2")

        package = await _lose(client, product)

        assert isinstance(package, Package)
        assert [package.id] == [made.id for made in await here.packages()]


@in_jumping_time
async def test_a_create_that_shows_after_the_settle_window_is_unknown_and_proven_later(
    product: Product,
) -> None:
    settings = {"consistency_token": "ignored"}
    async with world(visibility_lag_seconds=30.0, **settings) as here, here.client() as client:
        began = here.loop.time()
        await here.fault("drop_after_commit", operation="createPackageV2")

        outcome = await _lose(client, product)
        looked = here.loop.time() - began
        await here.sleep(30.0)

        assert isinstance(outcome, OutcomeUnknownError)
        assert 10.0 == looked
        assert Happened((await here.packages())[0]) == await client.resolve(outcome)


@in_jumping_time
async def test_looking_keeps_to_the_deadline_of_the_call(product: Product) -> None:
    async with world() as here, here.client(deadline=3.0) as client:
        began = here.loop.time()
        await here.fault("drop_before_commit", operation="createPackageV2")

        outcome = await _lose(client, product)

        assert isinstance(outcome, OutcomeUnknownError)
        assert here.loop.time() - began <= 3.0


# --- resolve ------------------------------------------------------------------------------------

RESOLVE = """
import asyncio, pickle, sys
from wixreseller import AsyncClient

async def main():
    error = pickle.loads(bytes.fromhex(sys.argv[2]))
    async with AsyncClient(
        api_key=sys.argv[3], account_id=sys.argv[4], base_url=sys.argv[1]
    ) as client:
        seen = await client.resolve(error)
        print(type(seen).__name__, seen.package.id if hasattr(seen, "package") else seen.why)

asyncio.run(main())
"""


@pytest.mark.parametrize("kind", ["drop_after_commit", "drop_before_commit"])
async def test_another_process_resolves_a_pickled_error(
    product: Product, emulator_thread: EmulatorThread, emulator_url: str, kind: str
) -> None:
    control = EmulatorControl(emulator_url)
    async with AsyncClient(
        api_key=KEY, account_id=ACCOUNT, base_url=emulator_url, rate_limit=None, if_unknown="raise"
    ) as client:
        if kind == "drop_after_commit":
            control.add_fault("drop_after_commit", operation="createPackageV2")
        else:
            control.add_fault("drop_before_commit", operation="createPackageV2")
        with pytest.raises(OutcomeUnknownError) as caught:
            await client.packages.create([product], external_id="sub-1")
        found = await client.packages.find("sub-1")

    arguments = [emulator_url, pickle.dumps(caught.value).hex(), KEY, ACCOUNT]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-Werror",
        "-c",
        RESOLVE,
        *arguments,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 30)

    expected = f"Happened {found.id}" if found else "NotSeen no packages have the external id"
    assert (0, b"") == (process.returncode, err)
    assert expected == out.decode()[: len(expected)]


@in_jumping_time
async def test_an_error_that_no_call_raised_is_refused() -> None:
    async with world() as here, here.client() as client:
        error = OutcomeUnknownError("made up", sent_at=datetime(2026, 1, 1, tzinfo=UTC))

        with pytest.raises(ConfigurationError):
            await client.resolve(error)
