"""The calls on instances keep their contract, awaited and blocking, against the emulator."""

from __future__ import annotations

import pytest

from wixreseller import AsyncClient, BillingInfo, CycleUnit, Package, Product, Status, errors
from wixreseller.emulator.default_seed import (
    DOMAIN,
    PREMIUM_UNLIMITED,
    SITES,
    SUB_ACCOUNTS,
)

HERE, ELSEWHERE, _ = SUB_ACCOUNTS


@pytest.fixture
async def package(client: AsyncClient, product: Product) -> Package:
    """Give a package of one floating instance."""
    return await client.packages.create([product])


def only(package: Package) -> str:
    (instance,) = package.product_instances
    return instance.instance_id


async def test_assign_puts_a_floating_instance_on_a_site(
    client: AsyncClient, package: Package
) -> None:
    answer = await client.product_instances.assign_to_site(only(package), site_id=SITES[HERE][0])

    assert (package.id, SITES[HERE][0]) == (answer.id, answer.product_instances[0].site_id)


async def test_assign_moves_an_instance_to_another_site(
    client: AsyncClient, package: Package
) -> None:
    first, second, _ = SITES[HERE]
    await client.product_instances.assign_to_site(only(package), site_id=first)

    answer = await client.product_instances.assign_to_site(only(package), site_id=second)

    assert second == answer.product_instances[0].site_id


async def test_unassign_makes_an_instance_float(client: AsyncClient, package: Package) -> None:
    await client.product_instances.assign_to_site(only(package), site_id=SITES[HERE][0])

    answer = await client.product_instances.unassign_from_site(only(package))

    assert answer.product_instances[0].site_id is None


async def test_cancel_cancels_one_instance_and_leaves_the_others(
    client: AsyncClient, product: Product
) -> None:
    package = await client.packages.create([product, product])
    first, second = package.product_instances

    answer = await client.product_instances.cancel(first.instance_id)

    assert {first.instance_id: Status.CANCELED, second.instance_id: Status.PENDING} == {
        item.instance_id: item.status for item in answer.product_instances
    }


async def test_adjust_changes_product_and_billing(client: AsyncClient, package: Package) -> None:
    billing = BillingInfo.recurring(2, CycleUnit.YEAR)

    answer = await client.product_instances.adjust_specifications(
        only(package), catalog_product_id=PREMIUM_UNLIMITED, billing_info=billing
    )

    (instance,) = answer.product_instances
    assert (PREMIUM_UNLIMITED, billing) == (instance.catalog_product_id, instance.billing_info)


async def test_adjust_to_another_type_of_product_is_refused(
    client: AsyncClient, package: Package
) -> None:
    with pytest.raises(errors.FailedPreconditionError) as caught:
        await client.product_instances.adjust_specifications(
            only(package),
            catalog_product_id=DOMAIN,
            billing_info=BillingInfo.recurring(1, CycleUnit.YEAR),
        )

    assert caught.value.code == "INCOMPATIBLE_PRODUCT"


async def test_a_site_of_another_account_is_not_found(
    client: AsyncClient, package: Package
) -> None:
    with pytest.raises(errors.NotFoundError):
        await client.product_instances.assign_to_site(only(package), site_id=SITES[ELSEWHERE][0])


async def test_an_instance_of_another_account_is_not_found(
    client: AsyncClient, package: Package
) -> None:
    with pytest.raises(errors.NotFoundError):
        await client.product_instances.cancel(only(package), account_id=ELSEWHERE)
