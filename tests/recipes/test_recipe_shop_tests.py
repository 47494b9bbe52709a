"""The suite of the shop in the recipe is green, and every mistake in the shop turns it red."""

from __future__ import annotations

import re

import pytest
from recipes import Recipe

RECIPE = "shop-tests"

# What somebody might do to the shop, and the tests that notice it.
MISTAKES = {
    "it creates without looking": (
        "packages.ensure(",
        "packages.create(",
        {"second_click_sells_nothing_again", "outage_sells_nothing_and_says_so"},
    ),
    "it asks customers to order again when nobody knows": (
        "        return WAIT\n    except errors.Failed",
        "        return NOT_ORDERED\n    except errors.Failed",
        {"nobody_orders_again_while_nobody_knows"},
    ),
    "it gives each click an id of its own": (
        "external_id=order_id",
        "external_id=__import__('uuid').uuid4().hex",
        {
            "customer_gets_what_was_paid_for",
            "second_click_sells_nothing_again",
            "nobody_orders_again_while_nobody_knows",
            "slow_delivery_is_waited_for_in_no_time",
            "order_that_is_given_back_is_canceled",
        },
    ),
    "it forgets the site": (
        "        site_id=site_id,\n",
        "",
        {"customer_gets_what_was_paid_for", "site_with_a_plan_gets_no_second_one"},
    ),
    "it loses patience": (
        "        wix.packages.wait_until_settled(package.id)\n",
        "        wix.packages.wait_until_settled(package.id, deadline=60.0)\n",
        {"slow_delivery_is_waited_for_in_no_time"},
    ),
    "it keeps what was given back": (
        "        wix.packages.cancel(package.id)\n",
        "        pass\n",
        {"order_that_is_given_back_is_canceled"},
    ),
    "it crashes in an outage": (
        "(errors.TransportError, errors.ServerError)",
        "errors.TransportError",
        {"outage_sells_nothing_and_says_so"},
    ),
}


def test_what_the_page_says(recipe: Recipe) -> None:
    recipe.follow_page()

    assert [] == recipe.emulator.requests()  # the suite brings its own


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_suite_notices_a_mistake(recipe: Recipe, mistake: str) -> None:
    right, wrong, noticed_by = MISTAKES[mistake]
    shop = recipe.folder / "shop.py"
    text = shop.read_text()
    assert 1 == text.count(right)
    shop.write_text(text.replace(right, wrong))
    suite = recipe.run("pytest -q")

    failed = re.findall(r"^FAILED test_shop.py::test_an?_?(\w+)", suite.stdout, re.MULTILINE)
    failed += re.findall(r"^FAILED test_shop.py::test_(nobody\w+)", suite.stdout, re.MULTILINE)
    assert noticed_by == set(failed), suite.stdout
