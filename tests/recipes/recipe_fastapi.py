"""The FastAPI recipe answers fast, and never sells an order twice."""

from __future__ import annotations

from recipe_shops import BASIC, ORDER, lose_an_answer, throttle
from recipes import ACCOUNT, Recipe

from wixreseller.emulator.default_seed import SUB_ACCOUNTS

RECIPE = "fastapi"


def test_what_the_page_says(recipe: Recipe) -> None:
    recipe.follow_page()

    assert ["1001", "1002"] == recipe.sold()


def test_an_order_that_comes_twice_is_sold_once(recipe: Recipe) -> None:
    with recipe.serve("uvicorn") as shop:
        answers = [shop.ask("PUT", ORDER, BASIC) for _ in range(2)]

    assert [201, 200] == [answer.status for answer in answers]
    assert answers[0].json["package"] == answers[1].json["package"]
    assert ["1001"] == recipe.sold()


def test_what_is_delivered_in_the_background_costs_no_request_to_look_at(recipe: Recipe) -> None:
    recipe.emulator.change_settings(delivery_seconds=3600.0)
    with recipe.serve("uvicorn") as shop:
        sold = shop.ask("PUT", ORDER, BASIC)
        recipe.emulator.advance(3600.0)
        shop.service.wait_for("order 1001 is delivered")
        asked = len(recipe.emulator.requests())
        seen = shop.ask("GET", ORDER)
        by_another = shop.ask("GET", ORDER.replace(ACCOUNT, SUB_ACCOUNTS[1]))

    assert ["PENDING"] == sold.json["states"]
    assert ["ENABLED"] == seen.json["states"]
    assert 404 == by_another.status
    assert asked + 1 == len(recipe.emulator.requests())  # that of the other customer


def test_a_shop_that_is_stopped_waits_for_no_delivery(recipe: Recipe) -> None:
    recipe.emulator.freeze()
    with recipe.serve("uvicorn") as shop:
        assert 201 == shop.ask("PUT", ORDER, BASIC).status

    assert "is delivered" not in "".join(shop.service.log)


def test_a_delivery_that_fails_is_logged_and_ends_nothing(recipe: Recipe) -> None:
    with recipe.serve("uvicorn") as shop:
        sold = shop.ask("PUT", ORDER, BASIC)
        recipe.emulator.add_fault("status", operation="getPackage", status=404, times=None)
        shop.service.wait_for("order 1001 is sold, and not delivered")
        recipe.emulator.clear_faults()

        assert 201 == sold.status
        assert 200 == shop.ask("GET", ORDER).status


def test_a_shop_that_is_faster_than_wix_allows_says_when_to_come_back(recipe: Recipe) -> None:
    with recipe.serve("uvicorn") as shop:
        looks = {shop.ask("GET", ORDER).status for _ in range(200)}
        refused = shop.ask("PUT", ORDER, BASIC)

    assert {404} == looks
    assert 503 == refused.status
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert 200 == recipe.asked("queryPackages")
    assert [] == recipe.sold()


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
        sold = shop.ask("PUT", ORDER, BASIC)
        other = shop.ask("PUT", ORDER, {"plan": "unlimited"})

    assert (422, "PRODUCT_LIMIT_EXCEEDED") == (refused.status, refused.json["detail"])
    assert [201, 409] == [sold.status, other.status]
    assert ["1001"] == recipe.sold()
