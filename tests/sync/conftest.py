"""Give tests of the blocking client processes of their own, under a watchdog."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import wixreseller

ROOT = Path(wixreseller.__file__).parents[1]
WATCHDOG_SECONDS = 30

RunScript = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run_script() -> RunScript:
    """Run a script in a process of its own, which a watchdog kills with all its children."""

    def run(
        script: str,
        *arguments: str,
        interrupt_at: str | None = None,
        options: tuple[str, ...] = ("-Werror",),
    ) -> subprocess.CompletedProcess[str]:
        process = subprocess.Popen(
            [sys.executable, *options, "-c", textwrap.dedent(script), *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        watchdog = threading.Timer(WATCHDOG_SECONDS, os.killpg, (process.pid, signal.SIGKILL))
        watchdog.start()
        try:
            seen = ""
            if interrupt_at is not None:
                assert process.stdout is not None
                seen = process.stdout.readline()
                assert seen == f"{interrupt_at}\n"
                process.send_signal(signal.SIGINT)
            out, err = process.communicate()
        finally:
            watchdog.cancel()
        return subprocess.CompletedProcess(process.args, process.returncode, seen + out, err)

    return run
