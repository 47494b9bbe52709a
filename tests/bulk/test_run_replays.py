"""An order of before, which Wix knows by its key, is told as it is now and not as it was made."""

from __future__ import annotations

import pytest
from bulk_orders import carry_out, new_client, order, the

from wixreseller import RetryPolicy
from wixreseller.bulk import Failed, Ok
from wixreseller.emulator import Emulator


@pytest.mark.parametrize("is_canceled", [False, True], ids=["alive", "canceled"])
async def test_an_order_whose_package_was_renamed_is_not_said_to_be_created_again(
    emulator: Emulator, is_canceled: bool
) -> None:
    async with new_client(emulator, retry=RetryPolicy(settle_window=0.1)) as client:
        first = await carry_out(client, [order("sub-1")])
        package_id = the(Ok, first["sub-1"]).package_id
        if is_canceled:
            await client.packages.cancel(package_id)
        await client.packages.update_external_id(package_id, external_id="old")

        again = the(Failed, (await carry_out(client, [order("sub-1")]))["sub-1"])

        assert ("EXTERNAL_ID_CONFLICT", package_id) == (again.code, again.package_id)
        assert "whose external id is 'old' by now; it was not sold again" in (again.message or "")
        assert ["old"] == [package.external_id async for package in client.packages.query()]
