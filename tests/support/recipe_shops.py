"""Tell the stories that end the same in every web shop among the recipes."""

from __future__ import annotations

from typing import Final

from recipes import ACCOUNT, Recipe

__all__ = ["BASIC", "ORDER", "lose_an_answer", "order_twice", "throttle"]

ORDER: Final = f"/customers/{ACCOUNT}/orders/1001"
BASIC: Final = {"plan": "basic"}


def order_twice(recipe: Recipe, program: str) -> None:
    """Order twice what is sold, and once each what cannot be: one package, and clear answers."""
    with recipe.serve(program) as shop:
        none = shop.ask("GET", ORDER)
        answers = [shop.ask("PUT", ORDER, BASIC) for _ in range(2)]
        golden = shop.ask("PUT", f"{ORDER}0", {"plan": "golden"})
        endless = shop.ask("PUT", ORDER + "0" * 100, BASIC)

    every = (none, *answers, golden, endless)
    assert [404, 201, 200, 422, 400] == [answer.status for answer in every]
    assert answers[0].json["package"] == answers[1].json["package"]
    assert ["1001"] == recipe.sold()


def throttle(recipe: Recipe, program: str) -> None:
    """Let Wix throttle: the shop refuses at once, says until when, and leaves Wix alone."""
    recipe.emulator.add_fault("status", status=429, headers={"Retry-After": "30"})
    with recipe.serve(program) as shop:
        answers = [shop.ask("PUT", ORDER, BASIC) for _ in range(3)]

    assert [503] * 3 == [answer.status for answer in answers]
    assert all(25 <= int(answer.headers["Retry-After"]) <= 40 for answer in answers)
    assert 1 == len(recipe.emulator.requests())


def lose_an_answer(recipe: Recipe, program: str) -> None:
    """Lose the answer to a create: the shop says where to look, and makes no second package."""
    fault = recipe.emulator.add_fault("drop_after_commit", operation="createPackageV2")
    recipe.emulator.change_settings(visibility_lag_seconds=600.0, consistency_token="absent")
    with recipe.serve(program) as shop:
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
