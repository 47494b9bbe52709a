"""Children forked, spawned or begun by a fork server make calls, as does their parent; quietly."""

from __future__ import annotations

import os
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme
from scripts import RunScript

ACCOUNT = "a0000000-0000-4000-8000-000000000001"
# Everything that Python can complain of, at exit too. That it warns of forks of processes with
# threads, from 3.12 on, is not ours to hide.
STRICT = ("-Xdev", "-Werror", "-Wignore:This process:DeprecationWarning")
CLIENT = f"""\
import asyncio, gc, logging, multiprocessing, os, ssl, sys, threading
logging.getLogger("asyncio").setLevel("ERROR")  # else it complains of slow machines
from wixreseller import AsyncClient, Client, Hooks
SETTINGS = dict(api_key="EMU.demo", account_id="{ACCOUNT}", base_url=sys.argv[1])
client = Client(**SETTINGS)
def call(number=0):
    return len(client.packages.query().collect())
def end(child):
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
"""

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.parametrize("before", ["pass", "call()"])
def test_pools_of_processes_make_calls_however_they_are_started(
    run_script: RunScript, emulator_url: str, method: str, before: str
) -> None:
    result = run_script(
        CLIENT
        + f"""
if __name__ == "__main__":
    {before}
    with multiprocessing.get_context("{method}").Pool(3) as pool:
        print(pool.map(call, range(12)), call())
        pool.close()
        pool.join()
""",
        emulator_url,
        options=STRICT,
    )

    assert (0, f"{[0] * 12} 0\n", "") == (result.returncode, result.stdout, result.stderr)


@needs_fork
@pytest.mark.parametrize("in_the_child", ["call()", "client.close()", "del client; gc.collect()"])
@pytest.mark.parametrize("leaves_by", ["os._exit(0)", "sys.exit(0)"])
def test_a_child_complains_of_nothing_that_is_its_parents(
    run_script: RunScript, emulator_url: str, in_the_child: str, leaves_by: str
) -> None:
    result = run_script(
        CLIENT
        + f"""
call()
child = os.fork()
if child == 0:
    {in_the_child}
    {leaves_by}
print(end(child), call())
""",
        emulator_url,
        options=STRICT,
    )

    assert (0, "0 0\n", "") == (result.returncode, result.stdout, result.stderr)


@needs_fork
def test_a_child_of_a_child_makes_calls(run_script: RunScript, emulator_url: str) -> None:
    result = run_script(
        CLIENT
        + """
call()
child = os.fork()
if child == 0:
    call()
    grandchild = os.fork()
    if grandchild == 0:
        call()
        sys.exit(0)
    sys.exit(end(grandchild))
print(end(child), call())
""",
        emulator_url,
        options=STRICT,
    )

    assert (0, "0 0\n", "") == (result.returncode, result.stdout, result.stderr)


@needs_fork
def test_children_forked_while_many_threads_call_make_calls_and_the_threads_go_on(
    run_script: RunScript, emulator_url: str
) -> None:
    result = run_script(
        CLIENT
        + """
client = Client(**SETTINGS, rate_limit=None)
over = threading.Event()
failures = []
def work():
    while not over.is_set():
        try:
            call()
        except BaseException as error:
            failures.append(error)
            raise
threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads:
    thread.start()
codes = []
for _ in range(10):
    call()
    child = os.fork()
    if child == 0:
        call()
        sys.stdout.flush()
        os._exit(0)
    codes.append(end(child))
over.set()
for thread in threads:
    thread.join()
print(codes, failures)
""",
        emulator_url,
        options=STRICT,
    )

    assert (0, f"{[0] * 10} []\n", "") == (result.returncode, result.stdout, result.stderr)


@needs_fork
def test_a_child_forked_while_a_create_is_written_down_creates(
    run_script: RunScript, emulator_url: str
) -> None:
    result = run_script(
        CLIENT
        + """
from wixreseller import BillingInfo, CycleUnit, Product
order = Product(
    catalog_product_id="c0000000-0000-4000-8000-000000000001",
    country_code="BR",
    billing_info=BillingInfo.recurring(1, CycleUnit.YEAR),
)
client.packages.create([order], external_id="sub-1")
held, over = threading.Event(), threading.Event()
def hold():
    with client._impl._calls.recent._lock:
        held.set()
        over.wait()
holding = threading.Thread(target=hold)
holding.start()
held.wait()
child = os.fork()
if child == 0:
    client.packages.create([order], external_id="sub-2")
    client.packages.ensure([order], external_id="sub-3")
    os._exit(0)
code = end(child)
over.set()
holding.join()
print(code, call())
""",
        emulator_url,
        options=STRICT,
    )

    assert (0, "0 3\n", "") == (result.returncode, result.stdout, result.stderr)


@needs_fork
def test_hooks_and_key_functions_run_in_a_child_too(
    run_script: RunScript, emulator_url: str
) -> None:
    result = run_script(
        CLIENT
        + """
told = []
client = Client(
    **SETTINGS | dict(api_key=lambda: "EMU.demo"), hooks=Hooks(before_attempt=told.append)
)
call()
child = os.fork()
call()
if child == 0:
    sys.exit(0 if len(told) == 2 else 1)
print(end(child), len(told))
""",
        emulator_url,
        options=STRICT,
    )

    assert (0, "0 2\n", "") == (result.returncode, result.stdout, result.stderr)


@needs_fork
def test_an_async_client_is_left_alone_by_children_of_its_loop(
    run_script: RunScript, emulator_url: str
) -> None:
    result = run_script(
        CLIENT
        + """
async def main():
    async with AsyncClient(**SETTINGS) as client:
        async def call():
            return len(await client.packages.query().collect())
        await call()
        child = os.fork()
        if child == 0:
            def in_a_loop_of_its_own():
                asyncio.run(call())
            thread = threading.Thread(target=in_a_loop_of_its_own)
            thread.start()
            thread.join()
            os._exit(0)
        print(await asyncio.to_thread(end, child), await call())
asyncio.run(main())
""",
        emulator_url,
        options=("-Xdev", "-Wignore:This process:DeprecationWarning"),
    )

    assert (0, "0 0\n", "") == (result.returncode, result.stdout, result.stderr)


@needs_fork
def test_a_child_that_ends_takes_no_connection_from_a_loop_in_another_thread_of_its_parent(
    run_script: RunScript, emulator_url: str
) -> None:
    result = run_script(
        CLIENT
        + """
loop = asyncio.new_event_loop()
thread = threading.Thread(target=loop.run_forever)
thread.start()
def run(work):
    return asyncio.run_coroutine_threadsafe(work, loop).result()
client = AsyncClient(**SETTINGS, timeout=20.0)
async def call():
    return len(await client.packages.query().collect())
async def connections():
    lanes = client._wiring.link.transport._lanes
    return len([t for lane in lanes for t in lane.session.connector._open])
run(call())
child = os.fork()
if child == 0:
    client = None
    gc.collect()
    sys.exit(0)
print(end(child), run(call()), run(connections()))
run(client.aclose())
run(loop.shutdown_asyncgens())
loop.call_soon_threadsafe(loop.stop)
thread.join()
loop.close()
""",
        emulator_url,
        options=("-Wignore:This process:DeprecationWarning",),
    )

    assert (0, "0 0 1\n", "") == (result.returncode, result.stdout, result.stderr)


PACKAGE = b'{"packages": [], "metadata": {"count": 0, "cursors": {}, "hasNext": false}}'


class SecureServer:
    """Answer over TLS with no packages, and count connections."""

    def __init__(self, certificate: trustme.LeafCert) -> None:
        self.connections = 0
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                server.connections += 1
                super().setup()

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(200)
                self.send_header("Content-Length", str(len(PACKAGE)))
                self.end_headers()
                self.wfile.write(PACKAGE)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)  # pyright: ignore[reportUnknownMemberType]  # OpenSSL
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def stop(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Give a certificate authority."""
    return trustme.CA()


@pytest.fixture
def secure_server(authority: trustme.CA) -> Iterator[SecureServer]:
    """Run a server."""
    server = SecureServer(authority.issue_cert("127.0.0.1"))
    yield server
    server.stop()


@needs_fork
@pytest.mark.parametrize(
    "in_the_child", ["os._exit(0)", "call()", "client.close()", "del client; gc.collect()"]
)
def test_a_tls_connection_outlives_a_child_and_is_not_used_by_it(
    run_script: RunScript,
    secure_server: SecureServer,
    authority: trustme.CA,
    tmp_path: Path,
    in_the_child: str,
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))

    result = run_script(
        CLIENT
        + f"""
client = Client(**SETTINGS, ssl=ssl.create_default_context(cafile=sys.argv[2]))
call()
child = os.fork()
if child == 0:
    {in_the_child}
    sys.exit(0)
print(end(child), call())
""",
        secure_server.url,
        str(tmp_path / "ca.pem"),
        options=STRICT,
    )

    assert (0, "0 0\n", "") == (result.returncode, result.stdout, result.stderr)
    assert 1 + (in_the_child == "call()") == secure_server.connections
