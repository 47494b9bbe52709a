"""Ctrl-C ends what a blocking call waits for, and the process goes on; exits are prompt."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
from scripts import RunScript

ACCOUNT = "a0000000-0000-4000-8000-000000000001"
STRICT = ("-Xdev", "-Werror")
CLIENT = f"""\
import logging, os, signal, sys, threading, time
from wixreseller import NO_TIMEOUT, Client, Hooks, Product, RateLimit, errors
logging.getLogger("wixreseller").addHandler(logging.NullHandler())
SETTINGS = dict(api_key="EMU.demo", account_id="{ACCOUNT}", base_url=sys.argv[1])
"""


class SilentServer:
    """Accept connections and requests, and never answer."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._connections: list[socket.socket] = []
        self.arrivals = threading.Semaphore(0)
        """Counts the pieces of requests that arrived."""
        self.ends = threading.Semaphore(0)
        """Counts the connections that the other side has closed."""
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def stop(self) -> None:
        """Close everything, and wait for all threads."""
        for one in (self._listener, *self._connections):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        for thread in self._threads:
            thread.join(60)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            self._threads.append(threading.Thread(target=self._hear, args=(connection,)))
            self._threads[-1].start()

    def _hear(self, connection: socket.socket) -> None:
        with connection:
            try:
                while connection.recv(65536):
                    self.arrivals.release()
            except ConnectionError:
                pass
        self.ends.release()


@pytest.fixture
def silent_server() -> Iterator[SilentServer]:
    """Run a server."""
    server = SilentServer()
    yield server
    server.stop()


def test_ctrl_c_while_wix_is_silent_closes_the_connection_and_tells_of_the_write(
    run_script: RunScript, silent_server: SilentServer
) -> None:
    result = run_script(
        CLIENT
        + """
def tell(event):
    print("unknown", event.was_cancelled)
client = Client(**SETTINGS, hooks=Hooks(on_unknown=tell))
product = Product(catalog_product_id="c0000000-0000-4000-8000-000000000001", country_code="BR")
try:
    client.packages.create([product])
except KeyboardInterrupt:
    print("interrupted", threading.main_thread() is threading.current_thread())
""",
        silent_server.url,
        interrupt_at=lambda: silent_server.arrivals.acquire(timeout=60),
        options=STRICT,
    )

    assert (0, "unknown True\ninterrupted True\n", "") == (
        result.returncode,
        result.stdout,
        result.stderr,
    )
    assert silent_server.ends.acquire(timeout=60)


def test_ctrl_c_while_waiting_for_the_rate_limit_ends_the_wait_and_takes_no_turn(
    run_script: RunScript, emulator_url: str
) -> None:
    result = run_script(
        CLIENT
        + """
client = Client(**SETTINGS, rate_limit=RateLimit(1, per=3600.0))
client.packages.query().collect()
try:
    threading.Timer(0.2, lambda: print("waiting", flush=True)).start()
    client.packages.query().collect()
except KeyboardInterrupt:
    print("interrupted")
try:
    Client(**SETTINGS, rate_limit=RateLimit(1, per=3600.0, max_wait=0.0)).packages.query().first()
except errors.PacingError as error:
    print("refused", error.attempts)
""",
        emulator_url,
        interrupt_at="waiting",
        options=STRICT,
    )

    assert (0, "waiting\ninterrupted\nrefused 0\n", "") == (
        result.returncode,
        result.stdout,
        result.stderr,
    )


def test_an_interrupt_that_nobody_catches_ends_the_process_as_python_does(
    run_script: RunScript, silent_server: SilentServer
) -> None:
    result = run_script(
        CLIENT
        + """
client = Client(**SETTINGS)
client.packages.query().collect()
""",
        silent_server.url,
        interrupt_at=lambda: silent_server.arrivals.acquire(timeout=60),
        options=STRICT,
    )

    assert "KeyboardInterrupt" == result.stderr.splitlines()[-1]
    assert 1 == result.stderr.count("Traceback")
    assert -2 == result.returncode


def test_dozens_of_interrupts_at_random_moments_leave_the_client_working(
    run_script: RunScript, emulator_url: str
) -> None:
    result = run_script(
        CLIENT
        + """
import random
client = Client(**SETTINGS, rate_limit=None)
began = time.monotonic()
for _ in range(10):
    client.packages.query().collect()
of_a_call = (time.monotonic() - began) / 10
main = threading.get_ident()
chance = random.Random(7)
over = threading.Event()
armed = threading.Event()
def interrupt():
    while not over.is_set():
        armed.wait(0.01)
        time.sleep(chance.random() * 2 * of_a_call)
        if armed.is_set():
            armed.clear()
            signal.pthread_kill(main, signal.SIGINT)
interrupting = threading.Thread(target=interrupt)
interrupting.start()
interrupted = 0
while interrupted < 60:
    try:
        armed.set()
        while True:
            client.packages.query().collect()
    except KeyboardInterrupt:
        interrupted += 1
over.set()
interrupting.join()
print(interrupted, client.packages.query().collect())
""",
        emulator_url,
        options=STRICT,
    )

    assert (0, "60 []\n", "") == (result.returncode, result.stdout, result.stderr)


@pytest.mark.parametrize(
    ("is_daemon", "timeout", "outcomes"),
    [
        # Its call is ended with the process: it hears of that, if it still runs by then.
        (True, "NO_TIMEOUT", [[], ["ClientClosedError"]]),
        # Python waits for such a thread, and so for its call.
        (False, "1.0", [["OutcomeUnknownError"]]),
    ],
)
def test_an_exit_while_wix_is_silent_waits_for_no_daemon_and_is_quiet(
    run_script: RunScript,
    silent_server: SilentServer,
    is_daemon: bool,
    timeout: str,
    outcomes: list[list[str]],
) -> None:
    result = run_script(
        CLIENT
        + f"""
sent = threading.Event()
client = Client(**SETTINGS, timeout={timeout}, hooks=Hooks(before_attempt=lambda event: sent.set()))
def call():
    try:
        client.packages.cancel("c0000000-0000-4000-8000-000000000001")
    except errors.WixResellerError as error:
        os.write(1, type(error).__name__.encode() + b"\\n")
threading.Thread(target=call, daemon={is_daemon}).start()
sent.wait()
os.write(1, b"leaving\\n")
""",
        silent_server.url,
        options=STRICT,
    )

    first, *rest = result.stdout.splitlines()
    assert (0, "leaving", "") == (result.returncode, first, result.stderr)
    assert rest in outcomes
