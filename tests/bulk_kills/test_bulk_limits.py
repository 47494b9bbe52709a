"""Several runs with one key keep to its limit together, as they do alone."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest
from bulk_processes import Program
from bulk_scene import Scene
from kills_orders import Ordered, write_orders
from separate_emulator import CANARY_KEY, separate_emulator

from wixreseller.emulator.default_seed import SUB_ACCOUNTS

REQUESTS, SECONDS = 50, 1.0
LIMIT = f"{REQUESTS}/{SECONDS:g}"
ORDERS = 150


@pytest.mark.parametrize(("processes", "kind"), [(2, "fixed"), (4, "sliding")])
def test_runs_of_several_plans_with_one_key_are_never_throttled(
    tmp_path: Path, processes: int, kind: str
) -> None:
    options = ("--set", f"rate_limit_kind={kind}")
    with separate_emulator(tmp_path, *options, rate_limit=LIMIT) as emulator, ExitStack() as stack:
        scenes: list[Scene] = []
        for number in range(processes):
            folder = tmp_path / str(number)
            folder.mkdir()
            program = Program(
                folder=folder, url=emulator.url, key=CANARY_KEY, state=tmp_path / "state"
            )
            scene = Scene(folder=folder, emulator=emulator, program=program)
            write_orders(
                scene.orders,
                [
                    Ordered(
                        kind="create",
                        account=SUB_ACCOUNTS[number % len(SUB_ACCOUNTS)],
                        external_id=f"run-{number}-{order:03}",
                    )
                    for order in range(ORDERS // processes)
                ],
            )
            planned = scene.run("plan", "orders.csv", "-o", scene.plan.name, "--rate-limit", LIMIT)
            assert planned.code == 0, planned
            scenes.append(scene)

        running = [
            stack.enter_context(scene.running("apply", scene.plan.name, "--rate-limit", LIMIT))
            for scene in scenes
        ]
        ended = [process.ended() for process in running]
        requests = emulator.requests()

    assert [0] * processes == [each.code for each in ended], ended
    assert [] == [request for request in requests if request.status == 429]
    creates = [request for request in requests if request.operation == "createPackageV2"]
    assert ORDERS // processes * processes == len(creates)
    assert all(request.is_committed for request in creates)
