"""The Starlette recipe answers fast, and never sells an order twice."""

from __future__ import annotations

from recipes import ACCOUNT, Recipe

RECIPE = "starlette"
ORDER = f"/customers/{ACCOUNT}/orders/1001"
BASIC = {"plan": "basic"}


def test_what_the_page_says(recipe: Recipe) -> None:
    recipe.follow_page()

    assert 2 == recipe.asked("queryPackages")
    assert ["1001"] == recipe.sold()


def test_an_order_that_comes_twice_is_sold_once(recipe: Recipe) -> None:
    with recipe.serve("uvicorn") as shop:
        none = shop.ask("GET", ORDER)
        answers = [shop.ask("PUT", ORDER, BASIC) for _ in range(2)]
        golden = shop.ask("PUT", f"{ORDER}0", {"plan": "golden"})
        endless = shop.ask("PUT", ORDER + "0" * 100, BASIC)

    every = (none, *answers, golden, endless)
    assert [404, 201, 200, 422, 400] == [answer.status for answer in every]
    assert answers[0].json["package"] == answers[1].json["package"]
    assert ["1001"] == recipe.sold()


def test_a_throttled_shop_refuses_at_once_and_leaves_wix_alone(recipe: Recipe) -> None:
    recipe.emulator.add_fault("status", status=429, headers={"Retry-After": "30"})
    with recipe.serve("uvicorn") as shop:
        answers = [shop.ask("PUT", ORDER, BASIC) for _ in range(3)]

    assert [503] * 3 == [answer.status for answer in answers]
    assert all(25 <= int(answer.headers["Retry-After"]) <= 40 for answer in answers)
    assert 1 == len(recipe.emulator.requests())


def test_an_answer_that_is_lost_leads_to_where_to_look_and_to_no_second_package(
    recipe: Recipe,
) -> None:
    fault = recipe.emulator.add_fault("drop_after_commit", operation="createPackageV2")
    recipe.emulator.change_settings(visibility_lag_seconds=600.0, consistency_token="absent")
    with recipe.serve("uvicorn") as shop:
        unknown = shop.ask("PUT", ORDER, BASIC)
        recipe.emulator.remove_fault(fault)
        recipe.emulator.change_settings(visibility_lag_seconds=0.0)
        seen = shop.ask("GET", unknown.headers["Location"])
        again = shop.ask("PUT", ORDER, BASIC)

    assert (202, ["UNKNOWN"]) == (unknown.status, unknown.json["states"])
    assert (200, "1001") == (seen.status, seen.json["order"])
    assert (200, seen.json["package"]) == (again.status, again.json["package"])
    assert 1 == recipe.asked("createPackageV2")
    assert ["1001"] == recipe.sold()


def test_what_wix_refuses_is_told_with_its_code(recipe: Recipe) -> None:
    recipe.emulator.add_fault(
        "status", operation="createPackageV2", status=428, code="PRODUCT_LIMIT_EXCEEDED"
    )
    with recipe.serve("uvicorn") as shop:
        refused = shop.ask("PUT", ORDER, BASIC)

    assert (422, "PRODUCT_LIMIT_EXCEEDED") == (refused.status, refused.json["detail"])
    assert [] == recipe.sold()
