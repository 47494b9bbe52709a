"""Delivery is waited for within its deadline; a failed assign says where the instance is."""

from __future__ import annotations

import itertools

import attrs
import pytest
from safety_client import ACCOUNT, World, world
from safety_time import in_jumping_time

from wixreseller import BillingInfo, CycleUnit, OutcomeUnknownError, Package, Product
from wixreseller.emulator.default_seed import PROVIDER_MAILBOX, SITES, UNLUCKY_ADDON
from wixreseller.errors import (
    APIError,
    InstanceFailedError,
    NotFoundError,
    StillPendingError,
)
from wixreseller.models import Status

OLD, NEW = SITES[ACCOUNT][:2]
UNLUCKY = Product(
    catalog_product_id=UNLUCKY_ADDON, country_code="BR", billing_info=BillingInfo.one_time()
)
MAILBOX = Product(
    catalog_product_id=PROVIDER_MAILBOX,
    country_code="BR",
    billing_info=BillingInfo.recurring(1, CycleUnit.MONTH),
)

# --- delivery -----------------------------------------------------------------------------------


@in_jumping_time
async def test_waiting_ends_when_everything_is_delivered(product: Product) -> None:
    async with world(delivery_seconds=100.0) as here, here.client() as client:
        made = await here.create(product, product)
        began = here.loop.time()

        package = await client.packages.wait_until_settled(made.id)

        assert [Status.ENABLED] * 2 == [item.status for item in package.product_instances]
        assert 100.0 <= here.loop.time() - began <= 130.0


@in_jumping_time
async def test_waiting_ends_at_once_when_an_instance_failed(product: Product) -> None:
    async with world(delivery_seconds=3.0) as here, here.client() as client:
        made = await here.create(product, UNLUCKY)
        failing = made.product_instances[1].instance_id

        with pytest.raises(InstanceFailedError, match=failing):
            await client.packages.wait_until_settled(made.id)


@in_jumping_time
async def test_an_instance_that_awaits_an_action_counts_as_settled() -> None:
    async with world() as here, here.client() as client:
        made = await here.create(MAILBOX)

        package = await client.packages.wait_until_settled(made.id)

        assert [Status.AWAITING_ACTION] == [item.status for item in package.product_instances]


@in_jumping_time
async def test_waiting_ends_with_its_deadline_and_names_what_is_pending(product: Product) -> None:
    async with world(delivery_seconds=100.0) as here, here.client() as client:
        made = await here.create(product)
        began = here.loop.time()

        with pytest.raises(StillPendingError, match=made.product_instances[0].instance_id):
            await client.packages.wait_until_settled(made.id, deadline=30.0)

        assert here.loop.time() - began <= 30.0


@in_jumping_time
async def test_polls_slow_down_to_half_a_minute(product: Product) -> None:
    async with world(delivery_seconds=600.0) as here, here.client() as client:
        made = await here.create(product)

        await client.packages.wait_until_settled(made.id)

        times = [entry.time.timestamp() for entry in await here.journal()]
        pauses = [later - earlier for earlier, later in itertools.pairwise(times)]
        assert (2.0, 30.0) == (round(pauses[0], 3), round(pauses[-1], 3))
        assert pauses == sorted(pauses)


@in_jumping_time
async def test_a_package_that_is_not_there_is_not_waited_for(product: Product) -> None:
    async with world() as here, here.client() as client:
        with pytest.raises(NotFoundError):
            await client.packages.wait_until_settled("0a1b2c3d-0000-4000-8000-0123456789ab")


# --- assign -------------------------------------------------------------------------------------


async def _on_site(here: World, product: Product) -> Package:
    made = await here.create(attrs.evolve(product, site_id=OLD))
    await here.sleep(60.0)
    return made


@in_jumping_time
async def test_an_assign_that_was_refused_leaves_the_instance_on_its_old_site(
    product: Product,
) -> None:
    async with world() as here, here.client() as client:
        made = await _on_site(here, product)
        await here.create(attrs.evolve(product, site_id=NEW))

        with pytest.raises(APIError) as caught:
            await client.product_instances.assign_to_site(_id(made), site_id=NEW)

        assert ("old_site", OLD) == (caught.value.site_state, await _site(here))


@in_jumping_time
async def test_an_assign_that_was_refused_may_leave_the_instance_floating(
    product: Product,
) -> None:
    async with world(failed_assign="unassigns") as here, here.client() as client:
        made = await _on_site(here, product)
        await here.create(attrs.evolve(product, site_id=NEW))

        with pytest.raises(APIError) as caught:
            await client.product_instances.assign_to_site(_id(made), site_id=NEW)

        assert ("floating", None) == (caught.value.site_state, await _site(here))


@in_jumping_time
async def test_an_assign_that_broke_half_way_leaves_the_instance_floating(
    product: Product,
) -> None:
    async with world() as here, here.client() as client:
        made = await _on_site(here, product)
        await here.fault("empty_500", operation="assignProductInstanceToSite", when="half_way")

        with pytest.raises(OutcomeUnknownError) as caught:
            await client.product_instances.assign_to_site(_id(made), site_id=NEW)

        assert ("floating", None) == (caught.value.site_state, await _site(here))


@in_jumping_time
async def test_an_assign_that_got_lost_leaves_the_instance_on_its_old_site(
    product: Product,
) -> None:
    async with world() as here, here.client() as client:
        made = await _on_site(here, product)
        await here.fault("drop_before_commit", operation="assignProductInstanceToSite")

        with pytest.raises(OutcomeUnknownError) as caught:
            await client.product_instances.assign_to_site(_id(made), site_id=NEW)

        assert ("old_site", OLD) == (caught.value.site_state, await _site(here))


@in_jumping_time
async def test_an_assign_that_arrives_while_it_is_looked_for_is_on_its_new_site(
    product: Product,
) -> None:
    async with world() as here, here.client() as client:
        made = await _on_site(here, product)
        await here.fault(
            "status",
            operation="assignProductInstanceToSite",
            when="after_commit",
            status=428,
            code="PRODUCT_LIMIT_EXCEEDED",
        )

        with pytest.raises(APIError) as caught:
            await client.product_instances.assign_to_site(_id(made), site_id=NEW)

        assert ("new_site", NEW) == (caught.value.site_state, await _site(here))


@in_jumping_time
async def test_where_the_instance_is_stays_unknown_if_it_cannot_be_read(product: Product) -> None:
    async with world() as here, here.client() as client:
        made = await _on_site(here, product)
        await here.fault("drop_after_commit", times=None)

        with pytest.raises(OutcomeUnknownError) as caught:
            await client.product_instances.assign_to_site(_id(made), site_id=NEW)

        assert ("unknown", NEW) == (caught.value.site_state, await _site(here))


def _id(package: Package) -> str:
    return package.product_instances[0].instance_id


async def _site(here: World) -> str | None:
    await here.clear_faults()
    return (await here.packages())[0].product_instances[0].site_id
