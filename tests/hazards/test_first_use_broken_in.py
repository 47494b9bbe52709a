"""What breaks in while a client loads what its calls need leaves nothing half done."""

from __future__ import annotations

import pytest
from scripts import RunScript

ACCOUNT = "a0000000-0000-4000-8000-000000000001"
MEANWHILE = f"""
import os, signal, sys, threading
from wixreseller import Client, ClientClosedError, SyncUsageError
settings = dict(api_key="EMU.demo", account_id="{ACCOUNT}", base_url=sys.argv[1])
client = Client(**settings)
class Meanwhile:
    \"\"\"Do something once, when a module is about to be loaded.\"\"\"
    def __init__(self, module, act):
        self.module, self.act, self.is_done = module, act, False
    def find_spec(self, name, path=None, target=None):
        if name == self.module and not self.is_done:
            self.is_done = True
            self.act()
"""
BESIDE = "threading.Thread(target=threading.Event().wait, daemon=True).start()"
"""Another thread could hear a signal, so the main one may not load."""
THREADS = {"alone": "", "beside another thread": BESIDE}
MODULES = ["asyncio.events", "uuid", "orjson", "aiohttp.client", "wixreseller._transport"]


@pytest.mark.parametrize("threads", [*THREADS])
@pytest.mark.parametrize("module", MODULES)
def test_after_ctrl_c_in_the_first_call_the_next_one_works(
    run_script: RunScript, emulator_url: str, module: str, threads: str
) -> None:
    result = run_script(
        f"""{MEANWHILE}
{THREADS[threads]}
interrupt = Meanwhile("{module}", lambda: os.kill(os.getpid(), signal.SIGINT))
sys.meta_path.insert(0, interrupt)
try:
    client.packages.find("sub-1")
except KeyboardInterrupt:
    print("interrupted")
print(client.packages.find("sub-1"), interrupt.is_done)
client.close()
""",
        emulator_url,
    )

    expected = "interrupted\nNone True\n"
    assert (0, expected, "") == (result.returncode, result.stdout, result.stderr)


@pytest.mark.parametrize("threads", [*THREADS])
@pytest.mark.parametrize("module", MODULES)
def test_a_signal_handler_may_make_the_same_call_in_the_middle_of_the_first_one(
    run_script: RunScript, emulator_url: str, module: str, threads: str
) -> None:
    result = run_script(
        f"""{MEANWHILE}
{THREADS[threads]}
signal.signal(signal.SIGALRM, lambda *_: print(client.packages.query().collect()))
sys.meta_path.insert(0, Meanwhile("{module}", lambda: os.kill(os.getpid(), signal.SIGALRM)))
print(client.packages.find("sub-1"))
client.close()
""",
        emulator_url,
    )

    assert (0, "[]\nNone\n", "") == (result.returncode, result.stdout, result.stderr)


@pytest.mark.parametrize("threads", [*THREADS])
def test_ctrl_c_while_the_first_async_call_loads_ends_it_before_anything_is_sent(
    run_script: RunScript, emulator_url: str, threads: str
) -> None:
    result = run_script(
        f"""{MEANWHILE}
import asyncio
from wixreseller import AsyncClient
{THREADS[threads]}
async def main():
    async with AsyncClient(**settings) as client:
        print("entered")
        await client.packages.find("sub-1")
        print("not reached")
interrupt = Meanwhile("wixreseller._transport", lambda: os.kill(os.getpid(), signal.SIGINT))
sys.meta_path.insert(0, interrupt)
try:
    asyncio.run(main())
except KeyboardInterrupt:
    print("interrupted", interrupt.is_done)
""",
        emulator_url,
    )

    expected = "entered\ninterrupted True\n"
    assert (0, expected, "") == (result.returncode, result.stdout, result.stderr)


@pytest.mark.parametrize("module", ["orjson", "wixreseller.not_there"])
def test_signals_wait_for_loading_only_and_the_users_own_mask_stays(
    run_script: RunScript, emulator_url: str, module: str
) -> None:
    result = run_script(
        f"""{MEANWHILE}
from wixreseller._first_use import LateModule
def waiting():
    return sorted(signal.pthread_sigmask(signal.SIG_BLOCK, []))
signal.signal(signal.SIGUSR1, print)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
seen = []
sys.meta_path.insert(0, Meanwhile("{module}", lambda: seen.append(signal.SIGINT in waiting())))
try:
    LateModule("{module}", {{}}).anything
except (AttributeError, ImportError):
    print(seen, waiting() == [signal.SIGUSR1])
""",
        emulator_url,
    )

    assert (0, "[True] True\n", "") == (result.returncode, result.stdout, result.stderr)


def test_no_thread_of_ours_nor_what_it_starts_has_signals_waiting(
    run_script: RunScript, emulator_url: str
) -> None:
    result = run_script(
        f"""{MEANWHILE}
import subprocess
seen = {{}}
SHOW = "import signal; print(len(signal.pthread_sigmask(signal.SIG_BLOCK, [])))"
def key():
    seen[threading.current_thread().name] = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    started = subprocess.run([sys.executable, "-c", SHOW], capture_output=True, text=True)
    seen["process"] = started.stdout.strip()
    return "EMU.demo"
client = Client(**settings | dict(api_key=key))
print(client.packages.find("sub-1"), seen)
loop = next(thread for thread in threading.enumerate() if thread.name == "wixreseller")
print(signal.pthread_sigmask(signal.SIG_BLOCK, []))
with open(f"/proc/self/task/{{loop.native_id}}/status") as file:
    print(next(line.split()[1] for line in file if line.startswith("SigBlk")).strip("0") or "none")
client.close()
""",
        emulator_url,
    )

    expected = "None {'wixreseller-worker': set(), 'process': '0'}\nset()\nnone\n"
    assert (0, expected, "") == (result.returncode, result.stdout, result.stderr)


def test_a_destructor_in_the_middle_of_it_is_refused_a_call_and_does_not_hang(
    run_script: RunScript, emulator_url: str
) -> None:
    result = run_script(
        f"""{MEANWHILE}
other = Client(**settings)
class Owner:
    def __del__(self):
        try:
            other.request("GET", "/", write=False)
        except SyncUsageError as error:
            print(str(error).partition(":")[0])
        other.close()
sys.meta_path.insert(0, Meanwhile("aiohttp.client", Owner))
print(client.packages.find("sub-1"))
client.close()
""",
        emulator_url,
    )

    refused = (
        "a blocking call was made while what calls need was being loaded on this thread, by a "
        "destructor, say"
    )
    expected = f"{refused}\nNone\n"
    assert (0, expected, "") == (result.returncode, result.stdout, result.stderr)


def test_a_first_call_by_a_destructor_at_shutdown_is_refused_and_closing_is_quiet(
    run_script: RunScript,
) -> None:
    result = run_script(
        f"""{MEANWHILE}
class Owner:
    def __init__(self):
        self.itself = self
    def __del__(self):
        try:
            client.packages.find("sub-1")
        except ClientClosedError as error:
            print(error)
        client.close()
owner = Owner()
""",
        "http://127.0.0.1:1",
    )

    expected = "the interpreter is shutting down; nothing was sent\n"
    assert (0, expected, "") == (result.returncode, result.stdout, result.stderr)


# A server of one's own; once a request has come, nothing more can be loaded.
AFTER_SENDING = f"""
import asyncio, socket, sys, threading
from wixreseller import AsyncClient, Hooks
server = socket.create_server(("127.0.0.1", 0))
is_sent = threading.Event()
class NothingMore:
    def find_spec(self, name, path=None, target=None):
        if is_sent.is_set():
            raise OSError(24, "Too many open files", name)
sys.meta_path.insert(0, NothingMore())
told = []
async def on_unknown(event):
    told.append(type(event.error).__name__)
async def cancel(**options):
    async with AsyncClient(
        api_key="EMU.demo",
        account_id="{ACCOUNT}",
        base_url=f"http://127.0.0.1:{{server.getsockname()[1]}}",
        hooks=Hooks(on_unknown=on_unknown),
        if_unknown="raise",
    ) as client:
        try:
            await client.packages.cancel("{ACCOUNT}", **options)
        except BaseException as error:
            print(type(error).__name__, told)
def take():
    connection, _ = server.accept()
    connection.recv(65536)
    is_sent.set()
    return connection
"""
HEAD = "HTTP/1.1 %s\\r\\nContent-Length: %d\\r\\n%s\\r\\n"
ANSWERS = {
    "none": "",
    "half of one": HEAD % ("200 OK", 20, "") + "{}",
    "one that cannot be read": HEAD % ("200 OK", 2, "") + "{}",
    "a broken server's": HEAD % ("500 Broken", 2, "") + "{}",
    "a throttling one": HEAD % ("429 Slow", 2, "Retry-After: 9\\r\\n") + "{}",
}


@pytest.mark.parametrize("answer", [*ANSWERS])
def test_whatever_the_answer_to_a_write_nothing_has_to_be_loaded_after_it(
    run_script: RunScript, answer: str
) -> None:
    result = run_script(
        f"""{AFTER_SENDING}
def serve():
    while True:
        connection = take()
        connection.sendall(b"{ANSWERS[answer]}")
        connection.shutdown(socket.SHUT_RDWR)
threading.Thread(target=serve, daemon=True).start()
asyncio.run(cancel(deadline=4.0))
""",
        "-",
    )

    is_unknown = answer != "a throttling one"
    unknown, throttled = "OutcomeUnknownError ['OutcomeUnknownError']\n", "RateLimitError []\n"
    assert (0, unknown if is_unknown else throttled) == (result.returncode, result.stdout)


@pytest.mark.parametrize(
    ("cut_short_by", "error"), [("cancel", "CancelledError"), ("deadline", "OutcomeUnknownError")]
)
def test_what_is_cut_short_after_it_was_sent_is_told_without_loading_anything(
    run_script: RunScript, cut_short_by: str, error: str
) -> None:
    result = run_script(
        f"""{AFTER_SENDING}
async def main():
    options = {{"deadline": 0.5}} if "{cut_short_by}" == "deadline" else {{}}
    call = asyncio.ensure_future(cancel(**options))
    connection = await asyncio.get_running_loop().run_in_executor(None, take)
    if "{cut_short_by}" == "cancel":
        call.cancel()
    await call
    connection.close()
asyncio.run(main())
""",
        "-",
    )

    expected = f"{error} ['OutcomeUnknownError']\n"
    assert (0, expected) == (result.returncode, result.stdout)
