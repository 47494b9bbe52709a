"""Run scripts in processes of their own, which a watchdog kills with all their children.

The watchdog is for real hangs: it allows for a machine that is busy with something else.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import wixreseller

__all__ = ["ROOT", "WATCHDOG_SECONDS", "RunScript", "guarded", "run_script"]

ROOT = Path(wixreseller.__file__).parents[1]
WATCHDOG_SECONDS = 120

RunScript = Callable[..., subprocess.CompletedProcess[str]]


@contextmanager
def guarded(
    command: list[str], *, cwd: Path = ROOT, environment: dict[str, str] | None = None
) -> Generator[subprocess.Popen[str], None, None]:
    """Start a process group; it is killed at the end of the block, or by the watchdog before."""
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | (environment or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )

    def kill() -> None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return

    watchdog = threading.Timer(WATCHDOG_SECONDS, kill)
    watchdog.start()
    try:
        yield process
    finally:
        watchdog.cancel()
        kill()
        process.communicate()


def run_script(
    script: str,
    *arguments: str,
    interrupt_at: str | Callable[[], object] | None = None,
    options: tuple[str, ...] = ("-Werror",),
) -> subprocess.CompletedProcess[str]:
    """Run a script to its end, and give what it printed and its exit code.

    It is a file, so that processes which it spawns can import it. ``interrupt_at`` is
    the line at which, or a function after which, it is sent what Ctrl-C sends.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "script.py")
        path.write_text(textwrap.dedent(script))
        with guarded([sys.executable, *options, str(path), *arguments]) as process:
            seen = ""
            if isinstance(interrupt_at, str):
                assert process.stdout is not None
                seen = process.stdout.readline()
                assert seen == f"{interrupt_at}\n", process.communicate()[1]
            elif interrupt_at is not None:
                interrupt_at()
            if interrupt_at is not None:
                process.send_signal(signal.SIGINT)
            out, err = process.communicate()
    return subprocess.CompletedProcess(process.args, process.returncode, seen + out, err)
