"""A client is made without what its calls need, and everything is as if it had been there."""

# pyright: reportPrivateUsage=false
from __future__ import annotations

import gc
import threading
import time
import weakref
from pathlib import Path

import pytest
from scripts import RunScript

from wixreseller import (
    AsyncClient,
    Client,
    ClientClosedError,
    Hooks,
    RateLimit,
    _pacing_file,
)
from wixreseller._clock import Clock
from wixreseller._first_use import LateModule, at_first_use

ACCOUNT = "a0000000-0000-4000-8000-000000000001"
URL = "http://127.0.0.1:1"
SETTINGS = f'api_key="EMU.demo", account_id="{ACCOUNT}", base_url=sys.argv[1]'
LOADED = """
HEAVY = {"aiohttp", "asyncio", "cattrs", "multidict", "orjson", "ssl", "yarl"}
def loaded():
    return sorted(HEAVY & sys.modules.keys())
"""


# --- what is loaded -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["AsyncClient", "Client"])
def test_making_a_client_and_views_of_it_loads_nothing_heavy(
    run_script: RunScript, name: str
) -> None:
    result = run_script(
        f"""
import sys
{LOADED}
from wixreseller import {name}, Hooks, RateLimit, RetryPolicy
client = {name}({SETTINGS}, hooks=Hooks(), rate_limit=RateLimit(100), retry=RetryPolicy())
view = client.for_account("{ACCOUNT}").with_options(timeout=1.0, rate_limit=None)
print(repr(view)[:8] in ("AsyncCli", "Client(a"), loaded())
""",
        URL,
    )

    assert (0, "True []\n", "") == (result.returncode, result.stdout, result.stderr)


@pytest.mark.parametrize(
    "use",
    [
        "with Client(**settings): print('aiohttp' in loaded())",
        "Client(**settings).packages; print('aiohttp' in loaded())",
        "asyncio.run(enter())",
    ],
)
def test_with_and_a_look_at_packages_load_what_calls_need(run_script: RunScript, use: str) -> None:
    result = run_script(
        f"""
import asyncio, sys
{LOADED}
from wixreseller import AsyncClient, Client
settings = dict({SETTINGS})
async def enter():
    async with AsyncClient(**settings):
        print("aiohttp" in loaded())
{use}
""",
        URL,
    )

    assert (0, "True\n", "") == (result.returncode, result.stdout, result.stderr)


def test_closing_a_client_that_was_never_used_begins_no_thread_and_loads_nothing_heavy(
    run_script: RunScript,
) -> None:
    result = run_script(
        f"""
import sys, threading
{LOADED}
from wixreseller import Client
client = Client({SETTINGS})
client.with_options(timeout=1.0).close()
client.close()
client.close()
print(loaded(), threading.active_count())
""",
        URL,
    )

    assert (0, "[] 1\n", "") == (result.returncode, result.stdout, result.stderr)


def test_many_threads_that_make_the_first_call_at_once_use_the_same_connections(
    run_script: RunScript, emulator_url: str
) -> None:
    result = run_script(
        f"""
import sys, threading
from wixreseller import Client
client = Client({SETTINGS})
begin = threading.Barrier(8)
answers, transports, errors = [], set(), []
def call():
    try:
        begin.wait()
        answers.append(len(client.for_account("{ACCOUNT}").packages.query().collect()))
        transports.add(id(client._impl._wiring.link.transport))
    except BaseException as error:
        errors.append(error)
threads = [threading.Thread(target=call) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(answers, len(transports), errors)
client.close()
""",
        emulator_url,
    )

    expected = f"{[0] * 8} 1 []\n"
    assert (0, expected, "") == (result.returncode, result.stdout, result.stderr)


@pytest.mark.parametrize("leaves_by", ["os._exit(0)", "sys.exit(0)"])
def test_views_made_before_a_fork_make_their_first_calls_in_the_child(
    run_script: RunScript, emulator_url: str, leaves_by: str
) -> None:
    result = run_script(
        f"""
import os, sys
from wixreseller import Client
client = Client({SETTINGS})
view = client.for_account("{ACCOUNT}")
child = os.fork()
packages = view.packages.query().collect()
if child == 0:
    {leaves_by}
_, status = os.waitpid(child, 0)
print(packages, status, client.packages.find("sub-1"))
""",
        emulator_url,
        options=("-Xdev", "-Werror", "-Wignore:This process:DeprecationWarning"),
    )

    assert (0, "[] 0 None\n", "") == (result.returncode, result.stdout, result.stderr)


@pytest.mark.parametrize("name", ["AsyncClient", "Client"])
def test_what_was_loaded_late_ends_as_quietly_as_what_was_loaded_at_the_beginning(
    run_script: RunScript, emulator_url: str, tmp_path: Path, name: str
) -> None:
    result = run_script(
        f"""
import asyncio, logging, sys
from wixreseller import AsyncClient, Client, RateLimit
logging.getLogger("asyncio").setLevel("ERROR")  # else it complains of slow machines
settings = dict({SETTINGS}, rate_limit=RateLimit(shared="{tmp_path / "limit"}"))
async def main():
    async with AsyncClient(**settings) as client:
        print(await client.packages.find("sub-1"))
if "{name}" == "Client":
    client = Client(**settings)
    print(client.packages.find("sub-1"))
else:
    asyncio.run(main())
""",
        emulator_url,
        options=("-Xdev", "-Werror"),
    )

    assert (0, "None\n", "") == (result.returncode, result.stdout, result.stderr)


async def test_a_shared_limit_uses_nothing_of_its_module_as_python_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slots = _pacing_file.FileSlots(tmp_path / "limit", 1, 60.0, Clock())
    await slots.take()
    with monkeypatch.context() as patch:
        # Modules that were loaded late lose their names before those that were loaded early.
        patch.setattr(_pacing_file, "contextlib", None)
        vars(_pacing_file.FileSlots)["__del__"](slots, lambda: True)
    slots.__del__()

    assert slots._file is None


# --- what clients share -------------------------------------------------------------------------


def made(**options: object) -> AsyncClient:
    return AsyncClient(api_key="EMU.demo", account_id=ACCOUNT, base_url=URL, **options)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_creates_are_remembered_by_a_client_that_was_there_though_it_was_not_used() -> None:
    idle, busy = made(), made()
    recent = weakref.ref(busy._calls.recent)
    del busy
    gc.collect()

    assert recent() is idle._calls.recent


@pytest.mark.parametrize("is_used", [False, True])
def test_views_share_connections_and_memory_whether_their_client_was_used(is_used: bool) -> None:
    client = made()
    if is_used:
        _ = client.packages
    view = client.for_account(ACCOUNT).with_options(hooks=Hooks(), rate_limit=RateLimit(7))

    assert view._calls.memory is client._calls.memory
    assert view._wiring.link.transport is client._wiring.link.transport
    assert view._calls.executor is not client._calls.executor


def test_a_view_whose_limit_counts_the_same_is_carried_out_alike() -> None:
    client = made()
    patient, impatient = client.with_options(timeout=1.0), RateLimit(200, max_wait=0.0)

    assert client._calls.executor is patient._calls.executor
    assert client._calls.executor is client.with_options(rate_limit=impatient)._calls.executor


# --- closed before it was used ------------------------------------------------------------------


async def test_an_async_client_closed_before_its_first_call_refuses_calls_as_do_its_views() -> None:
    client = made()
    view = client.for_account(ACCOUNT)
    await view.aclose()
    await client.aclose()

    for closed in (client, view):
        with pytest.raises(ClientClosedError):
            await closed.packages.get(ACCOUNT)


def test_a_blocking_client_closed_before_its_first_call_refuses_calls() -> None:
    client = Client(api_key="EMU.demo", account_id=ACCOUNT, base_url=URL)
    client.close()

    with pytest.raises(ClientClosedError):
        client.packages.get(ACCOUNT)


# --- the mechanism ------------------------------------------------------------------------------


class Thing:
    """Make a part, and count how often."""

    def __init__(self) -> None:
        self.count = 0
        self.is_broken = False

    @at_first_use
    def part(self) -> object:
        """The part."""
        self.count += 1
        for _ in range(100):
            time.sleep(0)  # let other threads come in between, if they can
        if self.is_broken:
            raise OSError("broken")
        return object()

    @at_first_use
    def inner(self) -> list[int]:
        """What needs itself while it is made, as a signal handler may."""
        self.count += 1
        return [self.count] if self.count > 1 else [*self.inner, 0]


def test_a_part_is_made_once_whichever_threads_ask() -> None:
    thing, begin = Thing(), threading.Barrier(8)
    parts: list[object] = []

    def ask() -> None:
        begin.wait()
        parts.append(thing.part)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (1, {thing.part}) == (thing.count, set(parts))


def test_a_part_that_could_not_be_made_is_tried_again() -> None:
    thing = Thing()
    thing.is_broken = True
    with pytest.raises(OSError, match="broken"):
        _ = thing.part
    thing.is_broken = False

    assert thing.part is thing.part


def test_of_a_part_that_is_asked_for_while_it_is_made_the_first_one_stays() -> None:
    assert [2] == Thing().inner


def test_a_part_is_documented_and_listed_where_editors_look() -> None:
    assert ("The part.", True) == (Thing.part.__doc__, "part" in dir(Thing()))
    assert {"packages", "product_instances"} <= set(dir(made()))


def test_a_late_module_gives_way_to_the_module_when_something_of_it_is_asked_for() -> None:
    import colorsys

    names: dict[str, object] = {}
    names["colorsys"] = late = LateModule("colorsys", names)

    assert late.rgb_to_hls is colorsys.rgb_to_hls
    assert names["colorsys"] is colorsys
