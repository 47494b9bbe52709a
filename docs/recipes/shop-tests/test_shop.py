"""What the shop promises, tried against an emulator of Wix: nothing is mocked."""

from collections.abc import Iterator

import pytest
from wixreseller import Client, Status
from wixreseller.emulator.default_seed import SITES
from wixreseller.testing import FastTime, WixEmulator

import shop

# `wix_emulator` and `fast_time` come with wixreseller: there is nothing to set up. Each
# test has a world of its own, and the real Wix is out of reach meanwhile.


@pytest.fixture
def wix(wix_emulator: WixEmulator, fast_time: FastTime) -> Iterator[Client]:
    """Give the client that the shop uses. It never waits: time jumps instead."""
    # A client keeps the clock that it was made with, so `fast_time` comes before it.
    # WIX_API_KEY and the like are set by `wix_emulator`.
    with Client() as client:
        yield client


@pytest.fixture
def site(wix_emulator: WixEmulator) -> str:
    """Give a site of the customer's."""
    return SITES[wix_emulator.account_id][0]


def test_a_customer_gets_what_was_paid_for(wix: Client, site: str):
    assert shop.buy(wix, "1001", site) == shop.THANKS
    assert shop.deliver(wix, "1001") == shop.READY

    (package,) = wix.packages.query()
    (plan,) = package.product_instances
    assert (package.external_id, plan.site_id) == ("1001", site)
    assert plan.catalog_product_id == shop.PREMIUM_BASIC


def test_a_second_click_sells_nothing_again(wix: Client, site: str):
    assert shop.buy(wix, "1001", site) == shop.THANKS
    assert shop.buy(wix, "1001", site) == shop.THANKS
    assert len(wix.packages.query().collect()) == 1


def test_an_answer_that_is_lost_sells_once(
    wix: Client, site: str, wix_emulator: WixEmulator
):
    control = wix_emulator.control
    control.add_fault("drop_after_commit", operation="createPackageV2")
    assert shop.buy(wix, "1001", site) == shop.THANKS
    assert len(control.requests(operation="createPackageV2")) == 1


def test_nobody_orders_again_while_nobody_knows(
    wix: Client, site: str, wix_emulator: WixEmulator
):
    control = wix_emulator.control
    control.change_settings(visibility_lag_seconds=600)  # queries show it much later
    control.add_fault("drop_after_commit", operation="createPackageV2")
    assert shop.buy(wix, "1001", site) == shop.WAIT

    control.advance(600)
    assert shop.deliver(wix, "1001") == shop.READY
    assert len(control.requests(operation="createPackageV2")) == 1


def test_an_outage_sells_nothing_and_says_so(
    wix: Client, site: str, wix_emulator: WixEmulator
):
    fault = wix_emulator.control.add_fault("html_502", times=None)
    assert shop.buy(wix, "1001", site) == shop.NOT_ORDERED

    wix_emulator.control.remove_fault(fault)
    assert wix.packages.query().collect() == []


def test_a_site_with_a_plan_gets_no_second_one(wix: Client, site: str):
    shop.buy(wix, "1001", site)
    assert shop.buy(wix, "1002", site) == shop.HAS_ONE  # Wix's rule, which is emulated
    assert wix.packages.find("1002") is None


def test_a_slow_delivery_is_waited_for_in_no_time(
    wix: Client, site: str, wix_emulator: WixEmulator
):
    wix_emulator.control.change_settings(delivery_seconds=3000)
    assert shop.buy(wix, "1001", site) == shop.THANKS
    assert shop.deliver(wix, "1001") == shop.READY


def test_an_order_that_is_given_back_is_canceled(wix: Client, site: str):
    shop.buy(wix, "1001", site)
    shop.give_back(wix, "1001")
    (package,) = wix.packages.query()
    assert [plan.status for plan in package.product_instances] == [Status.CANCELED]
