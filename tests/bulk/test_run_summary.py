"""What a run comes to: exit codes and the time left."""

from __future__ import annotations

import pytest

from wixreseller.bulk.journal import State
from wixreseller.bulk.summary import StopReason, exit_code, seconds_left


@pytest.mark.parametrize(
    ("counts", "reason", "expected"),
    [
        ({}, None, 0),
        ({"done": 3}, None, 0),
        ({"done": 3, "failed": 1}, None, 1),
        ({"failed": 1, "planned": 5}, StopReason.FAILURES, 1),
        ({"planned": 5}, StopReason.INPUT, 2),
        ({"failed": 1, "planned": 5}, StopReason.AUTHENTICATION, 3),
        ({"done": 3, "unknown": 1}, None, 4),
        ({"done": 3, "intent": 1}, None, 4),
        ({"unknown": 1, "failed": 1}, StopReason.AUTHENTICATION, 4),
        ({"unknown": 1}, StopReason.LIMIT, 4),
        ({"intent": 1, "planned": 5}, StopReason.FILES, 4),
        ({"intent": 1, "planned": 5}, StopReason.INTERRUPTED, 4),
        ({"unknown": 1}, StopReason.FAILURES, 4),
        ({"failed": 1, "planned": 5}, StopReason.LIMIT, 5),
        ({"planned": 5}, StopReason.FILES, 5),
        ({"planned": 5}, None, 5),
        ({"done": 1, "planned": 5}, StopReason.INTERRUPTED, 130),
        ({"failed": 1, "planned": 5}, StopReason.INTERRUPTED, 130),
    ],
)
def test_the_exit_code_says_what_matters_most(
    counts: dict[State, int], reason: StopReason | None, expected: int
) -> None:
    assert expected == exit_code(counts, reason)


def test_every_reason_to_stop_has_an_exit_code_of_its_own_kind() -> None:
    assert {1, 2, 3, 5, 130} == {exit_code({"planned": 1}, reason) for reason in StopReason}


@pytest.mark.parametrize(
    ("done", "left", "elapsed", "limit", "expected"),
    [
        pytest.param(0, 100, 1.0, None, None, id="nothing is known at first"),
        pytest.param(25, 75, 5.0, None, 15.0, id="the pace so far, without a limit"),
        pytest.param(50, 100, 1.0, 2.0, 50.5, id="a burst does not make the rest as fast"),
        pytest.param(50, 50, 100.0, 2.0, 100.0, id="the pace, where it is below the limit"),
    ],
)
def test_the_time_left_follows_the_pace_within_the_limit(
    done: int, left: int, elapsed: float, limit: float | None, expected: float | None
) -> None:
    told = seconds_left(done=done, left=left, elapsed=elapsed, requests_per_second=limit)
    assert expected == told
