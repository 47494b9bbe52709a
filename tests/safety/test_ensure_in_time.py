"""`ensure` with too little time to look says what may have happened, and keeps to its deadline."""

from __future__ import annotations

import asyncio

import pytest
from safety_client import world
from safety_time import in_jumping_time

from wixreseller import OutcomeUnknownError, Product, errors

NAME = "sub-1"


@pytest.mark.parametrize("key_mode", ["replay", "conflict", "ignore"])
@in_jumping_time
async def test_an_order_that_may_be_sold_is_not_said_to_be_unsold_when_there_is_no_time_to_look(
    product: Product, key_mode: str
) -> None:
    async with (
        world(
            visibility_lag_seconds=600.0, consistency_token="absent", idempotency_mode=key_mode
        ) as here,
        here.client(deadline=5.0) as client,
    ):
        await here.fault("drop_after_commit", operation="createPackageV2")
        with pytest.raises(OutcomeUnknownError) as first:
            await client.packages.ensure([product], external_id=NAME)
        loop = asyncio.get_running_loop()
        began = loop.time()

        with pytest.raises(OutcomeUnknownError, match="sent a moment ago") as again:
            await client.packages.ensure([product], external_id=NAME)

        assert loop.time() - began <= 5.0
        assert first.value.idempotency_key == again.value.idempotency_key
        assert 1 == await here.committed("createPackageV2")


@pytest.mark.parametrize("lookup", ["shows nothing", "fails"])
@in_jumping_time
async def test_an_order_that_the_server_knows_is_not_said_to_be_unsold_by_a_look(
    product: Product, lookup: str
) -> None:
    async with world(
        visibility_lag_seconds=600.0, consistency_token="absent", idempotency_mode="conflict"
    ) as here:
        async with here.client() as first:
            await first.packages.ensure([product], external_id=NAME)
        await here.sleep(60.0)
        if lookup == "fails":
            await here.fault("status", status=503, operation="queryPackages", nth=2, times=None)

        async with here.client(deadline=5.0) as second:
            with pytest.raises(OutcomeUnknownError, match="one that it had before"):
                await second.packages.ensure([product], external_id=NAME)

        assert 1 == await here.committed("createPackageV2")


@in_jumping_time
async def test_another_order_of_the_name_was_not_sent_when_there_is_no_time_to_look(
    product: Product,
) -> None:
    async with (
        world(visibility_lag_seconds=600.0, consistency_token="absent") as here,
        here.client(deadline=5.0) as client,
    ):
        await here.fault("drop_after_commit", operation="createPackageV2")
        with pytest.raises(OutcomeUnknownError):
            await client.packages.create([product], external_id=NAME)

        with pytest.raises(errors.RequestTimeoutError, match="nothing was sent for this order"):
            await client.packages.ensure([product], external_id=NAME)

        assert 1 == await here.committed("createPackageV2")


@in_jumping_time
async def test_what_was_lost_for_certain_is_sold_by_orders_that_have_little_time(
    product: Product,
) -> None:
    async with world() as here, here.client(deadline=5.0) as client:
        await here.fault("drop_before_commit", operation="createPackageV2")
        for _ in range(2):
            with pytest.raises(OutcomeUnknownError):
                await client.packages.ensure([product], external_id=NAME)
        await here.sleep(10.0)

        assert "created" == (await client.packages.ensure([product], external_id=NAME)).outcome
        assert 1 == await here.committed("createPackageV2")
