"""Processes together keep to a limit, whatever becomes of one of them, and forks do not hang.

Every process runs under a watchdog; every wait for one has an end.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from wixreseller import RateLimit
from wixreseller._clock import Clock
from wixreseller._pacing import Pacer, WouldWaitError
from wixreseller._pacing_file import LEASE

ROOT = Path(__file__).parents[2]
REQUESTS, WINDOW = 40, 1.0
WATCHDOG = 60  # seconds

Process = subprocess.Popen[str]
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
# Takes turns and asks the server for each, several at a time, for so many requests.
WORKER = f"""
import asyncio, faulthandler, sys
faulthandler.dump_traceback_later({WATCHDOG}, exit=True)
from wixreseller import RateLimit
from wixreseller._clock import Clock
from wixreseller._pacing import pacer_for

path, port, requests = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
limit = RateLimit({REQUESTS}, per={WINDOW}, shared=path)
pacer = pacer_for("http://127.0.0.1", b"key", limit, Clock())

async def ask():
    turn = await pacer.take()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.0\\r\\n\\r\\n")
    status = (await reader.readline()).split()[1]
    await reader.read()
    writer.close()
    pacer.give_back(turn, throttled=status == b"429")

async def main():
    left = iter(range(requests))
    async def worker():
        for _ in left:
            await ask()
    print("ready", flush=True)
    sys.stdin.readline()
    await asyncio.gather(*(worker() for _ in range(8)))

asyncio.run(main())
print("done", flush=True)
"""


class Counter:
    """Refuse what exceeds the limit within any window, and remember when what arrived."""

    def __init__(self) -> None:
        self.arrived: list[float] = []
        self.refused = 0
        self._lock = threading.Lock()

    def accepts(self) -> bool:
        """Count one request."""
        with self._lock:
            now = time.monotonic()
            accepted = len(self.arrived) < REQUESTS or now - self.arrived[-REQUESTS] >= WINDOW
            self.arrived.append(now)
            self.refused += not accepted
            return accepted


@contextmanager
def counting_server() -> Generator[tuple[Counter, int], None, None]:
    counter = Counter()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if counter.accepts() else 429)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 100
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield counter, server.server_address[1]
        finally:
            server.shutdown()
            thread.join(timeout=WATCHDOG)


@contextmanager
def processes(
    path: Path, port: int, number: int, requests: int
) -> Generator[list[Process], None, None]:
    """Start workers, and let them go when all are ready."""
    started = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", WORKER, str(path), str(port), str(requests)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(number)
    ]
    try:
        for process in started:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in started:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        yield started
    finally:
        for process in started:
            process.kill()
            process.communicate(timeout=WATCHDOG)


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + WATCHDOG
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.005)


def test_four_processes_together_meet_no_429_and_use_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "limit"
    with counting_server() as (counter, port), processes(path, port, 4, 50) as workers:
        ended = [worker.communicate(timeout=WATCHDOG) for worker in workers]

    assert [("done\n", "")] * 4 == ended
    assert (200, 0) == (len(counter.arrived), counter.refused)
    # Five windows of forty: a generous bound, for it shows only that nobody waits for nothing.
    assert counter.arrived[-1] - counter.arrived[0] < 4 * WINDOW + LEASE / 2


def test_killing_one_of_four_makes_the_others_meet_no_429(tmp_path: Path) -> None:
    path = tmp_path / "limit"
    with counting_server() as (counter, port), processes(path, port, 4, 50) as workers:
        wait_until(lambda: len(counter.arrived) >= 60)
        workers[0].kill()
        ended = [worker.communicate(timeout=WATCHDOG) for worker in workers[1:]]

    assert [("done\n", "")] * 3 == ended
    assert counter.refused == 0


HOLDER = f"""
import asyncio, signal, sys
signal.alarm({WATCHDOG})
from wixreseller import RateLimit
from wixreseller._clock import Clock
from wixreseller._pacing import Pacer

async def main():
    pacer = Pacer(RateLimit({REQUESTS}, per={WINDOW}, shared=sys.argv[1]), Clock())
    for _ in range({REQUESTS}):
        await pacer.take(max_wait=0)
    print("holding", flush=True)
    sys.stdin.read()

asyncio.run(main())
"""


@needs_fork
async def test_all_slots_of_a_killed_process_come_back_long_before_their_lease_ends(
    tmp_path: Path,
) -> None:
    path = tmp_path / "limit"
    holder = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-c", HOLDER, str(path)),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    assert b"holding\n" == await holder.stdout.readline()
    pacer = Pacer(RateLimit(REQUESTS, per=WINDOW, shared=path), Clock())
    with pytest.raises(WouldWaitError):
        await pacer.take(max_wait=0)
    holder.kill()
    await holder.wait()

    turns = [await pacer.take(max_wait=LEASE / 2) for _ in range(REQUESTS)]

    assert WINDOW / 2 < turns[0].waited < LEASE / 2


def run(code: str, *arguments: str) -> str:
    done = subprocess.run(
        [
            sys.executable,
            "-W",
            "error",
            "-W",
            "ignore:This process:DeprecationWarning",
            "-c",
            code,
            *arguments,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=WATCHDOG,
    )
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout


FORK = """
import asyncio, os, signal, sys, threading
signal.alarm(30)
from wixreseller import RateLimit
from wixreseller._clock import Clock
from wixreseller._pacing import WouldWaitError, pacer_for

def make(limit=RateLimit(2, per=1000.0, shared=sys.argv[1] if sys.argv[1:] else None)):
    return pacer_for("http://127.0.0.1", b"key", limit, Clock())

async def use(pacer, keep=False):
    try:
        turn = await pacer.take(max_wait=0)
    except WouldWaitError:
        return "refused"
    if not keep:
        pacer.give_back(turn)
    return "taken"

def child(work):
    sys.stdout.flush()
    number = os.fork()
    if number == 0:
        signal.alarm(30)
        work()
        sys.stdout.flush()
        os._exit(0)
    assert os.waitpid(number, 0)[1] == 0
"""


@needs_fork
def test_a_child_inherits_the_slots_taken_and_no_lock() -> None:
    out = run(
        FORK
        + """
pacer = make()
asyncio.run(use(pacer, keep=True))
held, release = threading.Event(), threading.Event()
def hold():
    with pacer._key.lock:
        held.set()
        release.wait()
thread = threading.Thread(target=hold)
thread.start()
held.wait()
def work():
    print(asyncio.run(use(pacer)), asyncio.run(use(pacer)), make() is pacer)
child(work)
release.set()
thread.join()
"""
    )

    assert "taken refused True\n" == out


@needs_fork
def test_a_turn_taken_before_a_fork_and_given_back_in_the_child_changes_nothing_there() -> None:
    out = run(
        FORK
        + """
pacer = make()
turn = asyncio.run(pacer.take())
def work():
    pacer.give_back(turn, unsent=True)
    print(asyncio.run(use(pacer)), asyncio.run(use(pacer)))
child(work)
"""
    )

    assert "taken refused\n" == out


@needs_fork
def test_a_forked_child_shares_the_file_with_its_parent_under_a_lock_of_its_own(
    tmp_path: Path,
) -> None:
    out = run(
        FORK
        + """
pacer = make()
asyncio.run(use(pacer))
def work():
    is_own = pacer._shared._file is None
    print(asyncio.run(use(pacer)), asyncio.run(use(pacer)), is_own)
child(work)
print(asyncio.run(use(pacer)))
""",
        str(tmp_path / "limit"),
    )

    assert "taken refused True\nrefused\n" == out


@needs_fork
def test_a_child_forked_while_the_parent_locks_the_file_waits_for_it_and_no_longer(
    tmp_path: Path,
) -> None:
    out = run(
        FORK
        + """
pacer = make()
asyncio.run(use(pacer))
with pacer._shared._locked():
    read, write = os.pipe()
    sys.stdout.flush()
    number = os.fork()
    if number == 0:
        signal.alarm(30)
        async def asked():
            task = asyncio.create_task(pacer.take())
            await asyncio.sleep(0.02)  # the parent has the lock all this time
            os.write(write, b"waiting" if not task.done() else b"locked!")
            await task
            os.write(write, b" taken")
        asyncio.run(asked())
        os._exit(0)
    print(os.read(read, 7).decode(), end="")
print(os.read(read, 7).decode())
assert os.waitpid(number, 0)[1] == 0
""",
        str(tmp_path / "limit"),
    )

    assert "waiting taken\n" == out
