"""``provision run``: exit codes, results, and what goes to which stream."""

from __future__ import annotations

import csv
import json
import os
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
UNPACED = (*RUN, "--rate-limit", "off")

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


def files() -> set[str]:
    return {path.name for path in Path().iterdir()}


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
    assert ["results: orders.results.csv"] == lines[2:]
    assert {
        "orders.csv",
        "orders.plan.json",
        "orders.plan.journal",
        "orders.results.csv",
    } == files()


def test_the_same_file_again_creates_nothing_and_keeps_what_the_first_run_wrote(run: Run) -> None:
    write_orders(10)
    run(*UNPACED)
    first = {name: Path(name).read_bytes() for name in files()}
    assert 0 == run(*UNPACED).code
    assert first == {name: Path(name).read_bytes() for name in first}
    again = results("orders.results-2.csv")
    assert {"existing"} == {row["outcome"] for row in again.values()}
    assert 10 == len(run("packages", "query", "--json").records)
    assert {"orders.plan-2.json", "orders.plan-2.journal"} <= files()


def test_bad_rows_are_listed_all_at_once_and_nothing_is_sent_or_written(run: Run) -> None:
    write_orders(2, f"sub-1,,{PREMIUM_BASIC},UK,,,", f",,{PREMIUM_BASIC},BR,,,")
    for command in (UNPACED, ("provision", "plan", "orders.csv")):
        ran = run(*command)
        assert (2, "") == (ran.code, ran.out)
        assert [
            (
                "orders.csv: line 4, country_code: must be an ISO 3166-1 alpha-2 code, two capital "
                "letters like BR or DE, not 'UK'; did you mean GB?"
            ),
            "orders.csv: line 5, external_id: is missing",
            "error: orders.csv has 2 problems; nothing was sent",
            "  next: mend what is listed above, and run it again",
        ] == ran.err.splitlines()
        assert {"orders.csv"} == files()
    assert [] == run("packages", "query", "--json").records


def test_failed_orders_exit_1_and_are_told_with_their_codes(run: Run) -> None:
    nowhere = "00000000-0000-0000-0000-000000000000"
    write_orders(2, f"bad,,{nowhere},BR,,,")
    ran = run(*UNPACED)
    assert 1 == ran.code
    assert f"failed: bad: PRODUCT_NOT_FOUND: product {nowhere} was not found" in ran.err
    assert "2 created, 1 failed" in ran.err
    assert "provision resume orders.plan.json --rate-limit off --only-failed" in ran.err
    assert "PRODUCT_NOT_FOUND" == results()["bad"]["code"]
    assert results()["bad"]["request_id"]


def test_the_rows_of_failed_orders_are_written_as_they_were_with_why(run: Run) -> None:
    nowhere = "00000000-0000-0000-0000-000000000000"
    write_orders(1, f"bad,,{nowhere},BR,,,", f"bad,,{PREMIUM_BASIC},DE,RECURRING,YEAR,1")
    run(*UNPACED)
    rows = Path("orders.failed.csv").read_text().splitlines()
    request_id = results()["bad"]["request_id"]
    why = f"PRODUCT_NOT_FOUND,product {nowhere} was not found,{request_id},false"
    assert [
        f"{HEADER},code,message,request_id,retryable",
        f"bad,,{nowhere},BR,,,,{why}",
        f"bad,,{PREMIUM_BASIC},DE,RECURRING,YEAR,1,{why}",
    ] == rows


def test_max_failures_stops_a_run_that_goes_wrong_and_exits_1(run: Run) -> None:
    nowhere = "00000000-0000-0000-0000-000000000000"
    rows = [f"bad-{number},,{nowhere},BR,,," for number in range(200)]
    write_orders(0, *rows)
    ran = run(*UNPACED, "--concurrency", "2", "--max-failures", "5", "--json")
    assert 1 == ran.code
    (end,) = [event for event in ran.records if event["event"] == "end"]
    assert "failures" == end["stopped"]
    # What is in flight is finished: two, and those that were handed out meanwhile.
    assert 5 <= end["counts"]["failed"] < 10
    assert 200 == end["counts"]["failed"] + end["counts"]["planned"]
    assert "stopped: as many orders failed as --max-failures allows" in ran.err


def test_a_refused_key_exits_3_and_leaves_nothing(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WIX_API_KEY", "EMU.wrong")
    write_orders(100)
    ran = run(*UNPACED)
    assert 3 == ran.code
    assert ran.err.startswith("error: query_packages: HTTP 401")
    assert {"orders.csv"} == files()


def test_a_rate_limit_of_the_server_exits_5(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    write_orders(5)
    told = Settings(retry_after="seconds")  # an hour, which nobody waits for
    with EmulatorThread(Emulator(rate_limit="3/3600", settings=told)) as busy:
        monkeypatch.setenv("WIX_API_KEY", "EMU.demo")
        monkeypatch.setenv("WIXRESELLER_BASE_URL", busy.url)
        ran = run(*UNPACED, "--concurrency", "1")
    assert 5 == ran.code
    assert "stopped: nothing more could be sent: create_package: HTTP 429" in ran.err
    assert "1 created, 4 not sent" in ran.err
    assert "provision resume orders.plan.json --rate-limit off\n" in ran.err


def test_json_streams_the_start_each_outcome_and_the_end(run: Run) -> None:
    write_orders(3)
    ran = run(*UNPACED, "--json")
    start, *outcomes, end = ran.records
    assert {"event": "start", "plan": "orders.plan.json", "orders": 3} == start
    assert {"sub-0", "sub-1", "sub-2"} == {record["external_id"] for record in outcomes}
    for record in outcomes:
        row = results()[record["external_id"]]
        assert ["outcome", row["package_id"], row["instance_ids"].split()] == [
            record["event"],
            record["package_id"],
            record["instance_ids"],
        ]
    assert ("end", 0, None, {"created": 3}) == (
        end["event"],
        end["exit_code"],
        end["stopped"],
        end["outcomes"],
    )


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


def test_results_named_as_ndjson_are_ndjson(run: Run) -> None:
    write_orders(2)
    run(*UNPACED, "--results", "mine.ndjson")
    lines = Path("mine.ndjson").read_text().splitlines()
    assert {"sub-0", "sub-1"} == {json.loads(line)["external_id"] for line in lines}


def test_results_in_a_folder_that_is_not_there_are_refused_before_anything_is_sent(
    run: Run,
) -> None:
    write_orders(1)
    ran = run(*UNPACED, "--results", "nowhere/mine.csv")
    assert 2 == ran.code
    assert "cannot write the results file" in ran.err
    assert {"orders.csv"} == files()


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


def test_orders_that_all_name_their_account_need_no_other(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WIX_ACCOUNT_ID")
    write_orders(0, f"sub-1,{ELSEWHERE},{PREMIUM_BASIC},BR,RECURRING,YEAR,1")
    assert 0 == run(*UNPACED).code


def test_the_rate_limit_is_counted_in_a_file_of_the_user_that_tells_no_key(run: Run) -> None:
    write_orders(3)
    assert 0 == run(*RUN).code
    folder = Path(os.environ["XDG_STATE_HOME"]) / "wixreseller" / "limits"
    (path,) = folder.iterdir()
    assert os.environ["WIX_API_KEY"] not in path.name
    assert os.environ["WIX_API_KEY"].encode() not in path.read_bytes()


@pytest.mark.parametrize("text", ["", "200", "0/60", "5/0", "many/60", "-1/60"])
def test_a_rate_limit_that_makes_no_sense_is_refused(run: Run, text: str) -> None:
    ran = run(*RUN, "--rate-limit", text)
    assert 2 == ran.code
    assert f"{text!r} is not requests/seconds, like 200/60, or off" in ran.err


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


def test_where_the_limit_cannot_be_shared_a_command_says_so_and_keeps_to_it_by_itself(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("no-folder").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(Path("no-folder").absolute()))
    write_orders(1)
    ran = run(*RUN)
    assert 0 == ran.code
    assert "note: this command counts its requests by itself" in ran.err


def test_limits_that_nobody_counts_any_more_are_cleared_away(run: Run) -> None:
    folder = Path(os.environ["XDG_STATE_HOME"]) / "wixreseller" / "limits"
    folder.mkdir(parents=True)
    for name, age in (("old", 100_000.0), ("young", 0.0)):
        (folder / f"{name}.limit").touch()
        moment = (folder / f"{name}.limit").stat().st_mtime - age
        os.utime(folder / f"{name}.limit", (moment, moment))
    run("packages", "query")
    names = {path.stem for path in folder.iterdir()}
    assert ("old" in names, "young" in names) == (False, True)
