"""Blocking clients keep their connections right: shared, closed in time, and safe from forks."""

from __future__ import annotations

import copy
import os
import pickle
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from wixreseller import Client, errors
from wixreseller.sync._portal import Portal

GUID = "0a1b2c3d-0000-4000-8000-0123456789ab"
PACKAGE = b'{"package": {"id": "%s", "productInstances": []}}' % GUID.encode()
WATCHDOG_SECONDS = 30
# Python 3.12 and later warn of every fork of a process with threads. Warnings are no errors here,
# for aiohttp's destructors warn of the sessions that a child has from its parent.
FORKING = ("-Wignore:This process:DeprecationWarning",)


class ThreadServer:
    """Answer every request with a package, with one thread for each connection."""

    def __init__(self) -> None:
        self.hangs_up = False
        """Whether a connection is closed, unannounced, after its first answer."""
        self.hung_up = threading.Semaphore(0)
        self.connections = 0
        self.arrived = threading.Semaphore(0)
        self.may_answer = threading.Event()
        self.may_answer.set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept)]
        self._open: list[socket.socket] = []
        self._threads[0].start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def stop(self) -> None:
        """Close everything, and wait for all threads."""
        self.may_answer.set()
        for one in (self._listener, *self._open):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        for thread in self._threads:
            thread.join(WATCHDOG_SECONDS)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            self._threads.append(threading.Thread(target=self._serve, args=(connection,)))
            self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(PACKAGE)}\r\n\r\n".encode()
        with connection:
            # Requests of these tests have no body, and no two are under way in one connection.
            while connection.recv(65536):
                self.arrived.release()
                self.may_answer.wait(WATCHDOG_SECONDS)
                connection.sendall(head + PACKAGE)
                if self.hangs_up:
                    break
        self.hung_up.release()


@pytest.fixture
def thread_server() -> Iterator[ThreadServer]:
    """Run a raw server."""
    server = ThreadServer()
    yield server
    server.stop()


def test_a_client_is_closed_on_the_loop_when_the_last_part_of_it_is_gone(
    thread_server: ThreadServer,
) -> None:
    view = client_of(thread_server).for_account(GUID)
    packages = view.packages
    del view
    packages.get(GUID)
    assert not thread_server.hung_up.acquire(blocking=False)

    del packages

    assert thread_server.hung_up.acquire(timeout=10)


def test_closing_twice_is_fine_and_a_call_after_it_is_refused(thread_server: ThreadServer) -> None:
    with client_of(thread_server) as client:
        client.packages.get(GUID)
    client.close()

    with pytest.raises(errors.ClientClosedError):
        client.packages.get(GUID)


def test_a_client_shows_its_own_name_and_no_key_and_refuses_pickling_and_copying() -> None:
    client = Client(api_key="EMU.secret", account_id=GUID, base_url="http://127.0.0.1:1")

    assert f"Client(account_id='{GUID}', base_url='http://127.0.0.1:1')" == repr(client)
    for copier in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="not pickled"):
            copier(client)


def test_closing_a_view_closes_nothing(thread_server: ThreadServer) -> None:
    with client_of(thread_server) as client:
        client.for_account(GUID).close()

        client.packages.get(GUID)


def test_a_server_that_closes_idle_connections_is_noticed(thread_server: ThreadServer) -> None:
    thread_server.hangs_up = True
    with client_of(thread_server) as client:
        for _ in range(20):
            # A write: on a connection that is closed already it would fail, not be sent again.
            client.packages.cancel(GUID)
            assert thread_server.hung_up.acquire(timeout=10)
            # Two passes of the loop: the first sees the end of the connection, the second acts.
            Portal(nothing).call(nothing)
            Portal(nothing).call(nothing)

    assert 20 == thread_server.connections


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("leaves_by", ["os._exit(0)", "sys.exit(0)"])
def test_a_forked_child_that_ends_leaves_its_parents_connection_alone(
    thread_server: ThreadServer,
    run_script: Callable[..., subprocess.CompletedProcess[str]],
    leaves_by: str,
) -> None:
    result = run_script(
        f"""
        import gc, os, sys
        from wixreseller import Client
        client = Client(api_key="EMU.demo", account_id="{GUID}", base_url=sys.argv[1])
        client.packages.get("{GUID}")
        child = os.fork()
        if child == 0:
            client.close()
            del client
            gc.collect()
            {leaves_by}
        _, status = os.waitpid(child, 0)
        assert status == 0, status
        client.packages.get("{GUID}")
        """,
        thread_server.url,
        options=FORKING,
    )

    assert (0, "", "") == (result.returncode, result.stdout, result.stderr)
    assert 1 == thread_server.connections


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_call_under_way_outlives_a_child_forked_meanwhile(
    thread_server: ThreadServer,
    run_script: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path: Path,
) -> None:
    def answer_after_the_child() -> None:
        thread_server.arrived.acquire(timeout=WATCHDOG_SECONDS)
        # The script opens the other end, and forks when this one is opened.
        arrived.open("w").close()
        # The child's own call is the second: it has a connection of its own.
        thread_server.arrived.acquire(timeout=WATCHDOG_SECONDS)
        thread_server.may_answer.set()

    arrived = tmp_path / "arrived"
    os.mkfifo(arrived)
    thread_server.may_answer.clear()
    answering = threading.Thread(target=answer_after_the_child)
    answering.start()
    result = run_script(
        f"""
        import os, sys, threading
        from wixreseller import Client
        client = Client(api_key="EMU.demo", account_id="{GUID}", base_url=sys.argv[1])
        under_way = threading.Thread(target=client.packages.cancel, args=("{GUID}",))
        under_way.start()
        open(sys.argv[2]).close()
        child = os.fork()
        if child == 0:
            client.packages.get("{GUID}")
            sys.exit(0)
        under_way.join()
        _, status = os.waitpid(child, 0)
        assert status == 0, status
        """,
        thread_server.url,
        str(arrived),
        options=FORKING,
    )
    answering.join(WATCHDOG_SECONDS)

    assert (0, "", "") == (result.returncode, result.stdout, result.stderr)
    assert 2 == thread_server.connections


async def nothing() -> None:
    """Do nothing."""


def client_of(server: ThreadServer) -> Client:
    """Give a client of the server."""
    return Client(api_key="EMU.demo", account_id=GUID, base_url=server.url, rate_limit=None)
