"""From ``provision plan`` to ``provision report``, one command after the other."""

from __future__ import annotations

import csv
import json
import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from wixreseller.emulator import Emulator
from wixreseller.emulator.default_seed import PREMIUM_BASIC
from wixreseller.testing import EmulatorThread

WATCHDOG_SECONDS = 60.0
HEADER = "operation,external_id,catalog_product_id,country_code,billing_type,cycle_unit,cycle_count"
NOWHERE = "00000000-0000-0000-0000-000000000000"
PLAN = ("provision", "plan", "orders.csv", "--rate-limit", "off")
APPLY = ("provision", "apply", "orders.plan.json", "--rate-limit", "off")
RESUME = ("provision", "resume", "orders.plan.json", "--rate-limit", "off")
STATUS = ("provision", "status", "orders.plan.json")
VERIFY = ("provision", "verify", "orders.plan.json", "--rate-limit", "off")

Run = Callable[..., Any]


def create(name: str, country: str = "BR", product: str = PREMIUM_BASIC) -> str:
    return f"create,{name},{product},{country},RECURRING,YEAR,1"


def cancel(name: str) -> str:
    return f"cancel,{name},,,,,"


def write_orders(*rows: str, name: str = "orders.csv") -> None:
    Path(name).write_text("\n".join([HEADER, *rows, ""]))


def files() -> set[str]:
    return {path.name for path in Path().iterdir()}


def packages(run: Run) -> list[Any]:
    return run("packages", "query", "--json").records  # type: ignore[no-any-return]


def sold(run: Run, *names: str) -> None:
    """Have packages there before."""
    write_orders(*map(create, names), name="before.csv")
    assert 0 == run("provision", "run", "before.csv", "--rate-limit", "off").code
    for path in Path().glob("before*"):
        path.unlink()


def plain(text: str) -> list[str]:
    """Give the lines of a table with one space between words."""
    return [" ".join(line.split()) for line in text.splitlines()]


def canceled(run: Run) -> set[str]:
    """Give the external ids of packages that were canceled."""
    return {
        package["externalId"]
        for package in packages(run)
        for instance in package["productInstances"]
        if instance["status"] == "CANCELED"
    }


def test_a_plan_says_what_would_be_done_and_does_nothing(run: Run) -> None:
    sold(run, "same", "other", "old")
    write_orders(create("new"), create("same"), create("other", "DE"), cancel("old"))
    ran = run(*PLAN)
    assert 0 == ran.code
    assert [
        "plan orders.plan.json",
        "orders 4 in 4 rows of orders.csv",
        "create 1",
        "cancel 1 for good",
        "nothing to do 1 there already, as ordered",
        "conflicts 1 would fail; the others can be done",
        "requests 3 at least",
        "time less than 1 s no rate limit",
    ] == plain(ran.out)[:8]
    (conflict,) = [line for line in ran.out.splitlines() if line.startswith("conflict")]
    assert conflict.startswith("conflict: line 4, other: EXTERNAL_ID_CONFLICT: package ")
    assert conflict.endswith("products[0].country_code is BR, asked for DE")
    assert ran.err.endswith("provision apply orders.plan.json --rate-limit off\n")
    assert (3, set()) == (len(packages(run)), canceled(run))
    assert {"orders.csv", "orders.plan.json"} == files()


def test_a_plan_is_counted_as_json_too(run: Run) -> None:
    write_orders(create("a"), create("b"))
    assert {
        "plan": "mine.json",
        "orders": 2,
        "rows": 2,
        "create": 2,
        "cancel": 0,
        "none": 0,
        "conflict": 0,
        "calls": 3,
        "seconds": 0.0,
    } == run(*PLAN, "-o", "mine.json", "--json").json


def test_a_plan_replaces_another_only_if_told_to_and_never_one_that_was_applied(run: Run) -> None:
    write_orders(create("a"))
    run(*PLAN)
    ran = run(*PLAN)
    assert 2 == ran.code
    assert "orders.plan.json exists, and was not applied" in ran.err
    assert 0 == run(*PLAN, "--overwrite").code
    assert 0 == run(*APPLY).code
    ran = run(*PLAN, "--overwrite")
    assert 2 == ran.code
    assert "orders.plan.json was applied, its journal is orders.plan.journal" in ran.err
    assert 0 == run(*PLAN, "-o", "another.plan.json").code


def test_a_plan_is_applied_once(run: Run) -> None:
    write_orders(create("a"), create("bad", product=NOWHERE))
    run(*PLAN)
    assert 1 == run(*APPLY).code
    ran = run(*APPLY)
    assert 2 == ran.code
    assert "was applied before, and 1 order failed; try that again with:" in ran.err
    assert "provision resume orders.plan.json --rate-limit off --only-failed" in ran.err
    assert 1 == len(packages(run))


def test_a_plan_that_was_edited_by_hand_is_refused(run: Run) -> None:
    write_orders(create("a"))
    run(*PLAN)
    plan = Path("orders.plan.json")
    plan.write_text(plan.read_text().replace('"BR"', '"DE"'))
    for command in (APPLY, RESUME, STATUS, VERIFY):
        ran = run(*command)
        assert 2 == ran.code
        assert "the plan orders.plan.json was changed since it was made" in ran.err
    assert [] == packages(run)


def test_a_plan_of_orders_that_changed_since_is_refused_unless_told_otherwise(run: Run) -> None:
    write_orders(create("a"))
    run(*PLAN)
    write_orders(create("a"), create("b"))
    ran = run(*APPLY)
    assert 2 == ran.code
    assert "the order file orders.csv was changed after orders.plan.json was made" in ran.err
    assert "--orders-changed-ok" in ran.err
    assert [] == packages(run)
    assert 0 == run(*APPLY, "--orders-changed-ok").code
    assert ["a"] == [package["externalId"] for package in packages(run)]
    ran = run(*RESUME)
    assert 0 == ran.code
    assert "note: orders.csv was changed since; what is resumed is the plan as it was" in ran.err


def test_a_plan_against_another_server_is_refused(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_orders(create("a"))
    run(*PLAN)
    monkeypatch.setenv("WIXRESELLER_BASE_URL", "http://127.0.0.1:1")
    ran = run(*APPLY)
    assert 2 == ran.code
    assert "was made against http://127.0.0.1:" in ran.err
    assert {"orders.csv", "orders.plan.json"} == files()


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ((), "add --yes --expect 2 (there is no terminal to ask on)"),
        (("--yes",), "add --yes --expect 2; nothing was sent"),
        (("--expect", "2"), "add --yes --expect 2 (there is no terminal to ask on)"),
        (("--yes", "--expect", "1"), "the plan cancels 2 packages, not 1"),
        (("--yes", "--expect", "3"), "the plan cancels 2 packages, not 3"),
    ],
)
def test_cancels_that_nobody_agreed_to_exit_2_and_send_nothing(
    run_process: Run, run: Run, options: Sequence[str], problem: str
) -> None:
    sold(run, "a", "b")
    write_orders(cancel("a"), cancel("b"))
    run(*PLAN)
    ran = run_process(*APPLY, *options)
    assert 2 == ran.code
    assert problem in ran.err
    assert set() == canceled(run)
    assert {"orders.csv", "orders.plan.json"} == files()


def test_cancels_that_were_agreed_to_are_done_and_not_asked_for_again(
    run_process: Run, run: Run
) -> None:
    sold(run, "a", "b")
    write_orders(cancel("a"), cancel("b"))
    run(*PLAN)
    assert 0 == run_process(*APPLY, "--yes", "--expect", "2").code
    assert {"a", "b"} == canceled(run)
    assert 0 == run_process(*RESUME).code


def test_a_run_of_cancels_without_a_terminal_is_refused_before_it_plans(
    run_process: Run, run: Run
) -> None:
    sold(run, "a")
    write_orders(cancel("a"))
    ran = run_process("provision", "run", "orders.csv", "--rate-limit", "off")
    assert 2 == ran.code
    assert "this cancels 1 package, for good" in ran.err
    assert {"orders.csv"} == files()


@pytest.mark.parametrize(("typed", "code"), [(b"2\n", 0), (b"1\n", 2), (b"y\n", 2), (b"\n", 2)])
def test_on_a_terminal_the_number_of_cancels_is_to_be_typed(
    run: Run, command: Callable[..., Sequence[str]], typed: bytes, code: int
) -> None:
    sold(run, "a", "b")
    write_orders(cancel("a"), cancel("b"))
    run(*PLAN)
    controller, terminal = os.openpty()
    try:
        os.write(controller, typed)
        ended = subprocess.run(
            command(*APPLY),
            stdin=terminal,
            capture_output=True,
            timeout=WATCHDOG_SECONDS,
            check=False,
        )
    finally:
        os.close(controller)
        os.close(terminal)
    assert code == ended.returncode, ended.stderr
    assert b"This cancels 2 packages. Customers lose access at once, and for good." in ended.stderr
    assert ({"a", "b"} if code == 0 else set()) == canceled(run)


def test_what_a_plan_refuses_fails_with_the_code_and_the_words_of_the_plan(run: Run) -> None:
    write_orders(cancel("nobody"), create("a"))
    run(*PLAN)
    ran = run(*APPLY)
    assert 1 == ran.code
    assert "failed: nobody: NOT_FOUND: the account has no package of this external id" in ran.err


def test_resume_without_a_journal_names_apply(run: Run) -> None:
    write_orders(create("a"))
    run(*PLAN)
    ran = run(*RESUME)
    assert 2 == ran.code
    assert "orders.plan.json was not applied yet" in ran.err
    assert "provision apply orders.plan.json" in ran.err


def test_only_failed_tries_those_again_that_failed(run: Run) -> None:
    write_orders(create("a"), create("bad", product=NOWHERE))
    run(*PLAN)
    run(*APPLY)
    assert 1 == run(*RESUME, "--only-failed").code
    with Path("orders.results-2.csv").open(newline="") as file:
        assert {"a": "created", "bad": "failed"} == {
            row["external_id"]: row["outcome"] for row in csv.DictReader(file)
        }
    assert {"orders.failed.csv", "orders.failed-2.csv"} <= files()


def test_the_file_of_failed_orders_can_be_mended_and_run(run: Run) -> None:
    write_orders(create("a"), create("bad", product=NOWHERE))
    run("provision", "run", "orders.csv", "--rate-limit", "off")
    failed = Path("orders.failed.csv")
    failed.write_text(failed.read_text().replace(f"bad,{NOWHERE}", f"bad,{PREMIUM_BASIC}"))
    assert 0 == run("provision", "run", "orders.failed.csv", "--rate-limit", "off").code
    assert {"a", "bad"} == {package["externalId"] for package in packages(run)}


def test_what_is_in_conflict_is_mended_and_not_tried_again_as_it_is(run: Run) -> None:
    write_orders(create("a"))
    command = ("provision", "run", "orders.csv", "--rate-limit", "off")
    assert 0 == run(*command).code
    write_orders(create("a", country="DE"))
    ran = run(*command)
    assert (1, True) == (ran.code, "failed: a: EXTERNAL_ID_CONFLICT" in ran.err)
    assert "Mend its rows in orders.failed-2.csv, and run that.\n" in ran.err
    assert "--only-failed" not in ran.err


def test_a_run_says_the_name_of_its_plan_where_the_usual_one_is_taken(run: Run) -> None:
    write_orders(create("a"))
    command = ("provision", "run", "orders.csv", "--rate-limit", "off")
    assert "note" not in run(*command).err
    note = "note: there is a plan orders.plan.json already; this one is orders.plan-2.json\n"
    assert note in run(*command).err


def test_orders_that_were_begun_and_not_finished_are_not_run_anew(run: Run) -> None:
    bad = [create(f"bad-{number}", product=NOWHERE) for number in range(150)]
    write_orders(*bad)
    command = ("provision", "run", "orders.csv", "--rate-limit", "off")
    assert 1 == run(*command, "--concurrency", "1", "--max-failures", "1").code
    ran = run(*command)
    assert 2 == ran.code
    assert "these orders were begun with the plan orders.plan.json, and are not finished" in ran.err
    # Nor under another name: that plan would know nothing of what was sent.
    other = run(*command, "-o", "other.json")
    assert (2, ran.err) == (other.code, other.err)
    assert not Path("other.json").exists()
    planned = run(*PLAN)
    assert 2 == planned.code
    assert "the plan orders.plan.json was begun before and is not finished; go on" in planned.err
    assert "provision resume orders.plan.json --rate-limit off" in ran.err
    assert 1 == run(*RESUME).code
    assert 1 == run(*command).code
    assert "orders.plan-2.json" in files()


def test_orders_that_were_tried_elsewhere_and_not_finished_are_run(run: Run) -> None:
    write_orders(*[create(f"bad-{number}", product=NOWHERE) for number in range(150)])
    command = ("provision", "run", "orders.csv", "--rate-limit", "off")
    with EmulatorThread(Emulator(rate_limit="off")) as rehearsal:
        there = ("--base-url", rehearsal.url, "--api-key-file", "key")
        Path("key").write_text("EMU.demo")
        Path("key").chmod(0o600)
        assert 1 == run(*there, *command, "--concurrency", "1", "--max-failures", "1").code
        assert 2 == run(*there, *command).code
    planned = run(*PLAN)
    assert (2, True) == (planned.code, "name another plan with -o" in planned.err)
    assert 1 == run(*command, "-o", "real.json").code
    assert 1 == run(*command).code
    assert {"real.json", "orders.plan-2.json"} <= files()


def test_status_tells_how_far_a_plan_is_from_its_journal_alone(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_orders(create("a"), create("bad", product=NOWHERE))
    run(*PLAN)
    before = run(*STATUS)
    assert ["plan orders.plan.json, of orders.csv", "orders 2", "planned 2 not sent"] == plain(
        before.out
    )
    assert "not applied yet" in before.err
    run(*APPLY)
    monkeypatch.setenv("WIXRESELLER_BASE_URL", "http://127.0.0.1:1")
    monkeypatch.delenv("WIX_API_KEY")
    told = run(*STATUS, "--json").json
    assert (2, 0, None) == (told["orders"], told["open"], told["holder"])
    assert {"planned": 0, "intent": 0, "done": 1, "failed": 1, "unknown": 0} == told["counts"]
    after = run(*STATUS)
    assert 0 == after.code
    assert "provision resume orders.plan.json --only-failed" in after.err


def test_verify_finds_what_was_done_and_exits_1_when_something_is_amiss(run: Run) -> None:
    write_orders(create("a"), create("b"))
    run(*PLAN)
    run(*APPLY)
    ran = run(*VERIFY)
    assert (0, "") == (ran.code, ran.out)
    assert "2 orders: 2 as ordered" in ran.err
    (package,) = [package["id"] for package in packages(run) if package["externalId"] == "a"]
    assert 0 == run("packages", "cancel", package, "--yes").code
    ran = run(*VERIFY)
    assert 1 == ran.code
    assert ran.out.startswith("line 2, a  canceled: ")
    rows = run(*VERIFY, "--json").records
    assert {"a": "wrong", "b": "ok"} == {row["external_id"]: row["verdict"] for row in rows}
    lines = run(*VERIFY, "--csv").out.splitlines()
    assert 3 == len(lines)


def test_a_report_stands_beside_its_plan_and_holds_no_key(run: Run) -> None:
    write_orders(create("a"))
    run(*PLAN)
    run(*APPLY)
    ran = run("provision", "report", "orders.plan.json")
    assert (0, "report: orders.report.html\n") == (ran.code, ran.err)
    assert os.environ["WIX_API_KEY"] not in Path("orders.report.html").read_text()
    ran = run("provision", "report", "orders.plan.json", "-o", "orders.csv")
    assert 2 == ran.code
    assert "orders.csv exists" in ran.err


def test_a_report_is_drawn_against_the_limit_that_the_run_kept_to(run: Run) -> None:
    write_orders(*(create(f"a{number}") for number in range(250)))
    run(*PLAN)
    run(*APPLY)
    page = Path("orders.report.html")
    assert 0 == run("provision", "report", "orders.plan.json").code
    assert "of the limit)" not in page.read_text()
    limited = ("provision", "report", "orders.plan.json", "--rate-limit", "200/60")
    assert 0 == run(*limited).code
    assert "of the limit)" in page.read_text()
    assert 2 == run(*limited[:-1], "lots").code


def test_no_file_that_a_run_leaves_holds_the_key(run: Run) -> None:
    write_orders(create("a"), create("bad", product=NOWHERE))
    run("provision", "run", "orders.csv")
    key = os.environ["WIX_API_KEY"].encode()
    folders = (Path(), Path(os.environ["XDG_STATE_HOME"]))
    left = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert {"orders.plan.journal", "orders.failed.csv"} <= {path.name for path in left}
    assert [] == [
        path for path in left if key in path.read_bytes() or b"canary" in path.read_bytes()
    ]


def test_products_are_called_by_the_names_of_the_catalogue(run: Run) -> None:
    Path("names.toml").write_text(f'lost = {{product = "{NOWHERE}"}}\n')
    write_orders(create("bad", product="lost"))
    ran = run("--catalogue", "names.toml", "provision", "run", "orders.csv", "--rate-limit", "off")
    assert 1 == ran.code
    assert f"failed: bad: PRODUCT_NOT_FOUND: product lost ({NOWHERE}) was not found" in ran.err
    assert "--catalogue names.toml provision resume" in ran.err
    assert "create,bad,lost,BR," in Path("orders.failed.csv").read_text()


def test_standard_input_is_planned_in_the_working_directory(run_process: Run) -> None:
    record = {"external_id": "0042", "catalog_product_id": PREMIUM_BASIC, "country_code": "BR"}
    ran = run_process(
        *("provision", "plan", "-", "--format", "ndjson", "--rate-limit", "off"),
        stdin=json.dumps(record).encode(),
    )
    assert 0 == ran.code, ran.err
    assert "in 1 row of standard input" in ran.out
    assert {"orders.plan.json"} == files()
