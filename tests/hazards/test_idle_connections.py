"""A server that closes idle connections makes no call fail that begins a moment after the close."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Iterator

import pytest
from scripts import RunScript

GUID = "0a1b2c3d-0000-4000-8000-0123456789ab"
PACKAGE = b'{"package": {"id": "%s", "productInstances": []}}' % GUID.encode()
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(PACKAGE), PACKAGE)
IDLE_SECONDS = 0.2
ROUNDS = 8


class ImpatientServer:
    """Answer with a package, and close connections that were idle for a while, without a word."""

    def __init__(self) -> None:
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._control = socket.create_server(("127.0.0.1", 0))
        self.control_port = str(self._control.getsockname()[1])
        """Where whoever connects is sent a byte for each close."""
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def stop(self) -> None:
        """Stop, and wait for all threads."""
        for listener in (self._listener, self._control):
            listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(60)
        self._listener.close()
        self._control.close()

    def _accept(self) -> None:
        try:
            watcher, _ = self._control.accept()
        except OSError:
            return
        with watcher:
            self._accept_requests(watcher)

    def _accept_requests(self, watcher: socket.socket) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            arguments = (connection, watcher)
            self._threads.append(threading.Thread(target=self._serve, args=arguments))
            self._threads[-1].start()

    def _serve(self, connection: socket.socket, watcher: socket.socket) -> None:
        with connection:
            # A request of these tests arrives in one piece, and is the only one under way.
            while select.select([connection], [], [], IDLE_SECONDS)[0] and connection.recv(65536):
                connection.sendall(ANSWER)
        try:
            watcher.sendall(b"x")
        except OSError:  # the script has ended
            return


@pytest.fixture
def impatient_server() -> Iterator[ImpatientServer]:
    """Run a server."""
    server = ImpatientServer()
    yield server
    server.stop()


CALLS = {
    "read": "client.packages.get(GUID)",
    "write": "client.packages.cancel(GUID)",
}
SCRIPT = f"""\
import asyncio, socket, sys, time
from wixreseller import AsyncClient, Client
GUID = "{GUID}"
SETTINGS = dict(api_key="EMU.demo", account_id=GUID, base_url=sys.argv[1], rate_limit=None)
control = socket.create_connection(("127.0.0.1", int(sys.argv[2])))
def wait_for_the_close():
    assert control.recv(1)
AFTER_THE_CLOSE = 0.1  # what is promised
"""


@pytest.mark.parametrize("call", CALLS)
def test_no_blocking_call_fails_after_a_close(
    run_script: RunScript, impatient_server: ImpatientServer, call: str
) -> None:
    result = run_script(
        SCRIPT
        + f"""
with Client(**SETTINGS) as client:
    for _ in range({ROUNDS}):
        assert {CALLS[call]}.meta.attempts == 1
        wait_for_the_close()
        time.sleep(AFTER_THE_CLOSE)
control.close()
""",
        impatient_server.url,
        impatient_server.control_port,
    )

    assert (0, "") == (result.returncode, result.stderr)
    assert ROUNDS == impatient_server.connections


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "pause",
    [
        "await asyncio.to_thread(wait_for_the_close); await asyncio.sleep(AFTER_THE_CLOSE)",
        "wait_for_the_close(); time.sleep(AFTER_THE_CLOSE)",
    ],
    ids=["the loop runs", "the loop stands still"],
)
def test_no_awaited_call_fails_after_a_close(
    run_script: RunScript, impatient_server: ImpatientServer, call: str, pause: str
) -> None:
    result = run_script(
        SCRIPT
        + f"""
async def main():
    async with AsyncClient(**SETTINGS) as client:
        for _ in range({ROUNDS}):
            assert (await {CALLS[call]}).meta.attempts == 1
            {pause}
asyncio.run(main())
control.close()
""",
        impatient_server.url,
        impatient_server.control_port,
    )

    assert (0, "") == (result.returncode, result.stderr)
    assert ROUNDS == impatient_server.connections
