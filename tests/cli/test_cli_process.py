"""The command as people start it: a process of its own, with its streams, signals and exit code."""

from __future__ import annotations

import csv
import importlib.util
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

import pytest

from wixreseller import __main__ as entry
from wixreseller.emulator import Emulator
from wixreseller.emulator.default_seed import PREMIUM_BASIC
from wixreseller.testing import EmulatorControl, EmulatorThread

WATCHDOG_SECONDS = 60.0

Run = Callable[..., Any]


@pytest.mark.parametrize("width", [80, 140])
def test_the_demo_tells_its_story_when_piped_and_exits_0(run_process: Run, width: int) -> None:
    ran = run_process("demo", width=width)
    assert 0 == ran.code, ran.err
    text = " ".join(ran.out.split())
    assert "When it was killed, its journal held" in text
    assert "All 500 are done" in text
    assert "500 packages: one for each order, none missing and none twice" in text
    assert "500 existing, 0 to create" in text
    assert "All as claimed" in ran.out
    assert "\x1b" not in ran.out + ran.err
    assert max(len(line.rstrip()) for line in ran.out.splitlines()) <= width
    assert [] == list(Path().iterdir())


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_finishes_what_is_in_flight_says_how_to_go_on_and_exits_130(
    run: Run, command: Callable[..., Sequence[str]], stop: signal.Signals
) -> None:
    process = start_run(command, 20_000, "--rate-limit", "off")
    assert b"start" in next_line(process.stdout)
    assert b"outcome" in next_line(process.stdout)
    process.send_signal(stop)
    _, err = process.communicate(timeout=WATCHDOG_SECONDS)
    assert 130 == process.returncode, err
    assert b"Traceback" not in err
    assert b"stopping: what is in flight is being finished" in err
    resume = "-m wixreseller provision resume orders.plan.json --rate-limit off"
    assert re.search(rf"\n  python\S* {resume}\n", err.decode())
    existing = {item["id"] for item in run("packages", "query", "--json").records}
    assert existing == {row["package_id"] for row in results()}
    assert {"created"} == {row["outcome"] for row in results()}
    assert 0 < len(existing) < 20_000


def test_a_second_ctrl_c_ends_at_once_and_says_what_it_leaves_unknown(
    command: Callable[..., Sequence[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WIX_API_KEY", "EMU.demo")
    with EmulatorThread(Emulator(rate_limit="off")) as slow:
        monkeypatch.setenv("WIXRESELLER_BASE_URL", slow.url)
        control = EmulatorControl(slow.url)
        fault = control.add_fault(
            "delay", operation="createPackageV2", times=None, seconds=WATCHDOG_SECONDS
        )
        process = start_run(command, 3)
        assert b"provisioning 3 orders" in next_line(process.stderr)
        while control.fault(fault).hits == 0:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        assert b"stopping" in next_line(process.stderr)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert 4 == process.returncode, err
    assert b"Traceback" not in err
    assert {"unknown"} == {row["outcome"] for row in results()}
    # Its rows would be run again, by a plan that knows nothing of this one.
    assert not Path("orders.failed.csv").exists()
    assert b"orders.plan.json --resend-absent\n" in err


def start_run(
    command: Callable[..., Sequence[str]], orders: int, *options: str
) -> subprocess.Popen[bytes]:
    rows = (f"sub-{number},{PREMIUM_BASIC},BR,RECURRING,YEAR,1" for number in range(orders))
    header = "external_id,catalog_product_id,country_code,billing_type,cycle_unit,cycle_count"
    Path("orders.csv").write_text("\n".join([header, *rows]))
    return subprocess.Popen(
        command("provision", "run", "orders.csv", "--json", *options),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def next_line(stream: IO[bytes] | None) -> bytes:
    assert stream is not None
    return stream.readline()


def results() -> list[dict[str, str]]:
    with Path("orders.results.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("arguments", [(), ("provision",), ("provision", "apply")])
def test_help_comes_within_300_milliseconds_and_shows_every_command(
    run_process: Run, arguments: Sequence[str]
) -> None:
    # Of processor time, which is all that it takes: others may keep the machine busy.
    began = resource.getrusage(resource.RUSAGE_CHILDREN)
    shown = [run_process(*arguments, "--help") for _ in range(3)]
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert (ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime) / 3 < 0.3
    assert [0, 0, 0] == [ran.code for ran in shown]
    if not arguments:
        for name in ("audit", "demo", "emulator", "instances", "packages", "provision"):
            assert f"\n  {name} " in shown[0].out


HEAVY = {"aiohttp", "anyio", "asyncio", "cattrs", "platformdirs", "rich", "tomllib"}


@pytest.mark.parametrize(
    ("arguments", "heavy"),
    [
        (["--help"], HEAVY | {"attr", "logging"}),
        (["--profile", "none", "provision", "run", "--help"], HEAVY),
        (["doctor", "--help"], HEAVY),
    ],
)
def test_help_loads_nothing_that_it_does_not_need(arguments: list[str], heavy: set[str]) -> None:
    script = (
        f"import sys; from wixreseller import cli; cli.main({arguments}); "
        f"sys.exit(str(sorted({heavy} & set(sys.modules))))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=WATCHDOG_SECONDS,
        check=False,
    )
    assert "[]\n" == ended.stderr


def test_version_names_the_program(run_process: Run) -> None:
    from wixreseller import __version__

    assert f"wixreseller, version {__version__}\n" == run_process("--version").out


def test_the_emulator_starts_without_the_packages_of_the_command_line(
    command: Callable[..., Sequence[str]],
) -> None:
    blocked = "import sys; sys.modules['click'] = sys.modules['rich'] = None; "
    script = f"{blocked}sys.argv = ['wixreseller', 'emulator']; from wixreseller import __main__; "
    process = subprocess.Popen(
        [sys.executable, "-c", f"{script}__main__.main()"], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=WATCHDOG_SECONDS)
    assert line.startswith(b"listening on http://127.0.0.1:")
    assert 0 == process.returncode


def test_without_its_packages_it_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def find_nothing(_: str) -> None:
        return None

    monkeypatch.setattr(importlib.util, "find_spec", find_nothing)
    monkeypatch.setattr(sys, "argv", ["wixreseller", "demo"])
    with pytest.raises(SystemExit) as leaving:
        entry.main()
    assert 2 == leaving.value.code
    assert (
        "error: the command line needs click, platformdirs, rich: pip install 'wixreseller[cli]'\n"
        == capsys.readouterr().err
    )


def test_ctrl_c_while_it_loads_is_no_traceback() -> None:
    program = (
        "import sys\n"
        "class Interrupt:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'wixreseller.cli.app':\n"
        "            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupt())\n"
        "from wixreseller.__main__ import main\n"
        "main()\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, "--help"],
        capture_output=True,
        timeout=WATCHDOG_SECONDS,
        check=False,
    )
    assert (130, b"interrupted\n") == (ended.returncode, ended.stderr)


def test_the_emulator_is_reached_behind_global_options_too(run_process: Run) -> None:
    ran = run_process("--base-url", "http://127.0.0.1:1", "emulator", "--help")
    assert 0 == ran.code
    assert "--rate-limit N/SECONDS" in ran.out


def test_a_server_that_is_not_there_is_one_line_and_a_next_step_with_exit_code_1(
    run_process: Run,
) -> None:
    ran = run_process("--base-url", "http://127.0.0.1:1", "packages", "query")
    assert 1 == ran.code
    error, step = ran.err.splitlines()
    assert error.startswith("error: query_packages: ")
    assert "  next: nothing was changed; 'wixreseller doctor' finds out what is in the way" == step


def test_help_shows_text_and_no_marks_of_how_it_is_laid_out(run_process: Run) -> None:
    for arguments in ((), ("provision", "run"), ("audit",)):
        shown = run_process(*arguments, "--help").out
        assert "\\b" not in shown
        assert "\b" not in shown
