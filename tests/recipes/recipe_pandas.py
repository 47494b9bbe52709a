"""The report of the pandas recipe counts what there is, and changes nothing."""

from __future__ import annotations

from recipes import Recipe

RECIPE = "pandas"


def test_what_the_page_says(recipe: Recipe) -> None:
    recipe.follow_page()

    assert ["sub-1", "sub-2", "sub-3", "sub-4", "sub-5"] == recipe.sold()


def test_a_report_on_nothing_says_so_and_only_reads(recipe: Recipe) -> None:
    report = recipe.run("python report.py")

    assert (0, "nothing sold yet\n", "") == (report.returncode, report.stdout, report.stderr)
    assert ["queryPackages"] == [request.operation for request in recipe.emulator.requests()]


def test_a_page_that_fails_once_is_read_again_and_nothing_counts_twice(recipe: Recipe) -> None:
    recipe.emulator.change_settings(delivery_seconds=0.0)
    sold = recipe.run("wixreseller provision run orders.csv")
    whole = recipe.run("python report.py")
    recipe.emulator.add_fault("truncate", operation="queryPackages")
    interrupted = recipe.run("python report.py")

    assert 0 == sold.returncode
    assert "Premium Basic                0        3       0\n" in whole.stdout
    assert (0, whole.stdout) == (interrupted.returncode, interrupted.stdout)
