"""Whatever stands for a key where any key is taken: answers say what the server said."""

from __future__ import annotations

import pytest

from wixreseller import AsyncClient, Product
from wixreseller.emulator import Emulator
from wixreseller.emulator.default_seed import SUB_ACCOUNTS
from wixreseller.testing import AsyncEmulatorControl

ACCOUNT = SUB_ACCOUNTS[0]


@pytest.mark.parametrize("key", ["k", "id", "test", "package", "a-"])
async def test_a_key_that_is_an_ordinary_word_takes_no_word_out_of_an_answer(
    key: str, product: Product
) -> None:
    name = f"{key}-sub-42"
    async with Emulator(rate_limit="off", loose=True) as emulator:
        client = AsyncClient(
            api_key=key, account_id=ACCOUNT, base_url=emulator.url, rate_limit=None
        )
        async with client:
            made = await client.packages.create([product], external_id=name)
            found = await client.packages.query().collect()
            again = await client.packages.ensure([product], external_id=name)
        (request, *_) = await AsyncEmulatorControl(emulator.url).requests()

    assert [(made.id, name)] == [(package.id, package.external_id) for package in found]
    assert (name, made.id) == (made.external_id, again.package.id)
    assert name == request.external_id
