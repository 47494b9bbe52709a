"""An order of before, which Wix knows by its key, is told as it is now and not as it was made."""

from __future__ import annotations

from pathlib import Path

import pytest
from bulk_journals import LoopJournal
from bulk_orders import BASIC, carry_out, new_client, order, orders, the, words
from safety_client import world
from safety_time import in_jumping_time

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


@in_jumping_time
async def test_what_the_run_sold_itself_did_not_fail_though_it_was_renamed_since(
    tmp_path: Path,
) -> None:
    async with (
        world(visibility_lag_seconds=600.0, consistency_token="ignored") as here,
        LoopJournal(tmp_path / "j") as journal,
    ):
        await here.fault("drop_after_commit", operation="createPackageV2")
        async with here.client() as client:
            assert {"unknown": 1} == words(await carry_out(client, orders(1), journal=journal))
        await here.sleep(3600.0)
        (made,) = await here.packages()
        async with here.client() as client:
            await client.packages.update_external_id(made.id, external_id="renamed")
            await here.sleep(3600.0)
            told = await carry_out(client, orders(1), journal=journal, resend_absent=True)
        assert ("created", made.id) == (told["sub-0"].outcome, told["sub-0"].package_id)
        assert 1 == await here.committed("createPackageV2")


@in_jumping_time
async def test_an_order_of_before_that_no_read_shows_yet_is_existing() -> None:
    async with (
        world(visibility_lag_seconds=600.0, consistency_token="ignored") as here,
        here.client() as first,
        here.client() as second,
    ):
        assert {"created": 1} == words(await carry_out(first, orders(1, BASIC)))
        await here.sleep(60.0)
        await here.fault("status", status=404, operation="getPackage", times=None)
        assert {"existing": 1} == words(await carry_out(second, orders(1, BASIC)))
        assert 1 == await here.committed("createPackageV2")
