"""The looks before orders are sent: a hundred at a time, in many accounts, past any page."""

from __future__ import annotations

import pytest
from bulk_orders import ACCOUNT, BASIC, Wire, carry_out, new_client, order, orders, the, words

from wixreseller import AsyncClient, RetryPolicy
from wixreseller.bulk import Failed
from wixreseller.emulator import Emulator
from wixreseller.emulator.default_seed import PARENT_ACCOUNT, SUB_ACCOUNTS

NOBODY = "a0000000-0000-4000-8000-0000000000ff"


async def test_one_look_serves_orders_of_many_accounts_their_ids_in_any_case(
    client: AsyncClient, wire: Wire
) -> None:
    accounts = [PARENT_ACCOUNT, *SUB_ACCOUNTS, SUB_ACCOUNTS[1].upper()]
    asked = [order(f"sub-{n}", account_id=account) for n, account in enumerate(accounts)]
    created = await carry_out(client, asked)
    assert {"created": 5} == words(created)
    assert 1 == wire.sent["query"]
    existing = await carry_out(client, asked)
    assert {"existing": 5} == words(existing)
    assert 2 == wire.sent["query"]
    owners = {
        package.external_id: package.account_id
        for package in await client.for_account(PARENT_ACCOUNT).packages.query().collect()
    }
    assert (
        owners.items()
        <= {f"sub-{number}": account.lower() for number, account in enumerate(accounts)}.items()
    )


async def test_the_same_external_id_in_two_accounts_is_two_orders(client: AsyncClient) -> None:
    await client.packages.create([BASIC], external_id="same")
    other = order("same", account_id=SUB_ACCOUNTS[1])
    assert {"created": 1} == words(await carry_out(client, [other]))
    assert {"existing": 1} == words(await carry_out(client, [order("same")]))


async def test_an_order_of_an_account_that_does_not_exist_fails_alone(
    client: AsyncClient,
) -> None:
    outcomes = await carry_out(client, [order("lost", account_id=NOBODY), *orders(3)])
    assert {"failed": 1, "created": 3} == words(outcomes)
    assert "ACCOUNT_NOT_FOUND" == the(Failed, outcomes["lost"]).code


async def test_a_look_that_finds_more_than_a_page_reads_on(client: AsyncClient, wire: Wire) -> None:
    names = [f"sub-{number}" for number in range(60)]
    for external_id in [*names, *names]:
        await client.packages.create([BASIC], external_id=external_id)
    wire.sent.clear()
    outcomes = await carry_out(client, orders(61))
    assert {"failed": 60, "created": 1} == words(outcomes)
    assert {"2 packages have"} == {the(Failed, outcomes[name]).message[:15] for name in names}
    assert 1 == wire.sent["packages"]


async def test_what_this_process_made_a_moment_ago_is_waited_for(emulator: Emulator) -> None:
    emulator.settings = emulator.settings.with_values({"visibility_lag_seconds": 0.3})
    retry = RetryPolicy(settle_window=0.6)
    async with new_client(emulator, retry=retry) as client:
        await client.packages.create([BASIC], external_id="sub-0")
        outcomes = await carry_out(client, orders(2))
    assert ("existing", "created") == (outcomes["sub-0"].outcome, outcomes["sub-1"].outcome)


@pytest.mark.parametrize("external_id", ["a/b", "ä ö", "O'Brien", '"quoted"', "x" * 100, "%2F"])
async def test_an_external_id_may_hold_anything(client: AsyncClient, external_id: str) -> None:
    assert {"created": 1} == words(await carry_out(client, [order(external_id)]))
    outcomes = await carry_out(client, [order(external_id)])
    assert {"existing": 1} == words(outcomes)
    assert [external_id] == [*outcomes]
    assert ACCOUNT == outcomes[external_id].account_id
