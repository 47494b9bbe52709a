"""The table decides; no write is ever repeated that may have happened."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wixreseller import ErrorCode, RetryPolicy
from wixreseller._look import proofs_as_markdown
from wixreseller.matrix import (
    RULES,
    Action,
    Decision,
    Event,
    Phase,
    as_markdown,
    classify_failure,
    classify_status,
    decide,
)

codes = st.none() | st.sampled_from([*ErrorCode, "RESOURCE_EXHAUSTED", "X"]).map(ErrorCode)


def test_the_table_has_one_row_for_every_event() -> None:
    assert list(Event) == [rule.event for rule in RULES]


@given(
    event=st.sampled_from(Event),
    attempts=st.integers(1, 20),
    throttled=st.integers(0, 20),
    retry_after=st.none() | st.floats(0, 1_000),
    has_budget=st.booleans(),
    time_left=st.none() | st.floats(-10, 1_000),
    chance=st.floats(0, 1),
)
def test_a_write_is_repeated_only_when_it_was_unsent_or_throttled(
    event: Event,
    attempts: int,
    throttled: int,
    retry_after: float | None,
    has_budget: bool,
    time_left: float | None,
    chance: float,
) -> None:
    decision = decide(
        event,
        is_write=True,
        policy=RetryPolicy(),
        attempts=attempts + throttled,
        throttled=throttled,
        retry_after=retry_after,
        has_budget=has_budget,
        time_left=time_left,
        chance=chance,
    )

    if decision.action is Action.RETRY:
        assert event in (Event.UNSENT, Event.THROTTLED)
        assert retry_after is None or decision.delay >= retry_after
        assert time_left is None or decision.delay < time_left
    if event in (Event.LOST, Event.BROKEN, Event.UNREADABLE):
        assert Action.UNKNOWN is decision.action


@given(status=st.integers(100, 599), code=codes)
def test_every_status_that_leaves_a_write_in_doubt_makes_it_unknown(
    status: int, code: ErrorCode | None
) -> None:
    event = classify_status(status, code)

    action = decide(event, is_write=True, policy=RetryPolicy(), attempts=1).action

    in_doubt = status < 200 or status >= 500 or status == 408
    if not 200 <= status < 300:
        assert in_doubt == (action is Action.UNKNOWN)


@pytest.mark.parametrize("phase", Phase)
def test_only_a_byte_that_may_have_left_makes_a_failure_a_loss(phase: Phase) -> None:
    sent = phase in (Phase.SENDING, Phase.ANSWERING, Phase.READING)

    assert (Event.LOST if sent else Event.UNSENT) is classify_failure(phase)


@pytest.mark.parametrize(
    ("code", "event"),
    [
        (None, Event.THROTTLED),
        ("RESOURCE_EXHAUSTED", Event.THROTTLED),
        ("TOO_MANY_REQUESTS", Event.THROTTLED),
        ("PRODUCT_LIMIT_EXCEEDED", Event.USED_UP),
        ("SOMETHING_NEW", Event.USED_UP),
    ],
)
def test_a_429_is_throttling_unless_its_code_says_otherwise(code: str | None, event: Event) -> None:
    assert event is classify_status(429, None if code is None else ErrorCode(code))


def test_without_budget_a_read_is_raised_and_a_throttled_call_still_waits() -> None:
    policy = RetryPolicy()

    assert Decision(Action.RAISE) == decide(
        Event.BROKEN, is_write=False, policy=policy, attempts=1, has_budget=False
    )
    assert Decision(Action.RETRY) == decide(
        Event.THROTTLED, is_write=True, policy=policy, attempts=1, throttled=1, has_budget=False
    )


def test_the_documentation_shows_the_tables_as_they_are() -> None:
    page = (Path(__file__).parents[2] / "docs" / "retry-matrix.md").read_text()

    assert as_markdown() in page
    assert proofs_as_markdown() in page
