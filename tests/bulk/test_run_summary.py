"""Totals of a run: exit codes and the time left."""

from __future__ import annotations

import pytest

from wixreseller.bulk.summary import StopReason, Summary, exit_code, seconds_left


@pytest.mark.parametrize(
    ("summary", "expected"),
    [
        (Summary(), 0),
        (Summary(created=3, existing=2, canceled=1), 0),
        (Summary(created=3, failed=1), 1),
        (Summary(failed=1, stop_reason=StopReason.AUTHENTICATION), 3),
        (Summary(unknown=1), 4),
        (Summary(failed=1, stop_reason=StopReason.LIMIT), 5),
        (Summary(created=1, stop_reason=StopReason.INTERRUPTED), 130),
        (Summary(failed=1, stop_reason=StopReason.INTERRUPTED), 130),
        (Summary(unknown=1, failed=1, stop_reason=StopReason.AUTHENTICATION), 4),
        (Summary(unknown=1, stop_reason=StopReason.LIMIT), 4),
        (Summary(unknown=1, stop_reason=StopReason.INTERRUPTED), 4),
    ],
)
def test_the_exit_code_says_what_matters_most(summary: Summary, expected: int) -> None:
    assert expected == exit_code(summary)


def test_every_outcome_counts_as_done() -> None:
    summary = Summary(created=1, existing=2, canceled=3, failed=4, unknown=5)
    assert 15 == summary.done


@pytest.mark.parametrize(
    ("done", "created", "elapsed", "limit", "expected"),
    [
        pytest.param(0, 0, 1.0, None, None, id="nothing is known at first"),
        pytest.param(25, 0, 5.0, None, 15.0, id="the pace so far, without a limit"),
        pytest.param(50, 50, 1.0, 2.0, 50.0, id="a burst does not make the rest as fast"),
        pytest.param(50, 0, 1.0, 2.0, 25.0, id="what exists needs one request, not two"),
        pytest.param(50, 50, 100.0, 2.0, 100.0, id="the pace, where it is below the limit"),
    ],
)
def test_the_time_left_follows_the_pace_within_the_limit(
    done: int, created: int, elapsed: float, limit: float | None, expected: float | None
) -> None:
    left = seconds_left(
        done=done, total=100, created=created, elapsed=elapsed, requests_per_second=limit
    )
    assert expected == left
