"""Run commands, in this process and as processes of their own, against an emulator."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs
import pytest

from wixreseller import cli
from wixreseller.cli.profiles import config_path
from wixreseller.emulator import Emulator
from wixreseller.emulator.default_seed import PARENT_ACCOUNT, SUB_ACCOUNTS, default_seed
from wixreseller.testing import EmulatorThread

CANARY_KEY = "EMU.canary-3f1c9a"
ACCOUNT = SUB_ACCOUNTS[0]
WATCHDOG_SECONDS = 60.0


@attrs.frozen
class Ran:
    """Hold what a command left: its exit code and its output."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The only line of standard output, as JSON."""
        (record,) = self.records
        return record

    @property
    def records(self) -> list[Any]:
        """Standard output, as NDJSON."""
        return [json.loads(line) for line in self.out.splitlines()]


Run = Callable[..., Ran]
"""Run a command: ``run("packages", "query")``."""


@pytest.fixture
def emulator_url() -> Iterator[str]:
    """Run an emulator whose only key is the canary."""
    seed = default_seed()
    seed["apiKeys"] = [{"key": CANARY_KEY, "accountId": PARENT_ACCOUNT}]
    with EmulatorThread(Emulator(seed=seed, rate_limit="off")) as running:
        yield running.url


@pytest.fixture(autouse=True)
def environment(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    emulator_url: str,
) -> dict[str, str]:
    """Set the variables that reach the emulator, and work in an empty directory."""
    variables = {
        "WIX_API_KEY": CANARY_KEY,
        "WIX_ACCOUNT_ID": ACCOUNT,
        "WIXRESELLER_BASE_URL": emulator_url,
        # Where limits are counted; not in the folder that a test looks at.
        "XDG_STATE_HOME": str(tmp_path_factory.mktemp("state")),
        "XDG_CONFIG_HOME": str(tmp_path_factory.mktemp("config")),
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TERM", "WIXRESELLER_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    # From an empty directory processes would not find a checkout that is not installed.
    monkeypatch.setenv("PYTHONPATH", str(Path(cli.__file__).parents[2]))
    monkeypatch.chdir(tmp_path)
    return variables


@pytest.fixture
def run(capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Run a command in this process; no output may ever hold the key."""

    def run_command(*arguments: str) -> Ran:
        code = cli.main(arguments)
        captured = capfdbinary.readouterr()
        return checked(code, captured.out, captured.err)

    return run_command


@pytest.fixture
def run_process() -> Run:
    """Run a command as a process of its own; no output may ever hold the key."""

    def run_command(*arguments: str, stdin: bytes = b"", width: int | None = None) -> Ran:
        ended = subprocess.run(
            command_line(*arguments),
            input=stdin,
            capture_output=True,
            timeout=WATCHDOG_SECONDS,
            check=False,
            env={**os.environ, **({} if width is None else {"COLUMNS": str(width)})},
        )
        return checked(ended.returncode, ended.stdout, ended.stderr)

    return run_command


@pytest.fixture
def run_terminal() -> Run:
    """Run a command in a terminal of so many columns; ``out`` is all that the terminal gets."""

    def run_command(*arguments: str, width: int = 80, **variables: str) -> Ran:
        main, side = pty.openpty()
        fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
        process = subprocess.Popen(
            command_line(*arguments),
            stdin=side,
            stdout=side,
            stderr=side,
            env={**os.environ, "TERM": "xterm-256color", **variables},
        )
        os.close(side)
        try:
            out = b"".join(iter(lambda: _what_comes(main), b""))
            code = process.wait(timeout=WATCHDOG_SECONDS)
        finally:
            process.kill()
            os.close(main)
        return checked(code, out, b"")

    return run_command


def _what_comes(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:
        # Linux says so when nobody holds the other side any more.
        return b""


@pytest.fixture
def config(emulator_url: str) -> Callable[..., Path]:
    """Write the file of profiles; ``URL`` in it is the emulator's."""

    def write(text: str, mode: int = 0o600) -> Path:
        path = config_path()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("URL", emulator_url))
        path.chmod(mode)
        return path

    return write


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take key, account and address out of the environment."""
    for name in ("WIX_API_KEY", "WIX_ACCOUNT_ID", "WIXRESELLER_BASE_URL"):
        monkeypatch.delenv(name)


@pytest.fixture
def command() -> Callable[..., Sequence[str]]:
    """Give the command line that starts this checkout's command, with warnings as errors."""
    return command_line


def command_line(*arguments: str) -> Sequence[str]:
    return [sys.executable, "-W", "error", "-m", "wixreseller", *arguments]


def checked(code: int, out: bytes, err: bytes) -> Ran:
    """Refuse output that holds the key, or a traceback."""
    ran = Ran(code, out.decode(), err.decode())
    for text in (ran.out, ran.err):
        assert CANARY_KEY not in text
        assert "canary" not in text
        assert "Traceback" not in text, text
    return ran
