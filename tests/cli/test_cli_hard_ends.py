"""Runs that end hard: killed, without space, held by another. Each says what to do, and goes on."""

from __future__ import annotations

import csv
import errno
import json
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

import bulk_processes
import pytest
from bulk_processes import with_times

from wixreseller.cli import carrying_out
from wixreseller.emulator import Emulator
from wixreseller.emulator.default_seed import PREMIUM_BASIC
from wixreseller.testing import EmulatorControl, EmulatorThread

WATCHDOG_SECONDS = 60.0
SUPPORT = Path(bulk_processes.__file__).parent
HEADER = "external_id,catalog_product_id,country_code,billing_type,cycle_unit,cycle_count"
UNPACED = ("--rate-limit", "off")
RUN = ("provision", "run", "orders.csv", *UNPACED)
APPLY = ("provision", "apply", "orders.plan.json", *UNPACED)
RESUME = ("provision", "resume", "orders.plan.json", *UNPACED)
STATUS = ("provision", "status", "orders.plan.json")
# The disk is full where a file may not grow any more.
WITH_LITTLE_SPACE = (
    "import resource, signal, sys;"
    "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
    "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2);"
    "from wixreseller import cli; sys.exit(cli.main(sys.argv[2:]))"
)

Run = Callable[..., Any]
Command = Callable[..., Sequence[str]]


def write_orders(count: int) -> None:
    rows = (f"sub-{number},{PREMIUM_BASIC},BR,RECURRING,YEAR,1" for number in range(count))
    Path("orders.csv").write_text("\n".join([HEADER, *rows, ""]))


def next_line(stream: IO[bytes] | None) -> bytes:
    assert stream is not None
    return stream.readline()


def start(command: Sequence[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def sold(run: Run) -> Counter[str]:
    """Count the packages of each external id."""
    return Counter(item["externalId"] for item in run("packages", "query", "--json").records)


def each_once(count: int) -> Counter[str]:
    return Counter(f"sub-{number}" for number in range(count))


def test_a_run_that_was_killed_is_resumed_and_sells_each_order_once(
    run: Run, command: Command
) -> None:
    write_orders(2000)
    process = start(command(*RUN, "--json"))
    for _ in range(100):
        assert next_line(process.stdout)
    process.kill()
    process.communicate(timeout=WATCHDOG_SECONDS)
    told = run(*STATUS, "--json").json
    assert told["counts"]["done"] >= 90
    assert told["counts"]["planned"] > 0
    assert (None, 2000) == (told["holder"], told["orders"])
    assert "provision resume orders.plan.json" in run(*STATUS).err
    again = run(*RUN)
    assert (2, True) == (again.code, "and are not finished" in again.err)
    # What it left under way may not be seen before an attempt and the settle window are over.
    script, *times = with_times(window=1.0, timeout=5.0)
    program = [sys.executable, "-W", "error", str(SUPPORT / script), *times]
    ended = subprocess.run(
        [*program, *RESUME, "--resend-absent"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=WATCHDOG_SECONDS,
        check=False,
    )
    assert 0 == ended.returncode, ended.stderr
    assert each_once(2000) == sold(run)
    assert 0 == run("provision", "verify", "orders.plan.json", *UNPACED).code
    with Path("orders.results-2.csv").open(newline="") as file:
        assert 2000 == len(list(csv.DictReader(file)))


def test_a_second_apply_is_refused_with_the_holder_named(
    run: Run, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WIX_API_KEY", "EMU.demo")
    with EmulatorThread(Emulator(rate_limit="off")) as slow:
        monkeypatch.setenv("WIXRESELLER_BASE_URL", slow.url)
        EmulatorControl(slow.url).add_fault(
            "delay", operation="createPackageV2", seconds=WATCHDOG_SECONDS
        )
        write_orders(1)
        assert 0 == run("provision", "plan", "orders.csv", *UNPACED).code
        process = start(command(*APPLY))
        assert b"provisioning 1 order" in next_line(process.stderr)
        # Else it ends by itself when its request times out, and a busy machine may take as long.
        process.send_signal(signal.SIGSTOP)
        for other in (APPLY, RESUME):
            ran = run(*other)
            assert 2 == ran.code
            assert f"process {process.pid} on " in ran.err
        told = run(*STATUS, "--json").json
        assert f"process {process.pid} on " in told["holder"]
        assert f"running: process {process.pid} on " in run(*STATUS).err
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=WATCHDOG_SECONDS)
        assert run(*STATUS, "--json").json["holder"] is None
    assert {"orders.csv", "orders.plan.json", "orders.results.csv"} <= {
        path.name for path in Path().iterdir()
    }


@pytest.mark.parametrize("space", [150_000, 250_000])
def test_a_full_disk_stops_the_run_with_what_to_do_and_space_lets_it_go_on(
    run: Run, space: int
) -> None:
    write_orders(400)
    assert 0 == run("provision", "plan", "orders.csv", *UNPACED, "-o", "orders.plan.json").code
    # The plan is larger than what the run may write.
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", WITH_LITTLE_SPACE, str(space), *APPLY],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=WATCHDOG_SECONDS,
        check=False,
    )
    error = ended.stderr.decode()
    counts = run(*STATUS, "--json").json["counts"]
    assert (4 if counts["intent"] else 5) == ended.returncode, error
    assert "Traceback" not in error
    assert "stopped: a file cannot be written: the journal orders.plan.journal cannot be" in error
    assert "is it full?" in error or "free some space" in error
    assert "provision resume orders.plan.json" in error
    assert counts["planned"] > 0
    assert 0 == run(*RESUME).code
    assert each_once(400) == sold(run)


def test_a_full_disk_makes_no_order_be_told_twice(run: Run) -> None:
    write_orders(400)
    assert 0 == run("provision", "plan", "orders.csv", *UNPACED, "-o", "orders.plan.json").code
    # From the second time on they exist, and are told before the journal can be written.
    for space in range(120_000, 260_000, 12_000):
        Path("orders.plan.journal").unlink(missing_ok=True)
        ended = subprocess.run(
            [sys.executable, "-W", "error", "-c", WITH_LITTLE_SPACE, str(space), *APPLY, "--json"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=WATCHDOG_SECONDS,
            check=False,
        )
        events = map(json.loads, ended.stdout.splitlines())
        told = Counter(event["external_id"] for event in events if event["event"] == "outcome")
        assert {1} >= {*told.values()}, space
        # "400 orders in less than 1 s: 18 created, 382 not sent"
        if summed_up := re.search(rb"\n400 orders in [^:]*: (.*)\n", ended.stderr):
            assert 400 == sum(map(int, re.findall(rb"[0-9]+", summed_up[1]))), summed_up


@pytest.mark.parametrize("count", [5, 40])
def test_what_was_carried_out_and_not_told_is_in_the_sum_and_resume_tells_it(
    run: Run, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    def print_event(event: str, **_: object) -> None:
        if event == "outcome":  # as `| head -1` does it
            raise BrokenPipeError(errno.EPIPE, "Broken pipe", "standard output")

    write_orders(count)
    with monkeypatch.context() as patched:
        patched.setattr(carrying_out, "_print_event", print_event)
        ran = run(*RUN, "--json")
    assert 5 == ran.code
    done, planned = (run(*STATUS, "--json").json["counts"][state] for state in ("done", "planned"))
    assert [count, sum(sold(run).values())] == [done + planned, done]
    assert done > 1
    left = f", {planned} not sent" if planned else ""
    assert f": 1 created, {done - 1} not in the results{left}\n" in ran.err
    assert "provision resume orders.plan.json --rate-limit off\n" in ran.err
    assert 0 == run(*RESUME).code
    with Path("orders.results-2.csv").open(newline="") as file:
        assert ["created"] * count == [row["outcome"] for row in csv.DictReader(file)]
    assert each_once(count) == sold(run)


@pytest.mark.parametrize("content", [b"this is no database", b"SQLite format 3\0" + b"x" * 5000])
def test_a_journal_that_cannot_be_trusted_exits_2_and_sends_nothing(
    run: Run, content: bytes
) -> None:
    write_orders(2)
    run("provision", "plan", "orders.csv", *UNPACED)
    Path("orders.plan.journal").write_bytes(content)
    for command in (APPLY, RESUME, STATUS):
        ran = run(*command)
        assert 2 == ran.code
        assert "error: the journal orders.plan.journal cannot be used" in ran.err
    assert Counter() == sold(run)


def test_two_applies_with_one_key_keep_to_the_limit_together(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WIX_API_KEY", "EMU.demo")
    limit = ("--rate-limit", "30/2")
    with EmulatorThread(Emulator(rate_limit="30/2")) as busy:
        monkeypatch.setenv("WIXRESELLER_BASE_URL", busy.url)
        for half in ("one", "two"):
            rows = (f"{half}-{number},{PREMIUM_BASIC},BR,RECURRING,YEAR,1" for number in range(40))
            Path(f"{half}.csv").write_text("\n".join([HEADER, *rows, ""]))
        both = [
            start(command("provision", "run", f"{half}.csv", *limit)) for half in ("one", "two")
        ]
        for process in both:
            _, error = process.communicate(timeout=WATCHDOG_SECONDS)
            assert 0 == process.returncode, error
            assert b"40 created" in error
        statuses = Counter(request.status for request in EmulatorControl(busy.url).requests())
    assert {200: 84} == statuses


def test_after_a_journal_that_is_lost_the_same_orders_are_run_under_another_name(run: Run) -> None:
    write_orders(2)
    assert 0 == run(*RUN).code
    Path("orders.plan.journal").write_bytes(b"this is no database")
    assert "plan the same order file again, under another name" in run(*RESUME).err
    assert "name another plan with -o" in run("provision", "plan", "orders.csv").err
    assert 0 == run(*RUN, "-o", "again.json").code
    assert each_once(2) == sold(run)
