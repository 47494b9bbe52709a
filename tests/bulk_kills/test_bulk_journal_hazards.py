"""Whatever happens to a journal, nothing is bought twice, and the words say what to do."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import attrs
import pytest
from bulk_processes import Ended
from bulk_scene import Scene

PAGE = 4096


def in_one_line(ended: Ended) -> str:
    return " ".join(ended.err.split())


def test_a_torn_page_is_noticed_and_a_new_plan_of_the_same_orders_buys_nothing_again(
    scene: Scene,
) -> None:
    scene.planned()
    assert 0 == scene.run("apply", scene.plan.name).code
    content = bytearray(scene.journal.read_bytes())
    # Half of each page is of another write, as a disk leaves it when the power goes.
    for page in range(PAGE, len(content) - PAGE, PAGE):
        content[page + PAGE // 2 : page + PAGE] = content[page : page + PAGE // 2]
    scene.journal.write_bytes(content)

    resumed = scene.run("resume", scene.plan.name)
    again = scene.run("plan", "orders.csv", "-o", "again.json")
    applied = scene.run("apply", "again.json")

    assert (2, "") == (resumed.code, resumed.out)
    assert "cannot be used" in resumed.err
    assert "Keep it, and plan the same order file again" in in_one_line(resumed)
    assert (0, 0) == (again.code, applied.code)
    assert scene.names() == scene.bought()
    assert 20 == scene.writes()


@pytest.mark.parametrize("kept", [0.0, 0.31, 0.62, 0.93])
def test_a_log_that_lost_its_end_makes_nothing_be_bought_twice(scene: Scene, kept: float) -> None:
    scene.killed_with_creates_under_way()
    log = scene.journal.with_name(f"{scene.journal.name}-wal")
    content = log.read_bytes()
    # That of a machine that lost its power; the index beside it was never on the disk.
    log.write_bytes(content[: int(len(content) * kept)])
    scene.journal.with_name(f"{scene.journal.name}-shm").unlink()

    resumed = scene.run("resume", scene.plan.name)

    assert 0 == resumed.code, resumed
    assert {"done"} == {row.state for row in scene.rows()}
    assert scene.names() == scene.bought()
    assert 20 == scene.writes()


@pytest.mark.parametrize("kib", [60, 100, 160])
def test_a_full_disk_stops_the_run_and_it_goes_on_when_there_is_room(
    scene: Scene, kib: int
) -> None:
    scene.planned(100)
    full = attrs.evolve(scene.program, prelude=("cli_with_full_disk.py", str(kib)))

    stopped = scene.with_program(full).run("apply", scene.plan.name)
    rows, bought, writes = scene.rows(), scene.bought(), scene.writes()
    resumed = scene.run("resume", scene.plan.name)

    assert stopped.code in (2, 4, 5), stopped
    assert f"the journal {scene.plan.stem}.journal" in stopped.err, stopped
    assert "is it full?" in in_one_line(stopped)
    # What was sent is in the journal as sent.
    assert set(bought) <= {row.external_id for row in rows if row.sends}
    assert len(bought) == writes < 100
    assert 0 == resumed.code, resumed
    assert scene.names(100) == scene.bought()
    assert 100 == scene.writes()


@pytest.mark.parametrize("command", ["apply", "resume"])
def test_a_journal_that_is_a_directory_is_refused(scene: Scene, command: str) -> None:
    scene.planned()
    scene.journal.mkdir()

    ended = scene.run(command, scene.plan.name)

    assert 2 == ended.code, ended
    assert f"there is no journal at {scene.journal.name}" in ended.err
    assert 0 == scene.writes()


@pytest.mark.parametrize("mode", ["", "DELETE", "WAL"])
def test_a_run_that_was_killed_before_its_journal_had_tables_is_resumed(
    scene: Scene, mode: str
) -> None:
    scene.planned()
    scene.journal.touch()
    if mode:
        with closing(sqlite3.connect(scene.journal)) as connection:
            connection.execute(f"PRAGMA journal_mode = {mode}")

    resumed = scene.run("resume", scene.plan.name)

    assert 0 == resumed.code, resumed
    assert scene.names() == scene.bought()


def test_a_journal_that_is_only_readable_is_refused_before_anything_is_sent(scene: Scene) -> None:
    scene.killed_with_creates_under_way()
    scene.journal.chmod(0o400)
    writes = scene.writes()
    plain = attrs.evolve(scene.program, prelude=("cli_without_privileges.py",))

    resumed = scene.with_program(plain).run("resume", scene.plan.name)

    assert 2 == resumed.code, resumed
    assert f"the journal {scene.journal.name} cannot be opened" in in_one_line(resumed)
    assert "Permission denied" in resumed.err
    assert writes == scene.writes()


def test_a_folder_that_is_only_readable_is_refused_before_anything_is_sent(
    scene: Scene, tmp_path: Path
) -> None:
    scene.planned()
    closed = tmp_path / "closed"
    shutil.copytree(scene.folder, closed)
    results = scene.folder / "results.csv"
    plain = attrs.evolve(scene.program, prelude=("cli_without_privileges.py",))
    closed.chmod(0o500)
    try:
        plan = str(closed / scene.plan.name)
        applied = scene.with_program(plain).run("apply", plan, "--results", str(results))
    finally:
        closed.chmod(0o700)

    assert 2 == applied.code, applied
    assert "cannot be locked" in in_one_line(applied)
    assert "its folder must be writable" in in_one_line(applied)
    assert 0 == scene.writes()


@pytest.mark.parametrize("command", ["apply", "resume"])
def test_a_second_writer_is_refused_and_told_who_the_first_is(scene: Scene, command: str) -> None:
    scene.planned()
    held = scene.hold_creates()
    with scene.running("apply", scene.plan.name) as first:
        scene.wait_until_held(held)
        second = scene.run(command, scene.plan.name)
        assert 2 == second.code, second
        assert f"process {first.popen.pid} on " in in_one_line(second)
        scene.emulator.clear_faults()
        scene.emulator.advance(1000.0)
        ended = first.ended()

    assert 0 == ended.code, ended
    assert scene.names() == scene.bought()
    assert 20 == scene.writes()
