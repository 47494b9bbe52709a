"""Run ways in processes of their own, in turns, so that whatever else runs hits all alike."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import IO, Final, Literal

from benchmarks.framework.questions import Row, Way

__all__ = [
    "ROOT",
    "ask",
    "canned_server",
    "child",
    "fresh_in_turns",
    "in_turns",
    "run_program",
    "whole_in_turns",
]

ROOT: Final = Path(__file__).parents[2]
_EVERY: Final = 3
"""A slow way takes part in every third round."""
_WATCHDOG: Final = 600.0

Clock = Literal["cpu", "wall"]


@contextlib.contextmanager
def canned_server(processor: int | None = None) -> Generator[str, None, None]:
    """Run the server with the canned answers, and give its address."""
    command = [sys.executable, "-m", "benchmarks.canned_server"]
    with child(command) as process:
        _settle(process, processor)
        yield _line(process)


def in_turns(
    module: str,
    ways: Sequence[Way],
    url: str,
    *,
    rounds: int,
    scale: float,
    clock: Clock = "cpu",
    processor: int | None = None,
) -> list[Row]:
    """Let each way make rounds, one after the other. Values are seconds by ``scale``.

    ``processor`` is the number of the only one that the ways may run on, where the system has such
    a thing.
    """
    values: dict[str, list[float]] = {way.name: [] for way in ways}
    with contextlib.ExitStack() as stack:
        children: dict[str, subprocess.Popen[str]] = {}
        for way in ways:
            command = [sys.executable, "-m", "benchmarks.framework.child", module, way.name, url]
            process = children[way.name] = stack.enter_context(child(command))
            _settle(process, processor)
        for process in children.values():
            _line(process)
        for number in range(rounds):
            for way in ways:
                if not way.is_slow or number % _EVERY == 0:
                    seconds = json.loads(ask(children[way.name]))
                    values[way.name].append(seconds[clock] * scale)
    return [Row(name=way.name, work=way.work, values=values[way.name]) for way in ways]


def fresh_in_turns(
    programs: Mapping[str, tuple[str, str]], url: str, *, rounds: int, scale: float
) -> list[Row]:
    """Run programs in turns, each time in a new process.

    ``programs`` are texts in Python by name, with what they do; each prints the seconds that it
    measured of itself. A first time is not counted: it writes the byte code.
    """
    values: dict[str, list[float]] = {name: [] for name in programs}
    for number in range(rounds + 1):
        for name, (_, program) in programs.items():
            seconds = float(run_program([sys.executable, "-c", program, url]))
            if number:
                values[name].append(seconds * scale)
    return [Row(name=name, work=work, values=values[name]) for name, (work, _) in programs.items()]


def whole_in_turns(
    commands: Mapping[str, tuple[str, Sequence[str]]], *, rounds: int, scale: float, clock: Clock
) -> list[Row]:
    """Run commands in turns, and measure whole processes, their start included."""
    values: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, (_, command) in commands.items():
            began, began_cpu = time.perf_counter(), _cpu_of_children()
            run_program(command)
            cpu, wall = _cpu_of_children() - began_cpu, time.perf_counter() - began
            if number:
                values[name].append((cpu if clock == "cpu" else wall) * scale)
    return [Row(name=name, work=work, values=values[name]) for name, (work, _) in commands.items()]


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _environment() -> dict[str, str]:
    # The package may be installed or not: what is measured is this tree.
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    # Byte code is written as in any installation: to compile anew each time is not what one sees.
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": path}


def run_program(command: Sequence[str]) -> str:
    """Run a program of ours and give what it printed."""
    done = subprocess.run(  # noqa: S603  # our own programs
        command,
        cwd=ROOT,
        env=_environment(),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=_WATCHDOG,
    )
    return done.stdout


@contextlib.contextmanager
def child(command: Sequence[str]) -> Generator[subprocess.Popen[str], None, None]:
    """Begin a program of ours that goes on when it is asked, and ends with its input."""
    process = subprocess.Popen(  # noqa: S603  # our own modules
        command,
        cwd=ROOT,
        env=_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
        process.communicate("", timeout=60)
    finally:
        process.kill()
        process.wait()


def _settle(process: subprocess.Popen[str], processor: int | None) -> None:
    if processor is not None and hasattr(os, "sched_setaffinity"):
        ours = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(process.pid, {ours[processor]})


def ask(process: subprocess.Popen[str]) -> str:
    """Let a child go on, and give the line that it then prints."""
    _open(process.stdin).write("\n")
    _open(process.stdin).flush()
    return _line(process)


def _line(process: subprocess.Popen[str]) -> str:
    line = _open(process.stdout).readline()
    if not line:
        raise RuntimeError(f"a process of the bench ended early: {process.args!r}")
    return line.strip()


def _open(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe
