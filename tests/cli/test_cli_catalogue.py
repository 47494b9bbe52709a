"""Names of products on the command line: where GUIDs are taken and where they are shown."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wixreseller.emulator.default_seed import DOMAIN, PREMIUM_BASIC, PREMIUM_UNLIMITED

Run = Callable[..., Any]

CATALOGUE = f"""
premium-yearly = {{product = "{PREMIUM_BASIC}", billing = "RECURRING", every = "1 YEAR"}}
premium-monthly = {{product = "{PREMIUM_BASIC}", billing = "RECURRING", every = "1 MONTH"}}
unlimited = {{product = "{PREMIUM_UNLIMITED}"}}
"""
MONTHLY = ("--billing-type", "RECURRING", "--cycle-unit", "MONTH", "--cycle-count", "1")


@pytest.fixture
def catalogue(tmp_path: Path) -> str:
    path = tmp_path / "names.toml"
    path.write_text(CATALOGUE)
    return str(path)


@pytest.fixture
def named(run: Run, catalogue: str) -> Run:
    """Run a command with the catalogue."""

    def run_named(*arguments: str, **options: Any) -> Any:
        return run("--catalogue", catalogue, *arguments, **options)

    return run_named


def create(run: Run, product: str, *more: str) -> Any:
    ran = run("packages", "create", "--product", product, "--country", "BR", *more, "--json")
    assert 0 == ran.code, ran.err
    return ran.json


def sold(package: Any) -> tuple[str, str]:
    (instance,) = package["productInstances"]
    return instance["catalogProductId"], instance["billingInfo"]["cycleDuration"]["unit"]


def test_create_takes_a_name_and_the_billing_that_comes_with_it(named: Run) -> None:
    assert (PREMIUM_BASIC, "YEAR") == sold(create(named, "premium-yearly"))
    assert (PREMIUM_BASIC, "MONTH") == sold(create(named, "premium-yearly", *MONTHLY))
    assert (PREMIUM_BASIC, "MONTH") == sold(create(named, PREMIUM_BASIC, *MONTHLY))


def test_the_catalogue_may_be_named_by_the_environment_and_an_option_wins(
    run: Run, catalogue: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WIXRESELLER_CATALOGUE", catalogue)
    create(run, "premium-yearly")
    other = tmp_path / "other.toml"
    other.write_text(f'basic = {{product = "{DOMAIN}"}}')
    arguments = ("packages", "create", "--product", "premium-yearly", "--country", "BR")
    refused = run("--catalogue", str(other), *arguments)
    assert (2, "") == (refused.code, refused.out)
    assert f"no product 'premium-yearly' in the catalogue {other}: it has basic" in refused.err


def test_create_takes_names_from_an_order_file(named: Run, tmp_path: Path) -> None:
    path = tmp_path / "order.csv"
    path.write_text("external_id,catalog_product_id,country_code\nx,premium-monthly,BR\n")
    created = named("packages", "create", "--order", str(path), "--json")
    assert (PREMIUM_BASIC, "MONTH") == sold(created.json)


def test_query_finds_a_product_by_its_name(named: Run) -> None:
    basic = create(named, "premium-yearly")
    create(named, "unlimited", *MONTHLY)
    found = named("packages", "query", "--product", "premium-monthly", "--json").records
    assert [basic["id"]] == [package["id"] for package in found]


def test_adjust_changes_to_the_product_and_billing_of_a_name(named: Run) -> None:
    package = create(named, "unlimited", *MONTHLY)
    (instance,) = package["productInstances"]
    adjusted = named(
        "instances", "adjust", instance["instanceId"], "--product", "premium-yearly", "--json"
    )
    assert (PREMIUM_BASIC, "YEAR") == sold(adjusted.json)


@pytest.mark.parametrize("width", [80, 140])
def test_tables_show_names_beside_or_in_place_of_guids(
    named: Run, run_terminal: Run, catalogue: str, width: int
) -> None:
    package = create(named, "premium-yearly", "--external-id", "sub-42")
    create(
        named,
        DOMAIN,
        "--external-id",
        "sub-43",
        *MONTHLY[:2],
        "--cycle-unit",
        "YEAR",
        "--cycle-count",
        "1",
    )
    one = run_terminal("--catalogue", catalogue, "packages", "get", package["id"], width=width)
    several = run_terminal("--catalogue", catalogue, "packages", "query", width=width)
    assert (0, 0) == (one.code, several.code)
    assert "premium-yearly" in one.out
    assert (width >= 120) == (PREMIUM_BASIC in one.out)
    assert ("premium-yearly" in several.out, PREMIUM_BASIC in several.out) == (True, False)
    assert DOMAIN in several.out
    lines = re.sub(r"\x1b\[[0-9;]*m", "", one.out + several.out).splitlines()
    assert max(len(line.rstrip()) for line in lines) <= width


def test_a_package_whose_instances_differ_shows_every_status_at_80_columns(
    named: Run, run_process: Run, tmp_path: Path
) -> None:
    path = tmp_path / "order.csv"
    row = "a,premium-monthly,BR\n"
    path.write_text("external_id,catalog_product_id,country_code\n" + row + row)
    package = named("packages", "create", "--order", str(path), "--json").json
    canceled = package["productInstances"][0]["instanceId"]
    assert 0 == named("instances", "cancel", canceled, "--yes").code
    shown = run_process("packages", "query", width=80).out
    assert "1 CANCELED" in shown
    assert "1 PENDING" in shown or "1 ENABLED" in shown


def test_without_a_catalogue_products_are_guids(run: Run) -> None:
    package = create(run, PREMIUM_BASIC, *MONTHLY)
    assert PREMIUM_BASIC in run("packages", "get", package["id"]).out
    assert run("packages", "query").out.endswith(f"\t{PREMIUM_BASIC}\n")


def test_a_catalogue_with_mistakes_is_refused_with_all_of_them_before_anything_is_sent(
    run: Run, tmp_path: Path, named: Run
) -> None:
    package = create(named, "premium-yearly")
    path = tmp_path / "bad.toml"
    path.write_text('a = {prodct = "x"}\nb = 7\n')
    ran = run("--catalogue", str(path), "packages", "cancel", package["id"], "--yes")
    assert (2, "") == (ran.code, ran.out)
    assert [
        "error: the catalogue has 3 problems:",
        f"  {path}: a.prodct: is not a key of a product; did you mean product?",
        f"  {path}: a.product: is missing: the GUID of the product at Wix",
        f'  {path}: b: must be a table like {{product = "GUID"}}, not 7',
    ] == ran.err.splitlines()
    found = run("packages", "get", package["id"], "--json").json
    assert "CANCELED" != found["productInstances"][0]["status"]


def test_a_catalogue_that_cannot_be_read_has_exit_code_2(run: Run, tmp_path: Path) -> None:
    ran = run("--catalogue", str(tmp_path / "nowhere.toml"), "packages", "query")
    assert (2, "") == (ran.code, ran.out)
    assert ran.err.startswith("error: cannot read the catalogue: ")


def test_neither_help_nor_a_command_without_a_catalogue_loads_a_toml_parser() -> None:
    script = (
        "import sys; from wixreseller import cli; cli.main(['--help']); "
        "import wixreseller.bulk.catalogue; sys.exit('tomllib' in sys.modules)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert (0, "") == (ended.returncode, ended.stderr)
