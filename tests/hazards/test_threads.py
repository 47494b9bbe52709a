"""One blocking client serves many threads, destructors, and code beside a running loop."""

from __future__ import annotations

import pytest
from scripts import RunScript

ACCOUNT = "a0000000-0000-4000-8000-000000000001"
STRICT = ("-Xdev", "-Werror")
CLIENT = f"""\
import asyncio, atexit, contextvars, gc, os, sys, threading, time, warnings
from wixreseller import BillingInfo, Client, CycleUnit, Hooks, Product, SyncUsageError
PRODUCT = Product(
    catalog_product_id="c0000000-0000-4000-8000-000000000001",
    country_code="BR",
    billing_info=BillingInfo.recurring(1, CycleUnit.YEAR),
)
SETTINGS = dict(
    api_key="EMU.demo", account_id="{ACCOUNT}", base_url=sys.argv[1], rate_limit=None
)
client = Client(**SETTINGS)
def call():
    return len(client.packages.query().collect())
"""


def test_sixty_four_threads_share_one_client_and_each_gets_its_own_answers(
    run_script: RunScript, emulator_url: str
) -> None:
    result = run_script(
        CLIENT
        + """
seen, failures = [], []
gate = threading.Barrier(64)
def work(number):
    try:
        gate.wait()
        names = [f"thread-{number}-{turn}" for turn in range(5)]
        made = [client.packages.create([PRODUCT], external_id=name) for name in names]
        found = [client.packages.get(package.id).external_id for package in made]
        seen.append(found == names)
    except BaseException as error:
        failures.append(error)
threads = [threading.Thread(target=work, args=(number,)) for number in range(64)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(seen), all(seen), failures, call())
""",
        emulator_url,
        options=STRICT,
    )

    assert (0, "64 True [] 320\n", "") == (result.returncode, result.stdout, result.stderr)


def test_a_destructor_may_call_whenever_it_runs(run_script: RunScript, emulator_url: str) -> None:
    result = run_script(
        CLIENT
        + """
class Careless:
    def __del__(self):
        print(call())
careless = Careless()
del careless
careless = Careless()
careless.cycle = careless
del careless
gc.collect()
print("goes on", call())
""",
        emulator_url,
        options=STRICT,
    )

    assert (0, "0\n0\ngoes on 0\n", "") == (result.returncode, result.stdout, result.stderr)


def test_a_destructor_on_the_loops_own_thread_is_refused_and_hangs_nothing(
    run_script: RunScript, emulator_url: str
) -> None:
    result = run_script(
        CLIENT
        + """
class Careless:
    def __del__(self):
        try:
            call()
        except SyncUsageError:
            print("refused")
async def hook(event):
    careless = Careless()
client = Client(**SETTINGS, hooks=Hooks(before_attempt=hook))
print(call())
""",
        emulator_url,
        options=STRICT,
    )

    assert (0, "refused\n0\n", "") == (result.returncode, result.stdout, result.stderr)


def test_blocking_hooks_and_key_functions_may_call_and_see_the_callers_context(
    run_script: RunScript, emulator_url: str
) -> None:
    result = run_script(
        CLIENT
        + """
user = contextvars.ContextVar("user")
other = Client(**SETTINGS)
seen = []
def hook(event):
    found = len(other.packages.query().collect())
    seen.append((user.get(), threading.current_thread().name, found))
def key():
    seen.append(user.get())
    return "EMU.demo"
client = Client(**SETTINGS | dict(api_key=key), hooks=Hooks(before_attempt=hook))
user.set("ann")
call()
print(seen)
""",
        emulator_url,
        options=STRICT,
    )

    assert "[('ann', 'wixreseller-worker', 0), 'ann']\n" == result.stdout
    assert (0, "") == (result.returncode, result.stderr)


def test_hundreds_of_calls_with_hooks_begin_a_handful_of_threads(
    run_script: RunScript, emulator_url: str
) -> None:
    result = run_script(
        CLIENT
        + """
begun = []
start = threading.Thread.start
def count(thread):
    begun.append(thread.name)
    start(thread)
threading.Thread.start = count
client = Client(
    **SETTINGS | dict(api_key=lambda: "EMU.demo"), hooks=Hooks(before_attempt=lambda event: None)
)
for _ in range(200):
    call()
print(*sorted(set(begun)), len(begun))
""",
        emulator_url,
        options=STRICT,
    )

    *names, count = result.stdout.split()
    assert ["wixreseller", "wixreseller-loading", "wixreseller-worker"] == names
    # Another worker begins where the one before has given its result and is not idle yet.
    assert int(count) < 20
    assert (0, "") == (result.returncode, result.stderr)


def test_in_a_running_loop_of_any_thread_a_call_works_and_the_first_warns_of_its_line(
    run_script: RunScript, emulator_url: str
) -> None:
    result = run_script(
        CLIENT
        + """
warnings.simplefilter("always")
async def main():
    with warnings.catch_warnings(record=True) as caught:
        print(call(), call())
    print([(w.category.__name__, w.filename == __file__) for w in caught])
def in_a_thread():
    asyncio.run(main())
thread = threading.Thread(target=in_a_thread)
thread.start()
thread.join()
asyncio.run(main())
""",
        emulator_url,
    )

    assert (0, "0 0\n[('RuntimeWarning', True)]\n0 0\n[]\n", "") == (
        result.returncode,
        result.stdout,
        result.stderr,
    )


@pytest.mark.parametrize("name", ["portal", "loop"])
def test_the_library_works_while_the_users_own_loop_is_uncommon(
    run_script: RunScript, emulator_url: str, name: str
) -> None:
    result = run_script(
        CLIENT
        + f"""
class Policy(asyncio.DefaultEventLoopPolicy):
    def new_event_loop(self):
        raise RuntimeError("not here")
if "{name}" == "portal":
    asyncio.set_event_loop_policy(Policy())
else:
    asyncio.set_event_loop(None)
print(call())
""",
        emulator_url,
    )

    assert (0, "0\n", "") == (result.returncode, result.stdout, result.stderr)
