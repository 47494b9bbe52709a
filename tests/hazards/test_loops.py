"""An async client serves any number of loops and threads, and says so if it is never closed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from scripts import RunScript, guarded

ACCOUNT = "a0000000-0000-4000-8000-000000000001"
STRICT = ("-Xdev", "-Werror")
CLIENT = f"""\
import asyncio, gc, logging, sys, threading
logging.getLogger("asyncio").setLevel("ERROR")  # else it complains of slow machines
from wixreseller import AsyncClient
SETTINGS = dict(api_key="EMU.demo", account_id="{ACCOUNT}", base_url=sys.argv[1])
client = AsyncClient(**SETTINGS)
async def call():
    return len(await client.packages.query().collect())
"""
CLOSE = "asyncio.run(client.aclose())\n"


def test_one_client_serves_five_runs_each_of_which_leaves_nothing_open(
    run_script: RunScript, emulator_url: str
) -> None:
    result = run_script(
        CLIENT + "print([asyncio.run(call()) for _ in range(5)])\n" + CLOSE,
        emulator_url,
        options=STRICT,
    )

    assert (0, "[0, 0, 0, 0, 0]\n", "") == (result.returncode, result.stdout, result.stderr)


def test_one_client_serves_the_loops_of_two_threads_at_once(
    run_script: RunScript, emulator_url: str
) -> None:
    result = run_script(
        CLIENT
        + """
seen = []
gate = threading.Barrier(2)
async def many():
    await asyncio.to_thread(gate.wait)
    seen.extend(await asyncio.gather(*(call() for _ in range(20))))
threads = [threading.Thread(target=asyncio.run, args=(many(),)) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(seen), sum(seen))
"""
        + CLOSE,
        emulator_url,
        options=STRICT,
    )

    assert (0, "40 0\n", "") == (result.returncode, result.stdout, result.stderr)


def test_a_client_is_closed_from_another_loop_while_its_own_runs(
    run_script: RunScript, emulator_url: str
) -> None:
    result = run_script(
        CLIENT
        + """
ready, closed = threading.Event(), threading.Event()
async def stay():
    await call()
    ready.set()
    await asyncio.to_thread(closed.wait)
thread = threading.Thread(target=asyncio.run, args=(stay(),))
thread.start()
ready.wait()
asyncio.run(client.aclose())
closed.set()
thread.join()
print("closed")
""",
        emulator_url,
        options=STRICT,
    )

    assert (0, "closed\n", "") == (result.returncode, result.stdout, result.stderr)


def test_loops_that_were_closed_and_nothing_more_stand_in_nobodys_way(
    run_script: RunScript, emulator_url: str
) -> None:
    # asyncio warns of the sockets that such a loop leaves.
    result = run_script(
        CLIENT
        + """
for number in range(3):
    loop = asyncio.new_event_loop()
    print(loop.run_until_complete(call()))
    loop.close()
"""
        + CLOSE,
        emulator_url,
        options=("-Wignore::ResourceWarning",),
    )

    assert (0, "0\n" * 3, "") == (result.returncode, result.stdout, result.stderr)


def test_a_client_of_a_module_serves_tests_that_have_a_loop_each(
    emulator_url: str, tmp_path: Path
) -> None:
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nasyncio_mode = auto\nfilterwarnings = error\n"
        "asyncio_default_fixture_loop_scope = function\n"
    )
    (tmp_path / "test_shop.py").write_text(f"""\
import pytest
from wixreseller import AsyncClient
client = AsyncClient(api_key="EMU.demo", account_id="{ACCOUNT}", base_url="{emulator_url}")
@pytest.mark.parametrize("number", range(5))
async def test_call(number):
    assert [] == await client.packages.query().collect()
async def test_close():
    await client.aclose()
""")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    with guarded(command, cwd=tmp_path) as process:
        said, complained = process.communicate()

    assert (0, "") == (process.returncode, complained), said
    assert "6 passed" in said


LEAKS = {
    "a name that goes away": "asyncio.run(call())\ndel client\n",
    "a cycle": "asyncio.run(call())\nclient.itself = client\ndel client\ngc.collect()\n",
    "the end of the process": "asyncio.run(call())\n",
    "a name inside the loop": """
async def forget():
    global client
    await call()
    del client
    await asyncio.sleep(0.01)
asyncio.run(forget())
""",
    "the end of the loop": """
async def forget():
    global client
    await call()
    del client
asyncio.run(forget())
""",
    "five loops": "[asyncio.run(call()) for _ in range(5)]\n",
}


@pytest.mark.parametrize("leak", LEAKS)
def test_a_client_that_was_never_closed_gives_one_warning_that_names_its_maker(
    run_script: RunScript, emulator_url: str, leak: str
) -> None:
    result = run_script(
        CLIENT + LEAKS[leak], emulator_url, options=("-Wdefault", "-Xtracemalloc=0")
    )

    warnings = [line for line in result.stderr.splitlines() if "Warning" in line]
    assert 1 == len(warnings), result.stderr
    assert "script.py:5: ResourceWarning: an AsyncClient was never closed" in warnings[0]
    assert warnings[0].endswith("script.py:5")


@pytest.mark.parametrize(
    "ending",
    [
        "",  # never used
        "asyncio.run(call())\n" + CLOSE,
        "async def use():\n    async with client:\n        await call()\nasyncio.run(use())\n",
        "from wixreseller import Client\nlen(Client(**SETTINGS).packages.query().collect())\n",
    ],
)
def test_clients_that_were_closed_never_used_or_block_give_no_warning(
    run_script: RunScript, emulator_url: str, ending: str
) -> None:
    result = run_script(CLIENT + ending, emulator_url, options=STRICT)

    assert (0, "", "") == (result.returncode, result.stdout, result.stderr)
