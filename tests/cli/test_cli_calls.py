"""Every operation of the API on the command line, against the emulator over a real socket."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wixreseller.emulator.default_seed import (
    DOMAIN,
    PREMIUM_BASIC,
    PREMIUM_UNLIMITED,
    SITES,
    SUB_ACCOUNTS,
)

ACCOUNT, ELSEWHERE, _ = SUB_ACCOUNTS
NOWHERE = "00000000-0000-0000-0000-000000000000"
YEARLY = ("--billing-type", "RECURRING", "--cycle-unit", "YEAR", "--cycle-count", "1")

Run = Callable[..., Any]


def create(run: Run, external_id: str = "sub-42", *more: str) -> Any:
    """Create a package of one floating product, and give Wix's JSON of it."""
    arguments = ("--external-id", external_id, "--product", PREMIUM_BASIC, "--country", "BR")
    ran = run("packages", "create", *arguments, *YEARLY, *more, "--json")
    assert 0 == ran.code, ran.err
    return ran.json


def test_create_prints_the_package_as_wix_spells_it(run: Run) -> None:
    package = create(run)
    (instance,) = package["productInstances"]
    assert (ACCOUNT, "sub-42") == (package["accountId"], package["externalId"])
    assert PREMIUM_BASIC == instance["catalogProductId"]
    assert {"unit": "YEAR", "count": 1} == instance["billingInfo"]["cycleDuration"]


def test_create_takes_several_products_from_an_order_file(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "order.csv"
    row = f"duo,{{}},BR,{SITES[ACCOUNT][0]},RECURRING,YEAR,1\n"
    header = (
        "external_id,catalog_product_id,country_code,site_id,billing_type,cycle_unit,cycle_count\n"
    )
    path.write_text(header + row.format(PREMIUM_BASIC) + row.format(DOMAIN))
    package = run("packages", "create", "--order", str(path), "--json").json
    products = [instance["catalogProductId"] for instance in package["productInstances"]]
    assert ("duo", [PREMIUM_BASIC, DOMAIN]) == (package["externalId"], products)


def test_create_with_the_same_idempotency_key_gives_the_same_package(run: Run) -> None:
    first = create(run, "sub-42", "--idempotency-key", "k1")
    assert first["id"] == create(run, "sub-42", "--idempotency-key", "k1")["id"]


def test_get_and_find_show_a_package_and_exit_1_where_there_is_none(run: Run) -> None:
    package = create(run)
    assert package == run("packages", "get", package["id"], "--json").json
    assert package == run("packages", "find", "sub-42", "--json").json
    missing = run("packages", "find", "sub-43")
    assert (1, "") == (missing.code, missing.out)
    error, step = missing.err.splitlines()
    assert "error: the account has no package with external id 'sub-43'" == error
    assert step.startswith("  next: 'wixreseller packages query' lists what there is")
    nowhere = run("packages", "get", NOWHERE)
    assert 1 == nowhere.code
    assert nowhere.err.startswith("error: get_package: HTTP 404")
    assert "\n  next: 'wixreseller packages query' lists what there is" in nowhere.err


def test_the_readable_view_shows_all_ids_whole_at_80_columns(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    package = create(run, "sub-42", "--site", SITES[ACCOUNT][0])
    shown = run("packages", "get", package["id"]).out
    assert all(len(line) <= 80 for line in shown.splitlines())
    instance_id = package["productInstances"][0]["instanceId"]
    for text in (package["id"], ACCOUNT, "sub-42", instance_id, SITES[ACCOUNT][0], PREMIUM_BASIC):
        assert text in shown


def test_query_prints_one_package_a_line_newest_first(run: Run) -> None:
    for number in range(3):
        create(run, f"sub-{number}")
    found = [item["externalId"] for item in run("packages", "query", "--json").records]
    assert ["sub-2", "sub-1", "sub-0"] == found
    oldest = run("packages", "query", "--json", "--ascending", "--limit", "1").json
    assert "sub-0" == oldest["externalId"]


def test_query_sees_the_whole_family_unless_an_account_is_named(run: Run) -> None:
    create(run)
    assert 1 == len(run("packages", "query", "--json").records)
    assert [] == run("--account", ELSEWHERE, "packages", "query", "--json").records
    assert 1 == len(run("--account", ACCOUNT, "packages", "query", "--json").records)


def test_query_filters_must_all_hold_and_their_values_mean_any(run: Run) -> None:
    for number in range(3):
        create(run, f"sub-{number}")
    two = ("--external-id", "sub-0", "--external-id", "sub-2", "--product", PREMIUM_BASIC)
    found = run("packages", "query", "--json", *two, "--filter", '{"externalId": {"$ne": "sub-0"}}')
    assert ["sub-2"] == [item["externalId"] for item in found.records]
    assert [] == run("packages", "query", "--json", "--status", "FAILED").records


def test_update_external_id_takes_any_text(run: Run) -> None:
    package = create(run)
    updated = run("packages", "update-external-id", package["id"], "a/ü b", "--json").json
    assert "a/ü b" == updated["externalId"]


def test_assign_unassign_and_adjust_show_the_package_as_it_is_then(run: Run) -> None:
    package = create(run)
    instance_id = package["productInstances"][0]["instanceId"]
    site = SITES[ACCOUNT][0]
    (assigned,) = run("instances", "assign", instance_id, site, "--json").json["productInstances"]
    assert site == assigned["siteId"]
    adjusted = run("instances", "adjust", instance_id, "--product", PREMIUM_UNLIMITED, "--json")
    assert PREMIUM_UNLIMITED == adjusted.json["productInstances"][0]["catalogProductId"]
    (floating,) = run("instances", "unassign", instance_id, "--json").json["productInstances"]
    assert "siteId" not in floating


def test_a_cancel_without_a_terminal_needs_yes_and_sends_nothing_without_it(run: Run) -> None:
    package = create(run)
    instance_id = package["productInstances"][0]["instanceId"]
    for command in (("packages", "cancel", package["id"]), ("instances", "cancel", instance_id)):
        ran = run(*command)
        assert 2 == ran.code
        assert "add --yes" in ran.err
    assert package == run("packages", "get", package["id"], "--json").json
    for command in (("instances", "cancel", instance_id), ("packages", "cancel", package["id"])):
        canceled = run(*command, "--yes", "--json").json
        assert ["CANCELED"] == [item["status"] for item in canceled["productInstances"]]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("packages", "get", "abc"), "error: package_id must be a GUID"),
        (("--account", "abc", "packages", "query"), "error: account_id must be a GUID"),
        (("packages", "create"), "error: --product and --country are needed, or --order FILE"),
        (
            ("packages", "create", "--product", PREMIUM_BASIC, "--country", "UK"),
            (
                "error: country_code must be an ISO 3166-1 alpha-2 code, two capital letters like "
                "BR or DE, not 'UK'; did you mean GB?"
            ),
        ),
        (
            ("packages", "create", "--product", NOWHERE, "--country", "BR", "--cycle-unit", "DAY"),
            "error: --billing-type RECURRING takes both",
        ),
        (("packages", "query", "--filter", "{"), "error: --filter is not JSON"),
        (("packages", "query", "--filter", "[]"), "error: --filter must be a JSON object"),
        (("instances", "adjust", NOWHERE), "error: adjust_specifications needs"),
        (
            ("--api-key-file", "none", "packages", "query"),
            "error: --api-key-file: none cannot be read",
        ),
        (("--base-url", "http://example.com", "packages", "query"), "error: base_url must be http"),
        (("packages", "create", "--order", "none.csv"), "error: cannot read the order file"),
        (("packages",), "error: Missing command."),
        (("packages", "fetch"), "error: No such command 'fetch'"),
    ],
)
def test_wrong_usage_is_one_clear_error_with_exit_code_2(
    run: Run, arguments: tuple[str, ...], expected: str
) -> None:
    ran = run(*arguments)
    assert (2, "") == (ran.code, ran.out)
    assert any(line.startswith(expected) for line in ran.err.splitlines()), ran.err


@pytest.mark.parametrize(
    ("variable", "expected"),
    [
        (
            "WIX_API_KEY",
            (
                "error: no API key: set WIX_API_KEY too, beside WIX_ACCOUNT_ID, or name a profile "
                "with --profile NAME\n"
            ),
        ),
        ("WIX_ACCOUNT_ID", "error: no account: give --account GUID, or set WIX_ACCOUNT_ID\n"),
    ],
)
def test_a_missing_key_or_account_is_said_with_exit_code_2(
    run: Run, monkeypatch: pytest.MonkeyPatch, variable: str, expected: str
) -> None:
    monkeypatch.delenv(variable)
    ran = run("packages", "query")
    assert (2, expected) == (ran.code, ran.err)


def test_the_key_may_come_from_a_file(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    path = tmp_path / "key"
    path.write_text(environment["WIX_API_KEY"] + "\n")
    monkeypatch.setenv("WIX_API_KEY", "EMU.wrong")
    assert 0 == run("--api-key-file", str(path), "packages", "query").code
    path.write_text("\n")
    assert 2 == run("--api-key-file", str(path), "packages", "query").code


def test_a_refused_key_has_exit_code_3(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIX_API_KEY", "EMU.canary-3f1c9a-but-wrong")
    ran = run("packages", "query")
    assert 3 == ran.code
    assert ran.err.startswith("error: query_packages: HTTP 401")


def test_a_refusal_of_wix_has_exit_code_1_and_its_code_in_one_line(run: Run) -> None:
    ran = run("packages", "create", "--product", NOWHERE, "--country", "BR")
    assert (1, "") == (ran.code, ran.out)
    error, step = ran.err.splitlines()
    assert error.startswith("error: create_package: HTTP 404 PRODUCT_NOT_FOUND")
    assert "  next: check the product's GUID, or the catalogue that named it" == step
