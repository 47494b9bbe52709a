"""A plan is carried out as it was made, or not at all; how many orders it has costs no memory."""

from __future__ import annotations

import os
import re
from collections.abc import Callable

import attrs
import pytest
from bulk_scene import Scene

ORDERS = int(os.environ.get("WIXRESELLER_BULK_ORDERS", "20000"))
FEW = 2000


def with_a_body_changed(plan: bytes) -> bytes:
    return plan.replace(b'"countryCode":"BR"', b'"countryCode":"US"', 1)


def with_a_count_changed(plan: bytes) -> bytes:
    return re.sub(rb'("counts": \{"create":)20', rb"\g<1>19", plan)


def with_the_seal_changed(plan: bytes) -> bytes:
    return re.sub(rb'("sha256": ")(.)', lambda found: found[1] + other(found[2]), plan)


def with_a_row_removed(plan: bytes) -> bytes:
    return b"".join(line for line in plan.splitlines(True) if not line.startswith(b'{"number":7,'))


def with_a_row_twice(plan: bytes) -> bytes:
    lines = plan.splitlines(True)
    (row,) = (line for line in lines if line.startswith(b'{"number":7,'))
    return b"".join([*lines[: lines.index(row)], row, *lines[lines.index(row) :]])


def with_half_of_it(plan: bytes) -> bytes:
    return plan[: len(plan) // 2]


def with_a_line_behind(plan: bytes) -> bytes:
    return plan + b"\n"


def with_an_end_of_line_changed(plan: bytes) -> bytes:
    return plan.replace(b"\n", b"\r\n", 1)


def empty(plan: bytes) -> bytes:
    return b""


def other(digit: bytes) -> bytes:
    return b"1" if digit == b"0" else b"0"


EDITS = (
    with_a_body_changed,
    with_a_count_changed,
    with_the_seal_changed,
    with_a_row_removed,
    with_a_row_twice,
    with_half_of_it,
    with_a_line_behind,
    with_an_end_of_line_changed,
    empty,
)


def test_a_plan_that_was_edited_is_refused_by_apply_and_by_resume(scene: Scene) -> None:
    scene.planned()
    true = scene.plan.read_bytes()
    for edit in EDITS:
        edited = edit(true)
        assert edited != true, edit.__name__
        scene.plan.write_bytes(edited)

        ended = scene.run("apply", scene.plan.name)

        assert 2 == ended.code, (edit.__name__, ended)
        assert re.search(
            "the plan orders.plan.json (was changed since it was made|is no plan)", ended.err
        ), (edit.__name__, ended)
        assert "plan again" in ended.err or "make one" in ended.err, (edit.__name__, ended)
        assert not scene.journal.exists()
    assert 0 == scene.writes()


@pytest.mark.parametrize("edit", [with_a_body_changed, with_half_of_it])
def test_a_plan_that_was_edited_after_a_run_was_killed_is_not_resumed(
    scene: Scene, edit: Callable[[bytes], bytes]
) -> None:
    scene.killed_with_creates_under_way()
    writes = scene.writes()
    scene.plan.write_bytes(edit(scene.plan.read_bytes()))

    resumed = scene.run("resume", scene.plan.name)

    assert 2 == resumed.code, resumed
    assert "was changed since it was made" in resumed.err
    assert writes == scene.writes()


def test_another_plan_in_the_place_of_one_that_was_begun_is_not_resumed(scene: Scene) -> None:
    scene.killed_with_creates_under_way()
    writes = scene.writes()
    scene.write_orders(5)
    other_plan = scene.run("plan", "orders.csv", "-o", "other.json")
    (scene.folder / "other.json").replace(scene.plan)

    resumed = scene.run("resume", scene.plan.name)

    assert 0 == other_plan.code, other_plan
    assert 2 == resumed.code, resumed
    assert "is of another plan" in resumed.err
    assert writes == scene.writes()


def test_an_order_file_changed_after_the_plan_is_refused_unless_that_is_all_right(
    scene: Scene,
) -> None:
    scene.planned()
    scene.write_orders(21)

    refused = scene.run("apply", scene.plan.name)
    writes = scene.writes()
    applied = scene.run("apply", scene.plan.name, "--orders-changed-ok")

    assert 2 == refused.code, refused
    assert "orders.csv was changed after" in refused.err
    assert "--orders-changed-ok" in refused.err
    assert 0 == writes
    assert 0 == applied.code, applied
    assert scene.names() == scene.bought()


@pytest.mark.timeout(300 + ORDERS // 250)
def test_planning_takes_no_more_memory_for_many_orders_than_for_few(scene: Scene) -> None:
    few, many = (most_memory_of_planning(scene, count) for count in (FEW, ORDERS))

    assert many - few < 16 * 2**20, (few, many)


def most_memory_of_planning(scene: Scene, count: int) -> int:
    """Plan so many orders, and give the most memory that the process had, in bytes."""
    scene.write_orders(count)
    most = scene.folder / "memory"
    program = attrs.evolve(
        scene.program, prelude=("cli_with_memory.py", str(most)), patience=120 + count / 250
    )
    ended = scene.with_program(program).run("plan", "orders.csv", "-o", f"plan-{count}.json")
    assert ended.code == 0, ended
    assert f"{count:,} in {count:,} rows" in " ".join(ended.out.split()), ended
    return int(most.read_text())
