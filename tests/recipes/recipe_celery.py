"""The tasks of the Celery recipe may run twice, and sell once."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from recipes import Recipe, Server

RECIPE = "celery"


def ask(recipe: Recipe, code: str) -> str:
    """Use the tasks as the shop would, in a process of its own; give what it prints."""
    head = "from tasks import *; c = 'a0000000-0000-4000-8000-000000000002'; "
    done = recipe.run(f'python -c "{head}{code}"')
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout.strip()


def busy_child(worker: Server) -> int:
    """Find the process that sells: the only one whose client has begun its loop's thread."""
    parent = worker.service.process.pid
    below = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    (busy,) = (pid for pid in below if len(list(Path(f"/proc/{pid}/task").iterdir())) > 1)
    return int(busy)


def test_what_the_page_says(recipe: Recipe) -> None:
    recipe.follow_page()

    assert ["1001"] == recipe.sold()
    assert 1 == recipe.asked("createPackageV2")


def test_what_surely_did_not_happen_is_tried_again_by_itself(recipe: Recipe) -> None:
    # As often as the client itself looks before it gives up.
    recipe.emulator.add_fault("status", status=503, operation="queryPackages", times=3)
    with recipe.serve("celery", expected=".") as worker:
        sold = ask(recipe, "print(sell.delay('1001', c, 'basic').get(timeout=60))")
        worker.service.wait_for("retry: Retry in")

    assert len("c0000000-0000-4000-8000-000000000001") == len(sold)
    assert ["1001"] == recipe.sold()


def test_a_worker_that_is_killed_between_sale_and_answer_sells_nothing_again(
    recipe: Recipe,
) -> None:
    recipe.emulator.freeze()  # so that the answer would take for ever
    fault = recipe.emulator.add_fault("delay", operation="createPackageV2", seconds=3600)
    with recipe.serve("celery", expected=".") as worker:
        ask(recipe, "sell.delay('1001', c, 'basic')")
        recipe.wait_until(lambda: recipe.emulator.fault(fault).hits == 1)
        os.kill(busy_child(worker), signal.SIGKILL)
        worker.service.wait_for(r"Task tasks\.sell\[.*succeeded")

    assert 1 == recipe.asked("createPackageV2")
    assert ["1001"] == recipe.sold()


def test_an_outcome_that_is_unknown_is_looked_for_later(recipe: Recipe) -> None:
    recipe.exported["LOOK_AFTER"] = "1"
    recipe.emulator.change_settings(visibility_lag_seconds=600.0, consistency_token="absent")
    recipe.emulator.add_fault("drop_after_commit", operation="createPackageV2")
    with recipe.serve("celery", expected=".") as worker:
        failed = ask(
            recipe,
            "r = sell.delay('1001', c, 'basic'); "
            "print(type(r.get(timeout=60, propagate=False)).__name__)",
        )
        worker.service.wait_for(r"Task tasks\.find_out\[.* retry: Retry in 1")
        recipe.emulator.change_settings(visibility_lag_seconds=0.0)
        found = worker.service.wait_for(r"Task tasks\.find_out\[.*succeeded in \S+: '(.+)'")

    assert "OutcomeUnknownError" == failed
    assert 1 == recipe.asked("createPackageV2")
    assert ["1001"] == recipe.sold()
    assert 36 == len(found[1])


def test_a_cancel_that_runs_twice_carries_one_key(recipe: Recipe) -> None:
    with recipe.serve("celery"):
        sold = ask(recipe, "print(sell.delay('1001', c, 'basic').get(timeout=60))")
        again = ask(recipe, "print(*[cancel.delay('1001', c).get(timeout=60) for _ in range(2)])")

    requests = recipe.emulator.requests(operation="cancelPackage")
    assert f"{sold} {sold}" == again
    assert 2 == len(requests)
    assert 1 == len({request.idempotency_key for request in requests} - {None})
