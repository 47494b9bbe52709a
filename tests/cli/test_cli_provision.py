"""``provision run``: exit codes, results, and what goes to which stream."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wixreseller.emulator import Emulator, Settings
from wixreseller.emulator.default_seed import PREMIUM_BASIC, SUB_ACCOUNTS
from wixreseller.testing import EmulatorThread

ACCOUNT, ELSEWHERE, _ = SUB_ACCOUNTS
HEADER = (
    "external_id,account_id,catalog_product_id,country_code,billing_type,cycle_unit,cycle_count"
)
RUN = ("provision", "run", "orders.csv")
UNPACED = (*RUN, "--no-rate-limit")

Run = Callable[..., Any]


def write_orders(count: int, *more: str, name: str = "orders.csv") -> Path:
    """Write an order file of so many good rows, and some more."""
    rows = [f"sub-{number},,{PREMIUM_BASIC},BR,RECURRING,YEAR,1" for number in range(count)]
    path = Path(name)
    path.write_text("\n".join([HEADER, *rows, *more, ""]))
    return path


def results(name: str = "orders.results.csv") -> dict[str, dict[str, str]]:
    with Path(name).open(newline="") as file:
        return {row["external_id"]: row for row in csv.DictReader(file)}


def test_a_run_that_does_everything_exits_0_and_writes_a_result_for_each_order(run: Run) -> None:
    write_orders(10)
    ran = run(*UNPACED)
    assert (0, "") == (ran.code, ran.out)
    assert {"created"} == {row["outcome"] for row in results().values()}
    packages = {item["id"] for item in run("packages", "query", "--json").records}
    assert packages == {row["package_id"] for row in results().values()}
    lines = ran.err.splitlines()
    assert "provisioning 10 orders" == lines[0]
    assert lines[1].startswith("10 orders in ")
    assert lines[1].endswith(": 10 created")
    assert "results: orders.results.csv" == lines[2]


def test_the_same_file_again_creates_nothing_and_keeps_the_first_results(run: Run) -> None:
    write_orders(10)
    run(*UNPACED)
    first = Path("orders.results.csv").read_bytes()
    assert 0 == run(*UNPACED).code
    assert first == Path("orders.results.csv").read_bytes()
    again = results("orders.results-2.csv")
    assert {"existing"} == {row["outcome"] for row in again.values()}
    assert 10 == len(run("packages", "query", "--json").records)


def test_bad_rows_are_listed_all_at_once_and_nothing_is_sent_or_written(run: Run) -> None:
    write_orders(2, f"sub-1,,{PREMIUM_BASIC},UK,,,", f",,{PREMIUM_BASIC},BR,,,")
    ran = run(*UNPACED)
    assert (2, "") == (ran.code, ran.out)
    assert [
        (
            "orders.csv: line 4, country_code: must be an ISO 3166-1 alpha-2 code, two capital "
            "letters like BR or DE, not 'UK'; did you mean GB?"
        ),
        "orders.csv: line 5, external_id: is missing",
        "error: orders.csv has 2 problems; nothing was sent",
    ] == ran.err.splitlines()
    assert [] == run("packages", "query", "--json").records
    assert ["orders.csv"] == [path.name for path in Path().iterdir()]


def test_failed_orders_exit_1_and_are_told_with_their_codes(run: Run) -> None:
    nowhere = "00000000-0000-0000-0000-000000000000"
    write_orders(2, f"bad,,{nowhere},BR,,,")
    ran = run(*UNPACED)
    assert 1 == ran.code
    assert f"failed: bad: PRODUCT_NOT_FOUND: product {nowhere} was not found" in ran.err
    assert "2 created, 1 failed" in ran.err
    assert "PRODUCT_NOT_FOUND" == results()["bad"]["code"]
    assert results()["bad"]["request_id"]


def test_a_refused_key_exits_3_and_sends_nothing_more(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WIX_API_KEY", "EMU.wrong")
    write_orders(100)
    ran = run(*UNPACED, "--concurrency", "2")
    assert 3 == ran.code
    assert "stopped: query_packages: HTTP 401" in ran.err
    assert len(results()) <= 2
    assert "not sent" in ran.err


def test_a_rate_limit_of_the_server_exits_5(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    write_orders(5)
    told = Settings(retry_after="seconds")  # an hour, which nobody waits for
    with EmulatorThread(Emulator(rate_limit="1/3600", settings=told)) as busy:
        monkeypatch.setenv("WIX_API_KEY", "EMU.demo")
        ran = run("--base-url", busy.url, *UNPACED, "--concurrency", "1")
    assert 5 == ran.code
    assert "stopped: create_package: HTTP 429" in ran.err
    assert "1 failed, 4 not sent" in ran.err


def test_json_prints_each_result_on_standard_output_as_well(run: Run) -> None:
    write_orders(3)
    ran = run(*UNPACED, "--json")
    assert {"sub-0", "sub-1", "sub-2"} == {record["external_id"] for record in ran.records}
    for record in ran.records:
        row = results()[record["external_id"]]
        assert [row["package_id"], row["instance_ids"].split()] == [
            record["package_id"],
            record["instance_ids"],
        ]


def test_named_results_are_written_there_and_an_existing_file_is_kept(run: Run) -> None:
    write_orders(1)
    Path("mine.csv").write_text("kept")
    ran = run(*UNPACED, "--results", "mine.csv")
    assert 2 == ran.code
    assert "error: the results file mine.csv exists" in ran.err
    assert "kept" == Path("mine.csv").read_text()
    assert [] == run("packages", "query", "--json").records
    assert 0 == run(*UNPACED, "--results", "mine.csv", "--overwrite").code
    assert {"sub-0"} == set(results("mine.csv"))


def test_rows_without_account_take_the_one_of_the_option_before_the_variable(run: Run) -> None:
    write_orders(1)
    assert 0 == run("--account", ELSEWHERE, *UNPACED).code
    assert ELSEWHERE == results()["sub-0"]["account_id"]


def test_rows_without_any_account_are_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WIX_ACCOUNT_ID")
    write_orders(1)
    ran = run(*UNPACED)
    assert 2 == ran.code
    assert "orders.csv: line 2, account_id: is missing" in ran.err


def test_the_rate_limit_is_kept_unless_switched_off(run: Run) -> None:
    write_orders(3)
    assert 0 == run(*RUN).code


def test_a_missing_order_file_exits_2(run: Run) -> None:
    ran = run("provision", "run", "none.csv")
    assert 2 == ran.code
    assert ran.err.startswith("error: cannot read the order file: ")


def test_standard_input_is_read_as_ndjson_when_told_so(run_process: Run) -> None:
    record = {"external_id": "0042", "catalog_product_id": PREMIUM_BASIC, "country_code": "BR"}
    billing = {"billing_type": "RECURRING", "cycle_unit": "YEAR", "cycle_count": 1}
    ran = run_process(
        "provision", "run", "-", "--format", "ndjson", stdin=json.dumps(record | billing).encode()
    )
    assert 0 == ran.code, ran.err
    assert "created" == results()["0042"]["outcome"]
