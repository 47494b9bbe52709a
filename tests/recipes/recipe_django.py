"""The Django recipe sells once, under WSGI and under ASGI, and its processes share one limit."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from recipe_shops import BASIC, ORDER, lose_an_answer, order_twice
from recipes import Recipe, Server

RECIPE = "django"


def look(shop: Server) -> int:
    return shop.ask("GET", ORDER).status


both_ways = pytest.mark.parametrize("server", ["gunicorn", "uvicorn"])


def test_what_the_page_says(recipe: Recipe) -> None:
    recipe.follow_page()

    assert ["1001"] == recipe.sold()


@both_ways
def test_an_order_that_comes_twice_is_sold_once(recipe: Recipe, server: str) -> None:
    order_twice(recipe, server)


@both_ways
def test_a_delivery_is_waited_for(recipe: Recipe, server: str) -> None:
    with recipe.serve(server) as shop:
        sold = shop.ask("PUT", ORDER, BASIC)
        settled = shop.ask("GET", f"{ORDER}/delivery")

    assert ["PENDING"] == sold.json["states"]
    assert ["ENABLED"] == settled.json["states"]


@both_ways
def test_an_answer_that_is_lost_leads_to_where_to_look_and_to_no_second_package(
    recipe: Recipe, server: str
) -> None:
    lose_an_answer(recipe, server)


def test_all_processes_together_keep_to_one_limit(recipe: Recipe) -> None:
    with recipe.serve("gunicorn") as wsgi, recipe.serve("uvicorn") as asgi:
        shops = [wsgi, wsgi, asgi]
        with ThreadPoolExecutor(3) as visitors:
            looks = list(visitors.map(look, shops * 66 + shops[:2]))
        refused = [shop.ask("PUT", ORDER, BASIC) for shop in shops]

    assert {404} == set(looks)
    assert [503] * 3 == [answer.status for answer in refused]
    assert all(1 <= int(answer.headers["Retry-After"]) <= 60 for answer in refused)
    assert 200 == recipe.asked("queryPackages")
    assert [] == recipe.sold()
