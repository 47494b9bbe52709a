"""What a server says of a known key is not taken for what became of the order."""

from __future__ import annotations

import pytest
from safety_client import world
from safety_time import in_jumping_time

from wixreseller import OutcomeUnknownError, Product
from wixreseller.errors import ConflictError
from wixreseller.reconcile import NotSeen


@in_jumping_time
async def test_ensure_does_not_deny_an_order_that_the_server_knows_and_does_not_show(
    product: Product,
) -> None:
    settings = {"idempotency_mode": "conflict", "consistency_token": "ignored"}
    async with world(visibility_lag_seconds=60.0, **settings) as here, here.client() as client:
        await here.fault("drop_after_commit", operation="createPackageV2")
        with pytest.raises(OutcomeUnknownError) as first:
            await client.packages.ensure([product], external_id="sub-1")

        with pytest.raises(OutcomeUnknownError) as again:
            await client.packages.ensure([product], external_id="sub-1")
        await here.sleep(60.0)
        ensured = await client.packages.ensure([product], external_id="sub-1")

        assert (409, "sub-1") == (again.value.status, again.value.external_id)
        assert first.value.idempotency_key == again.value.idempotency_key
        assert first.value.sent_at == again.value.sent_at
        assert isinstance(again.value.__cause__, ConflictError)
        assert ("existing", [ensured.package]) == (ensured.outcome, await here.packages())


@in_jumping_time
async def test_an_unknown_create_stays_a_rival_when_sending_it_again_fails(
    product: Product,
) -> None:
    async with (
        world(idempotency_mode="conflict") as here,
        here.client(if_unknown="raise") as client,
    ):
        await here.fault("drop_after_commit", operation="createPackageV2")
        with pytest.raises(OutcomeUnknownError) as first:
            await client.packages.create([product], external_id="sub-1")
        with pytest.raises(ConflictError):
            await client.packages.create(
                [product], external_id="sub-1", idempotency_key=first.value.idempotency_key
            )
        await here.fault("drop_before_commit", operation="createPackageV2")
        with pytest.raises(OutcomeUnknownError) as other:
            await client.packages.create([product], external_id="sub-1")

        seen = await client.resolve(other.value)

        assert NotSeen("another create of the same external id may have made the package") == seen
        assert 1 == await here.committed("createPackageV2")
