"""Loading spares the garbage collector what modules make, and leaves it as it was."""

from __future__ import annotations

import gc

import pytest
from scripts import RunScript

from wixreseller._first_use import LateModule

ACCOUNT = "a0000000-0000-4000-8000-000000000001"
SETTINGS = f'api_key="EMU.demo", account_id="{ACCOUNT}", base_url=sys.argv[1]'
GARBAGE = f"""
import gc, sys
from wixreseller import Client
class Node: pass
def cycle():
    node = Node(); node.itself = node
client = Client({SETTINGS})
"""


def test_nothing_is_looked_through_for_garbage_while_modules_load(
    run_script: RunScript, emulator_url: str
) -> None:
    result = run_script(
        f"""{GARBAGE}
import wixreseller._first_use
runs = []
gc.collect()
gc.callbacks.append(lambda phase, _: runs.append(phase))
client.packages
loading = len(runs)
[cycle() for _ in range(10_000)]
print(loading, len(runs) > 0, gc.isenabled())
""",
        emulator_url,
    )

    assert (0, "0 True True\n", "") == (result.returncode, result.stdout, result.stderr)


@pytest.mark.parametrize(
    ("plan", "left"),
    [
        ("pass", "True False 0"),
        ("gc.disable()", "False False 0"),
        ("gc.freeze()", "True True 0"),
    ],
)
def test_loading_leaves_the_garbage_collector_as_it_was_set(
    run_script: RunScript, emulator_url: str, plan: str, left: str
) -> None:
    result = run_script(
        f"""{GARBAGE}
{plan}
frozen = gc.get_freeze_count()
cycle()
client.packages
print(gc.isenabled(), 1_000 < gc.get_freeze_count() <= frozen, end=" ")
gc.collect()
print(sum(type(found) is Node for found in gc.get_objects()))
""",
        emulator_url,
    )

    assert (0, left + "\n", "") == (result.returncode, result.stdout, result.stderr)


def test_garbage_is_looked_for_where_every_call_has_a_client_of_its_own(
    run_script: RunScript, emulator_url: str
) -> None:
    result = run_script(
        f"""{GARBAGE}
client.packages
runs = []
gc.callbacks.append(lambda phase, _: runs.append(phase))
for _ in range(3_000):
    Client({SETTINGS}).packages
    cycle()
print(len(runs) > 0)
""",
        emulator_url,
    )

    assert (0, "True\n", "") == (result.returncode, result.stdout, result.stderr)


def test_what_someone_freezes_while_modules_load_stays_frozen(
    run_script: RunScript, emulator_url: str
) -> None:
    result = run_script(
        f"""{GARBAGE}
class Meanwhile:
    def find_spec(self, name, path=None, target=None):
        if name == "aiohttp.client":
            gc.freeze()
sys.meta_path.insert(0, Meanwhile())
client.packages
print(gc.get_freeze_count() > 1_000, gc.isenabled())
""",
        emulator_url,
    )

    assert (0, "True True\n", "") == (result.returncode, result.stdout, result.stderr)


def test_the_collector_is_never_off_where_ctrl_c_could_leave_it_so(
    run_script: RunScript, emulator_url: str
) -> None:
    result = run_script(
        f"""{GARBAGE}
import threading
threading.Thread(target=threading.Event().wait, daemon=True).start()
def no_thread_is_left(self):
    raise RuntimeError("can't start new thread")
threading.Thread.start = no_thread_is_left
seen = set()
class Meanwhile:
    def find_spec(self, name, path=None, target=None):
        seen.add((threading.current_thread().name, gc.isenabled()))
sys.meta_path.insert(0, Meanwhile())
client.packages
print(seen)
""",
        emulator_url,
    )

    expected = "{('MainThread', True)}\n"
    assert (0, expected, "") == (result.returncode, result.stdout, result.stderr)


def test_garbage_is_looked_for_again_after_a_module_that_cannot_be_loaded() -> None:
    with pytest.raises(ModuleNotFoundError):
        _ = LateModule("wixreseller.not_there", {}).anything

    assert gc.isenabled()
