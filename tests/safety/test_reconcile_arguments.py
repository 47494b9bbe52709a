"""Whatever an order was written with, a lost answer is looked for, and never another error."""

from __future__ import annotations

import enum
from collections.abc import Callable

import attrs
import pytest
from safety_client import ACCOUNT, world
from safety_time import in_jumping_time

from wixreseller import BillingInfo, CycleUnit, OutcomeUnknownError, Product, _writes
from wixreseller.emulator.default_seed import PREMIUM_UNLIMITED, SITES

SITE = SITES[ACCOUNT][0]


class Plan(enum.StrEnum):
    """Be the names that a shop gave to what it sells."""

    PREMIUM = PREMIUM_UNLIMITED


class Country(enum.StrEnum):
    """Be where it sells."""

    BRAZIL = "BR"


class Text(str):
    """Be what some parsers give."""

    __slots__ = ()


class Count(int):
    """Be what some parsers give."""


WRITTEN: dict[str, Callable[[Product], Product]] = {
    "a catalogue of names": lambda order: attrs.evolve(order, catalog_product_id=Plan.PREMIUM),
    "a list of countries": lambda order: attrs.evolve(order, country_code=Country.BRAZIL),
    "text of its own": lambda order: attrs.evolve(order, site_id=Text(SITE)),
    "numbers of its own": lambda order: attrs.evolve(
        order, billing_info=BillingInfo.recurring(Count(1), CycleUnit.MONTH)
    ),
}


@pytest.mark.parametrize("written", WRITTEN)
@in_jumping_time
async def test_a_create_that_happened_is_proven_whatever_it_was_written_with(
    written: str, product: Product
) -> None:
    async with world() as here, here.client() as client:
        await client.packages.query().collect()  # which tells how far the server's clock is off
        await here.fault("drop_after_commit", operation="createPackageV2")

        package = await client.packages.create([WRITTEN[written](product)], external_id="sub-1")

        assert [package] == await here.packages()


@in_jumping_time
async def test_no_error_of_a_look_hides_that_the_outcome_is_unknown(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise ValueError("a fault of ours")

    monkeypatch.setattr(_writes, "look", broken)
    async with world() as here, here.client() as client:
        await here.fault("drop_after_commit", operation="createPackageV2")

        with pytest.raises(OutcomeUnknownError):
            await client.packages.create([product], external_id="sub-1")
