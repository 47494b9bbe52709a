"""Calendars jump and laptops sleep: nothing is bought twice, and nothing is lost."""

from __future__ import annotations

import signal
import time

import attrs
import pytest
from bulk_processes import with_times
from bulk_scene import Scene, When

WINDOW, TIMEOUT = 0.4, 1.0
AN_HOUR = 3600.0


@pytest.mark.parametrize("ahead", [-AN_HOUR, -5.0, AN_HOUR])
def test_a_calendar_that_jumps_between_the_runs_makes_nothing_be_bought_twice(
    scene: Scene, ahead: float
) -> None:
    before = attrs.evolve(scene.program, prelude=with_times(WINDOW, TIMEOUT))
    after = attrs.evolve(scene.program, prelude=with_times(WINDOW, TIMEOUT, ahead=ahead))
    scene.with_program(before).killed_with_creates_under_way(lost=3)

    resumed = scene.with_program(after).run("resume", scene.plan.name)
    unknown = {row.external_id for row in scene.rows() if row.state == "unknown"}
    bought = scene.bought()
    again = scene.with_program(after).run("resume", scene.plan.name, "--resend-absent")

    assert 4 == resumed.code, resumed
    # Those that were lost, and any whose intent was written and whose request had not left.
    assert 3 <= len(unknown)
    assert sorted({*scene.names()} - unknown) == bought
    assert 0 == again.code, again
    assert scene.names() == scene.bought()


@pytest.mark.parametrize("when", ["before_commit", "after_commit"])
def test_a_laptop_that_sleeps_in_the_middle_of_a_run_loses_nothing(
    scene: Scene, when: When
) -> None:
    sleepy = scene.with_program(attrs.evolve(scene.program, prelude=with_times(WINDOW, TIMEOUT)))
    sleepy.planned()
    held = scene.hold_creates(nth=8, when=when)
    with sleepy.running("apply", scene.plan.name) as process:
        scene.wait_until_held(held)
        process.popen.send_signal(signal.SIGSTOP)
        # Longer than any time-out of its: it is awake again when all of them have passed.
        time.sleep(1.2 * (WINDOW + TIMEOUT))
        scene.emulator.clear_faults()
        scene.emulator.advance(1000.0)
        process.popen.send_signal(signal.SIGCONT)
        ended = process.ended()

    assert 0 == ended.code, ended
    assert {"done"} == {row.state for row in scene.rows()}
    assert scene.names() == scene.bought()
    assert 20 == scene.writes()
