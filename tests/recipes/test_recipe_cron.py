"""The cron recipe tells what went wrong, once, and is quiet otherwise."""

from __future__ import annotations

import fcntl
from subprocess import CompletedProcess

from recipes import Recipe

from wixreseller import BillingInfo, Client, Product
from wixreseller.emulator.default_seed import UNLUCKY_ADDON

RECIPE = "cron"
UNLUCKY = Product(
    catalog_product_id=UNLUCKY_ADDON, country_code="BR", billing_info=BillingInfo.one_time()
)


def watch(recipe: Recipe) -> CompletedProcess[str]:
    return recipe.run("python watch.py")


def sell_what_fails(recipe: Recipe, external_id: str) -> None:
    settings = recipe.environment
    recipe.emulator.change_settings(delivery_seconds=0.0)
    with Client(
        api_key=settings["WIX_API_KEY"],
        account_id=settings["WIX_ACCOUNT_ID"],
        base_url=recipe.emulator.url,
    ) as client:
        client.packages.create([UNLUCKY], external_id=external_id)


def test_what_the_page_says(recipe: Recipe) -> None:
    recipe.follow_page()

    assert ["sub-7"] == recipe.sold()


def test_what_could_not_be_told_is_told_by_the_next_run(recipe: Recipe) -> None:
    sell_what_fails(recipe, "sub-1")
    recipe.emulator.add_fault("status", status=503, operation="queryPackages", times=None)
    outage = watch(recipe)
    recipe.emulator.clear_faults()
    later = watch(recipe)

    assert (75, "") == (outage.returncode, outage.stdout)
    assert "error: ServerError" in outage.stderr
    assert (1, "sub-1: FAILED (EXTERNAL_FAILURE)\n", "") == (
        later.returncode,
        later.stdout,
        later.stderr,
    )


def test_a_run_that_finds_another_one_at_work_asks_wix_nothing(recipe: Recipe) -> None:
    with (recipe.folder / "watch.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        busy = watch(recipe)
    asked = len(recipe.emulator.requests())
    free = watch(recipe)

    assert (75, "", "the run before is still at it\n") == (
        busy.returncode,
        busy.stdout,
        busy.stderr,
    )
    assert 0 == asked
    assert (0, "", "") == (free.returncode, free.stdout, free.stderr)


def test_what_was_told_before_the_token_could_be_stored_is_told_again(recipe: Recipe) -> None:
    sell_what_fails(recipe, "sub-1")
    in_the_way = recipe.folder / "changes.new"
    in_the_way.mkdir()
    broken = watch(recipe)
    in_the_way.rmdir()
    again = watch(recipe)

    assert 0 != broken.returncode
    assert ["sub-1: FAILED (EXTERNAL_FAILURE)\n"] * 2 == [broken.stdout, again.stdout]


def test_a_wrong_key_is_told_apart_from_an_outage(recipe: Recipe) -> None:
    wrong = recipe.run("python watch.py", WIX_API_KEY="EMU.wrong")
    none = recipe.run("python watch.py", WIX_API_KEY="")

    assert [78, 78] == [wrong.returncode, none.returncode]
    assert "WIX_API_KEY" in none.stderr
    assert "Traceback" not in wrong.stderr + none.stderr
