"""The Starlette recipe answers fast, and never sells an order twice."""

from __future__ import annotations

from recipe_shops import BASIC, ORDER, lose_an_answer, order_twice, throttle
from recipes import Recipe

RECIPE = "starlette"


def test_what_the_page_says(recipe: Recipe) -> None:
    recipe.follow_page()

    assert 2 == recipe.asked("queryPackages")
    assert ["1001"] == recipe.sold()


def test_an_order_that_comes_twice_is_sold_once(recipe: Recipe) -> None:
    order_twice(recipe, "uvicorn")


def test_a_throttled_shop_refuses_at_once_and_leaves_wix_alone(recipe: Recipe) -> None:
    throttle(recipe, "uvicorn")


def test_an_answer_that_is_lost_leads_to_where_to_look_and_to_no_second_package(
    recipe: Recipe,
) -> None:
    lose_an_answer(recipe, "uvicorn")


def test_what_wix_refuses_is_told_with_its_code(recipe: Recipe) -> None:
    recipe.emulator.add_fault(
        "status", operation="createPackageV2", status=428, code="PRODUCT_LIMIT_EXCEEDED"
    )
    with recipe.serve("uvicorn") as shop:
        refused = shop.ask("PUT", ORDER, BASIC)

    assert (422, "PRODUCT_LIMIT_EXCEEDED") == (refused.status, refused.json["detail"])
    assert [] == recipe.sold()
