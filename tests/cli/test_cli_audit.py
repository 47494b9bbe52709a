"""The audit on the command line: what it prints, where, and how it exits."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wixreseller.emulator.default_seed import (
    PREMIUM_BASIC,
    PREMIUM_UNLIMITED,
    SITES,
    SUB_ACCOUNTS,
    UNLUCKY_ADDON,
)
from wixreseller.testing import EmulatorControl

ACCOUNT, ELSEWHERE, _ = SUB_ACCOUNTS
HEADER = "external_id,catalog_product_id,country_code\n"
YEARLY = ("--billing-type", "RECURRING", "--cycle-unit", "YEAR", "--cycle-count", "1")
MONTHLY = ("--billing-type", "RECURRING", "--cycle-unit", "MONTH", "--cycle-count", "1")

Run = Callable[..., Any]


@pytest.fixture
def control(emulator_url: str) -> EmulatorControl:
    """Let instances be delivered at once."""
    control = EmulatorControl(emulator_url)
    control.change_settings(delivery_seconds=0)
    return control


def sell(run: Run, external_id: str, product: str = PREMIUM_BASIC, *more: str) -> Any:
    cycle = MONTHLY if product == UNLUCKY_ADDON else YEARLY
    arguments = ("--external-id", external_id, "--product", product, "--country", "BR", *cycle)
    ran = run("packages", "create", *arguments, *more, "--json")
    assert 0 == ran.code, ran.err
    return ran.json


def sell_all_kinds(run: Run, control: EmulatorControl) -> None:
    """Sell something of every kind that an audit finds."""
    sites = SITES[ACCOUNT]
    sell(run, "sub-42")
    sell(run, "mail/7 of a customer with a rather long name, longer than most " + 37 * "x")
    for site in sites[:2]:
        sell(run, "twice", PREMIUM_UNLIMITED, "--site", site)
    sell(run, "unlucky", UNLUCKY_ADDON, "--site", sites[0])
    order = Path("half.csv")
    row = f"half,{PREMIUM_BASIC},BR,{{}},RECURRING,YEAR,1\n"
    columns = "external_id,catalog_product_id,country_code,site_id,billing_type,cycle_unit"
    order.write_text(f"{columns},cycle_count\n" + row.format(sites[2]) + row.format(""))
    half = run("packages", "create", "--order", str(order), "--json").json
    run("instances", "cancel", half["productInstances"][1]["instanceId"], "--yes")
    control.change_settings(delivery_seconds=1e6)
    sell(run, "slow", PREMIUM_BASIC)
    control.advance(25 * 3600)


KINDS = ["floating", "duplicate", "half_canceled", "failed", "pending", "orphan", "stranger"]


def test_an_account_in_order_exits_0_prints_no_data_and_counts_on_standard_error(
    run: Run, control: EmulatorControl
) -> None:
    sell(run, "a", PREMIUM_BASIC, "--site", SITES[ACCOUNT][0])
    ran = run("audit")
    assert (0, "") == (ran.code, ran.out)
    assert "1 package, 1 instance: no findings\n" == ran.err


def test_findings_are_ndjson_with_exit_code_1(run: Run, control: EmulatorControl) -> None:
    package = sell(run, "sub-42")
    ran = run("audit", "--json")
    record = ran.json
    assert 1 == ran.code
    assert "1 package, 1 instance: 1 floating\n" == ran.err
    assert record.pop("detail").startswith("RECURRING, every 1 YEAR; on no site")
    assert {
        "kind": "floating",
        "guess": True,
        "account_id": ACCOUNT,
        "external_id": "sub-42",
        "package_id": package["id"],
        "instance_id": package["productInstances"][0]["instanceId"],
        "catalog_product_id": PREMIUM_BASIC,
        "product": None,
    } == record


def test_every_kind_is_found_and_csv_has_them_as_rows(run: Run, control: EmulatorControl) -> None:
    sell_all_kinds(run, control)
    Path("orders.csv").write_text(f"{HEADER}twice,{PREMIUM_BASIC},BR\nno,{PREMIUM_BASIC},BR\n")
    ran = run("audit", "--csv", "--orders", "orders.csv")
    rows = list(csv.DictReader(io.StringIO(ran.out)))
    assert 1 == ran.code
    assert set(KINDS) == {row["kind"] for row in rows}
    assert {"half": "half_canceled", "no": "stranger", "slow": "pending", "twice": "duplicate"} == {
        row["external_id"]: row["kind"]
        for row in rows
        if row["external_id"] in ("half", "no", "slow", "twice") and row["kind"] != "orphan"
    }


@pytest.mark.parametrize("width", [80, 140])
def test_tables_group_findings_by_kind_and_fit_the_terminal(
    run: Run, run_process: Run, control: EmulatorControl, width: int
) -> None:
    sell_all_kinds(run, control)
    Path("names.toml").write_text(f'basic = {{product = "{PREMIUM_BASIC}"}}')
    Path("orders.csv").write_text(f"{HEADER}no,basic,BR\n")
    ran = run_process("--catalogue", "names.toml", "audit", "--orders", "orders.csv", width=width)
    assert 1 == ran.code, ran.err
    lines = ran.out.splitlines()
    assert KINDS == [
        line.partition(":")[0]
        for line in lines
        if line[:1].isalpha() and line.partition(":")[0] in KINDS
    ]
    assert max(len(line.rstrip()) for line in lines) <= width
    assert "\x1b" not in ran.out + ran.err
    assert " basic" in ran.out
    assert PREMIUM_BASIC not in ran.out
    assert UNLUCKY_ADDON in ran.out
    assert ran.err.startswith("7 packages, 8 instances: ")


def test_without_an_account_the_family_is_audited_and_with_one_that_account(
    run: Run, control: EmulatorControl
) -> None:
    sell(run, "a")
    run(
        "--account",
        ELSEWHERE,
        "packages",
        "create",
        "--external-id",
        "b",
        "--product",
        PREMIUM_BASIC,
        "--country",
        "BR",
        *YEARLY,
    )
    family = run("audit", "--json").records
    one = run("--account", ELSEWHERE, "audit", "--json").records
    assert ["a", "b"] == [record["external_id"] for record in family]
    assert ["b"] == [record["external_id"] for record in one]
    assert ["account", ACCOUNT] in [line.split()[:2] for line in run("audit").out.splitlines()]
    assert ELSEWHERE not in run("--account", ELSEWHERE, "audit").out


def test_the_age_of_pending_instances_is_an_option(run: Run, control: EmulatorControl) -> None:
    control.change_settings(delivery_seconds=1e6)
    sell(run, "slow")
    control.advance(7200)
    assert [0, 1, 1, 0] == [
        run("audit", "--pending-longer-than", length).code for length in ("3h", "90m", "0s", "1w")
    ]


@pytest.mark.parametrize("length", ["", "3", "h", "1.5h", "-1h", "3 h", "3y", "9999999s"])
def test_what_is_no_length_of_time_is_wrong_usage(run: Run, length: str) -> None:
    ran = run("audit", "--pending-longer-than", length)
    assert (2, "") == (ran.code, ran.out)
    assert "is no length of time: a whole number and a unit (s, m, h, d or w)" in ran.err


def test_json_and_csv_together_are_wrong_usage(run: Run) -> None:
    assert 2 == run("audit", "--json", "--csv").code


def test_orders_with_mistakes_are_told_before_anything_is_read(
    run: Run, control: EmulatorControl
) -> None:
    Path("orders.csv").write_text(f"{HEADER}a,nope,BR\n,{PREMIUM_BASIC},BR\n")
    ran = run("audit", "--orders", "orders.csv")
    assert (2, "") == (ran.code, ran.out)
    assert "orders.csv: line 2, catalog_product_id: must be a GUID" in ran.err
    assert "orders.csv: line 3, external_id: is missing" in ran.err
    assert [] == control.requests()
    assert 2 == run("audit", "--orders", "nowhere.csv").code


def test_orders_come_from_standard_input_and_may_cancel(
    run: Run, run_process: Run, control: EmulatorControl
) -> None:
    sell(run, "a", PREMIUM_BASIC, "--site", SITES[ACCOUNT][0])
    orders = b'{"operation": "cancel", "external_id": "a"}\n'
    ran = run_process("audit", "--orders", "-", "--format", "ndjson", "--json", stdin=orders)
    assert 1 == ran.code, ran.err
    assert ("orphan", "an order cancels it, and it lives") == (
        ran.json["kind"],
        ran.json["detail"],
    )


def test_a_refused_key_has_exit_code_3(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIX_API_KEY", "EMU.canary-3f1c9a-but-wrong")
    ran = run("audit")
    assert (3, "") == (ran.code, ran.out)
    assert ran.err.startswith("error: query_packages: HTTP 401")


def test_what_was_found_before_an_error_is_shown_and_said_to_be_incomplete(
    run: Run, control: EmulatorControl
) -> None:
    sell(run, "twice")
    sell(run, "twice")
    control.add_fault("status", status=403, operation="queryPackages", nth=2)
    ran = run("audit")
    assert 3 == ran.code
    assert ran.out.startswith("floating: 2\n")
    counts, broken_off, error, step = ran.err.splitlines()
    assert "2 packages, 2 instances: 2 floating" == counts
    assert "The audit was broken off: there may be more." == broken_off
    assert error.startswith("error: query_packages: HTTP 403")
    assert step.startswith("  next: the key needs the permission Manage Reseller Packages")


def test_an_audit_writes_nothing(run: Run, control: EmulatorControl) -> None:
    sell_all_kinds(run, control)
    Path("orders.csv").write_text(f"{HEADER}no,{PREMIUM_BASIC},BR\n")
    control.clear_requests()
    assert 1 == run("audit", "--orders", "orders.csv").code
    sent = control.requests()
    assert {("queryPackages", False)} == {(item.operation, item.is_committed) for item in sent}


def test_the_help_defines_every_kind(run: Run) -> None:
    shown = run("audit", "--help").out
    assert KINDS == [
        line.split()[0] for line in shown.splitlines() if line[2:].split(" ")[0] in KINDS
    ]
    assert "\n  audit " in run("--help").out


def test_an_audit_keeps_to_the_rate_limit_that_it_is_given(run: Run) -> None:
    assert 0 == run("audit", "--rate-limit", "off").code
    assert "'lots' is not requests/seconds" in run("audit", "--rate-limit", "lots").err
