"""Where commands write: never over what a plan needs, and what they say where nothing can be."""

from __future__ import annotations

import csv
import json
import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from wixreseller.cli import carrying_out
from wixreseller.emulator.default_seed import PREMIUM_BASIC
from wixreseller.testing import EmulatorControl

WATCHDOG_SECONDS = 60.0
HEADER = "external_id,catalog_product_id,country_code,billing_type,cycle_unit,cycle_count"
UNPACED = ("--rate-limit", "off")
PLAN = ("provision", "plan", "orders.csv", *UNPACED)
RUN = ("provision", "run", "orders.csv", *UNPACED)
APPLY = ("provision", "apply", "orders.plan.json", *UNPACED)
RESUME = ("provision", "resume", "orders.plan.json", *UNPACED)
REPORT = ("provision", "report", "orders.plan.json")
STATUS = ("provision", "status", "orders.plan.json", "--json")
OWN = ("orders.csv", "orders.plan.json", "orders.plan.journal", "orders.plan.journal-wal")

Run = Callable[..., Any]
Command = Callable[..., Sequence[str]]


def write_orders(count: int, name: str = "orders.csv", country: str = "BR") -> None:
    rows = (f"sub-{n},{PREMIUM_BASIC},{country},RECURRING,YEAR,1" for n in range(count))
    Path(name).write_text("\n".join([HEADER, *rows, ""]))


def contents() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path().iterdir()}


@pytest.mark.parametrize("name", OWN)
def test_results_are_not_written_over_what_the_plan_needs(run: Run, name: str) -> None:
    write_orders(3)
    assert 0 == run(*PLAN).code
    before = contents()
    ran = run(*APPLY, "--results", name, "--overwrite")
    assert (2, before) == (ran.code, contents())
    assert f"error: the results cannot be written to {name}, which this plan needs" in ran.err
    assert 0 == run(*APPLY).code
    ran = run(*RESUME, "--results", name, "--overwrite")
    assert 2 == ran.code
    assert 3 == run(*STATUS).json["counts"]["done"]


def test_results_are_not_written_over_the_journal_by_another_name(run: Run) -> None:
    write_orders(3)
    assert 0 == run(*RUN).code
    Path("other.csv").hardlink_to("orders.plan.journal")
    assert 2 == run(*RESUME, "--results", "other.csv", "--overwrite").code
    assert 3 == run(*STATUS).json["counts"]["done"]


@pytest.mark.parametrize("name", OWN)
def test_a_report_is_not_written_over_what_the_plan_needs(run: Run, name: str) -> None:
    write_orders(3)
    assert 0 == run(*RUN).code
    before = contents()
    ran = run(*REPORT, "-o", name, "--overwrite")
    assert (2, before) == (ran.code, contents())
    assert f"error: the report cannot be written to {name}, which this plan needs" in ran.err


def test_rows_that_failed_are_not_written_over_the_orders(run: Run) -> None:
    write_orders(3)
    assert 0 == run(*RUN).code
    write_orders(3, "mine.failed.csv", country="DE")
    before = Path("mine.failed.csv").read_bytes()
    ran = run(
        *("provision", "run", "mine.failed.csv", *UNPACED, "--results", "mine.csv", "--overwrite")
    )
    assert 1 == ran.code
    assert before == Path("mine.failed.csv").read_bytes()
    with Path("mine.failed-2.csv").open(newline="") as file:
        assert 3 == len(list(csv.DictReader(file)))


def test_a_plan_that_is_lost_during_the_run_costs_no_summary(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_orders(3)
    assert 0 == run(*PLAN).code
    execute = carrying_out.execute

    def lose_the_plan() -> None:
        Path("orders.plan.json").write_bytes(b"")

    async def execute_and_edit(*arguments: Any, **options: Any) -> Any:
        report = await execute(*arguments, **options)
        lose_the_plan()
        return report

    monkeypatch.setattr(carrying_out, "execute", execute_and_edit)
    EmulatorControl(os.environ["WIXRESELLER_BASE_URL"]).add_fault(
        "status", operation="createPackageV2", status=400, code="NOT_TODAY", times=None
    )
    ran = run(*APPLY)
    assert 1 == ran.code
    assert "cannot write orders.failed.csv: the plan orders.plan.json was" in ran.err
    assert ": 3 failed" in ran.err


def test_a_plan_takes_the_place_of_a_plan_only(run: Run) -> None:
    write_orders(3)
    before = contents()
    ran = run(*PLAN, "-o", "orders.csv", "--overwrite")
    assert (2, before) == (ran.code, contents())
    assert "orders.csv is no plan, so no plan takes its place" in ran.err
    for _ in range(2):
        assert 0 == run(*PLAN, "--overwrite").code


@pytest.mark.parametrize("command", [PLAN, RUN])
def test_a_plan_does_not_get_the_name_of_its_journal(run: Run, command: Sequence[str]) -> None:
    write_orders(3)
    ran = run(*command, "-o", "orders.journal")
    assert 2 == ran.code
    assert "a plan cannot be orders.journal: its journal will have that name" in ran.err
    assert ["orders.csv"] == [*contents()]


def test_ids_that_would_steer_a_terminal_are_spelt_out(run: Run) -> None:
    name = "\x1b[31mred\x07"
    row = {"external_id": name, "catalog_product_id": PREMIUM_BASIC, "country_code": "BR"}
    lines = [{**row, "billing_type": "ONE_TIME"}, {**row, "external_id": "two\nlines"}]
    Path("orders.ndjson").write_text("".join(json.dumps(line) + "\n" for line in lines))
    ran = run("provision", "run", "orders.ndjson", *UNPACED)
    assert 1 == ran.code
    verified = run("provision", "verify", "orders.plan.json", *UNPACED)
    planned = run("provision", "plan", "orders.ndjson", *UNPACED, "-o", "other.plan.json")
    assert 0 == planned.code
    for text in (ran.err, verified.out):
        assert "\\x1b[31mred\\x07" in text
        assert "two\\nlines" in text
        assert "\x1b" not in text


@pytest.mark.parametrize("orders", [".", "/", ""])
@pytest.mark.parametrize("command", ["plan", "run"])
def test_a_folder_is_no_order_file(run: Run, command: str, orders: str) -> None:
    ran = run("provision", command, orders, *UNPACED)
    assert 2 == ran.code
    assert "error: " in ran.err
    assert not contents()


def test_events_that_nobody_reads_stop_the_run_and_it_says_how_to_go_on(command: Command) -> None:
    write_orders(2000)
    process = subprocess.Popen(
        command(*RUN, "--json"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert b"start" in process.stdout.readline()
    process.stdout.close()
    error = process.stderr.read().decode()
    process.stderr.close()
    assert 5 == process.wait(WATCHDOG_SECONDS), error
    assert "stopped: a file cannot be written: [Errno 32] Broken pipe: 'standard output'" in error
    assert "provision resume orders.plan.json" in error
    assert "Traceback" not in error
    assert "Exception ignored" not in error


def test_a_full_disk_for_events_is_named(command: Command) -> None:
    write_orders(3)
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            command(*RUN, "--json"),
            stdin=subprocess.DEVNULL,
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=WATCHDOG_SECONDS,
            check=False,
        )
    assert b"error: [Errno 28] No space left on device: 'standard output'" in ended.stderr


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_that_are_closed_keep_no_order_from_being_done(
    run: Run, command: Command, closed: str
) -> None:
    write_orders(30)
    # What has the number of standard error must be no file of ours.
    ended = subprocess.run(
        ["/bin/sh", "-c", f'exec "$@" {closed}', "sh", *command(*RUN, "--json")],
        capture_output=True,
        timeout=WATCHDOG_SECONDS,
        check=False,
    )
    assert (0, b"Traceback" in ended.stderr) == (ended.returncode, False), ended.stderr
    assert 30 == run(*STATUS).json["counts"]["done"]
    with Path("orders.results.csv").open(newline="") as file:
        assert 30 == len(list(csv.DictReader(file)))


def test_an_order_file_whose_name_is_no_text_is_refused_by_name(command: Command) -> None:
    write_orders(3)
    name = os.fsdecode(b"caf\xe9.csv")
    Path("orders.csv").rename(name)
    ended = subprocess.run(
        command("provision", "run", name, *UNPACED),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=WATCHDOG_SECONDS,
        check=False,
    )
    assert (2, b"Traceback" in ended.stderr) == (ended.returncode, False), ended.stderr
    assert b"the path of the order file must be UTF-8" in ended.stderr
    assert b"caf\\udce9.csv" in ended.stderr
    assert [name] == [*contents()]


def test_a_plan_whose_name_is_no_text_is_applied_and_reported(command: Command) -> None:
    write_orders(3)
    plan = os.fsdecode(b"caf\xe9.plan.json")

    def run_bytes(*arguments: str) -> bytes:
        ended = subprocess.run(
            command(*arguments),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=WATCHDOG_SECONDS,
            check=False,
        )
        assert 0 == ended.returncode, ended.stderr
        return ended.stdout

    run_bytes(*PLAN, "-o", plan)
    start, *_ = run_bytes("provision", "apply", plan, "--json", *UNPACED).splitlines()
    assert "caf\\udce9.plan.json" == json.loads(start)["plan"]
    run_bytes("provision", "report", plan)
    assert os.fsdecode(b"caf\xe9.report.html") in contents()


@pytest.mark.parametrize("command", ["plan", "run"])
def test_a_plan_without_a_name_is_refused(run: Run, command: str) -> None:
    write_orders(1)
    ran = run("provision", command, "orders.csv", "-o", "", *UNPACED)
    assert (2, "error: a plan needs the name of a file\n") == (ran.code, ran.err)
    assert {"orders.csv"} == {path.name for path in Path().iterdir()}


@pytest.mark.parametrize("option", ["--profile", "--base-url"])
def test_an_option_left_empty_leads_to_no_other_place(run: Run, option: str) -> None:
    ran = run(option, "", "packages", "query")
    assert (2, True) == (ran.code, f"error: {option} is empty\n" in ran.err)
