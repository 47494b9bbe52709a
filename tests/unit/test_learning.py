"""What 429s teach is used: how many requests a window takes, or how fast they may follow."""

from __future__ import annotations

from collections import deque

from hypothesis import given, settings
from hypothesis import strategies as st

from wixreseller._learning import Learner
from wixreseller._trying import Trial
from wixreseller.ratelimit import SlotLog

W = 60.0


def learner(accepted: int, *, told: int = 200, now: float = 1.0) -> Learner:
    """Begin with the first 429: so many were accepted a moment ago, one is in flight."""
    return Learner(told, W, now, in_flight=1, answered=[now - 0.5] * accepted)


def window_of(accepted: int, *, told: int = 200) -> Learner:
    """Learn that so many are accepted in a window: nothing passed before they had grown old."""
    learnt = learner(accepted, told=told)
    learnt.hear_refusal(1.0, None)
    ask(learnt, 61.0)
    return learnt


def bucket_of(accepted: int) -> Learner:
    """Learn that it is a bucket: a second later something passed."""
    learnt = learner(accepted)
    learnt.hear_refusal(1.0, None)
    ask(learnt, 2.0)
    return learnt


def ask(learnt: Learner, now: float, *, is_refused: bool = False) -> None:
    """Send one request that is answered at once."""
    learnt.take(now)
    if is_refused:
        learnt.hear_refusal(now, None)
    else:
        learnt.hear_answer(now, is_current=True, answered=True)


def passing(learnt: Learner, now: float, most: int = 1_000) -> int:
    """Count how many may be sent at some time, all answered at once."""
    for number in range(most):
        if learnt.wait_expected(now) > 0.0:
            return number
        ask(learnt, now)
    return most


def test_what_was_accepted_in_a_window_is_the_limit_if_nothing_passes_before_it_is_old() -> None:
    learnt = window_of(100)

    assert (100, False, 99) == (learnt.limit, learnt.is_even, passing(learnt, 62.0))


def test_what_was_in_flight_at_the_first_429_and_accepted_counts() -> None:
    learnt = Learner(200, W, 1.0, in_flight=5, answered=[0.5] * 60)
    learnt.hear_refusal(1.0, None)
    for _ in range(4):
        learnt.hear_answer(1.2, is_current=False, answered=True)
    ask(learnt, 61.5)

    assert 64 == learnt.limit


def test_a_long_retry_after_says_that_it_is_a_window() -> None:
    learnt = learner(100)
    learnt.hear_refusal(1.0, 58.0)

    assert (100, False) == (learnt.limit, learnt.is_even)


def test_what_passes_a_second_later_leaves_evenly_from_then_on() -> None:
    learnt = bucket_of(10)

    assert (200, True, 0, 0.3) == (
        learnt.limit,
        learnt.is_even,
        passing(learnt, 2.0),
        round(learnt.wait_expected(2.0), 6),
    )


def test_a_short_retry_after_says_that_it_is_a_bucket_and_nothing_is_saved_up_for_later() -> None:
    learnt = learner(10)
    learnt.hear_refusal(1.0, 2.0)

    assert (True, 2.3) == (learnt.is_even, round(learnt.wait_expected(1.0), 6))


def test_who_paused_may_send_half_of_what_the_bucket_took_at_once() -> None:
    learnt = bucket_of(10)

    assert 5 == passing(learnt, 100.0)


def test_an_even_pace_that_is_refused_goes_on_at_the_rate_of_what_was_accepted() -> None:
    learnt = bucket_of(10)
    for number in range(100):  # two a second, of which the server takes no more
        ask(learnt, 2.0 + number / 2)
    ask(learnt, 52.0, is_refused=True)
    ask(learnt, 53.0)

    assert 0.95 * 120 <= learnt.limit <= 1.02 * 120


def test_a_429_after_nothing_of_ours_was_accepted_teaches_no_pace() -> None:
    learnt = bucket_of(0)

    assert (200, False) == (learnt.limit, learnt.is_even)


def test_what_is_tried_beyond_the_slots_that_are_known_leaves_alone() -> None:
    learnt = window_of(100)
    now = 1.0 + 5 * W  # after three steps: 107 are tried
    at_once = passing(learnt, now)
    waits = list[float]()
    for _ in range(8):
        waits.append(round(learnt.wait_expected(now), 6))
        now += waits[-1]
        ask(learnt, now)

    assert (100, [1.0] * 7 + [53.0]) == (at_once, waits)


def test_what_was_tried_once_leaves_with_the_others_from_then_on() -> None:
    learnt = window_of(100)
    now = 1.0 + 3 * W
    passing(learnt, now)
    ask(learnt, now + 1.0)

    assert 101 == passing(learnt, now + W + 1.0, most=101)


def test_after_a_trial_in_vain_the_limit_is_what_it_was_though_something_passes_soon() -> None:
    """Where a burst straddles the end of a fixed window, more passes for a while."""
    learnt = window_of(100)
    now = 1.0 + 5 * W
    passing(learnt, now)
    for _ in range(4):
        now += 1.0
        ask(learnt, now)
    ask(learnt, now + 1.0, is_refused=True)
    ask(learnt, now + 2.0)

    assert (100, False) == (learnt.limit, learnt.is_even)


def test_a_trial_that_brought_much_is_believed() -> None:
    learnt = window_of(100)
    now = 1.0 + 5 * W
    passing(learnt, now)
    for _ in range(6):
        now += 1.0
        ask(learnt, now)
    ask(learnt, now + 1.0, is_refused=True)

    assert 106 == learnt.limit


def test_a_window_that_is_known_and_refuses_when_nearly_full_is_still_that_window() -> None:
    """Others had the rest, and one of their requests has just grown old."""
    learnt = window_of(100)
    for _ in range(94):
        ask(learnt, 62.0)
    ask(learnt, 63.0, is_refused=True)
    ask(learnt, 64.0)

    assert (95, False) == (learnt.limit, learnt.is_even)


def test_what_was_in_flight_when_a_known_window_refused_and_was_accepted_counts() -> None:
    learnt = window_of(100)
    for _ in range(92):
        ask(learnt, 62.0)
    for _ in range(4):
        learnt.take(62.5)
    learnt.hear_refusal(63.0, None)
    for _ in range(3):
        learnt.hear_answer(63.1, is_current=False, answered=True)

    assert 96 == learnt.limit


def test_a_refused_request_costs_a_slot_for_it_may_count_too() -> None:
    learnt = window_of(100)
    passing(learnt, 62.0, most=98)
    ask(learnt, 63.0, is_refused=True)

    assert (99, 98) == (learnt.limit, passing(learnt, 62.0 + W))


def test_where_another_window_began_before_anything_was_old_all_of_it_may_be_used() -> None:
    learnt = learner(100)
    learnt.hear_refusal(1.0, None)
    ask(learnt, 20.0)

    assert (100, 99) == (learnt.limit, passing(learnt, 20.0))


def test_a_retry_after_that_ends_before_anything_is_old_says_the_same() -> None:
    learnt = learner(100)
    learnt.hear_refusal(1.0, 20.0)

    assert (100, 100) == (learnt.limit, passing(learnt, 22.0))


def test_a_trial_of_a_bucket_ends_at_the_rate_at_which_it_refills() -> None:
    """It had been full, so its ten requests have been used beside what it gained."""
    learnt, now = bucket_of(10), 2.0
    learnt.limit = 100  # a minute, where 110 are allowed
    tokens, passed = 10.0, 0
    for _ in range(2_000):
        pause = learnt.wait_expected(now)
        now, tokens = now + pause, min(10.0, tokens + pause * 110 / 60)
        if tokens < 1.0:
            break
        tokens, passed = tokens - 1.0, passed + 1
        ask(learnt, now)
    ask(learnt, now, is_refused=True)

    assert (True, True) == (300 < passed, 107.0 <= learnt.limit <= 110.5)


def test_a_bucket_of_one_gets_nothing_at_once_for_the_network_may_shuffle() -> None:
    learnt = bucket_of(1)

    assert (1, 1) == (learnt.burst, passing(learnt, 100.0))


def test_the_pace_for_a_bucket_of_one_becomes_slower_the_sooner_it_was_refused() -> None:
    slower = list[float]()
    for accepted in (1, 9, 99):
        learnt = bucket_of(1)
        now = 2.0
        for _ in range(accepted - 1):
            now += learnt.wait_expected(now)
            ask(learnt, now)
        ask(learnt, now + 0.1, is_refused=True)
        slower.append(round(learnt.limit / 200, 3))

    assert [0.85, 0.9, 0.99] == slower


def test_no_slots_hold_back_an_even_pace_whose_answers_are_slow() -> None:
    learnt = bucket_of(10)
    ask(learnt, 2.5, is_refused=True)
    ask(learnt, 3.5)
    now, gaps = 3.5, set[float]()
    for _ in range(150):
        left = now + learnt.wait_expected(now)
        gaps.add(round(left - now, 6))
        learnt.take(left)
        now = left + 0.25
        learnt.hear_answer(now, is_current=True, answered=True)

    assert (120, {0.5, 0.25}) == (learnt.limit, gaps)


def test_no_429s_in_a_row_make_the_pace_lower_than_what_a_whole_window_took() -> None:
    """Somebody else may use the same log: it takes nothing for a while, and then as before."""
    learnt, now = bucket_of(10), 2.0
    learnt.limit = 120
    for _ in range(120):
        now += learnt.wait_expected(now)
        ask(learnt, now)
    for _ in range(3):
        now += 0.1
        ask(learnt, now, is_refused=True)
        now += 1.0
        ask(learnt, now)

    assert 0.9 * 120 < learnt.limit <= 120


def test_a_limit_much_lower_than_told_is_believed_when_it_is_seen_twice() -> None:
    learnt = window_of(3)
    first = learnt.limit
    for _ in range(20):
        ask(learnt, 62.0)
    ask(learnt, 62.0, is_refused=True)
    ask(learnt, 122.5)

    assert (200, 21) == (first, learnt.limit)


def test_old_429s_and_lost_answers_teach_nothing() -> None:
    learnt = Learner(200, W, 1.0, in_flight=3, answered=[0.5] * 100)
    learnt.hear_refusal(1.0, None)
    learnt.hear_refusal(1.1, None)
    learnt.hear_answer(2.0, is_current=True, answered=False)

    assert (200, False) == (learnt.limit, learnt.is_even)


def test_a_request_never_sent_costs_nothing() -> None:
    learnt = bucket_of(10)
    learnt.take(2.3)
    learnt.hear_unsent()

    assert 0.0 == learnt.wait_expected(2.3)


def test_after_a_fork_what_was_in_flight_counts_as_answered() -> None:
    learnt = window_of(100)
    for _ in range(99):
        learnt.take(61.0)
    learnt.abandon(61.5)

    assert (59.0, 0.0) == (learnt.wait_expected(62.0), learnt.wait_expected(121.5))


def test_three_clean_windows_are_followed_by_one_per_cent_more() -> None:
    learnt = window_of(100)

    limits = list[float]()
    for windows in (2.9, 3.0, 4.0, 5.0):
        learnt.wait_expected(1.0 + windows * W)
        limits.append(learnt.limit)

    assert [100, 101, 103.02, 107.1408] == [round(limit, 4) for limit in limits]


def test_a_first_step_that_is_refused_makes_the_next_one_wait_three_times_longer() -> None:
    learnt = window_of(100)
    now = 1.0 + 3 * W
    learnt.wait_expected(now)
    passing(learnt, now, most=100)
    ask(learnt, now, is_refused=True)
    ask(learnt, now + W)

    steps = [learnt.wait_expected(now + 8.9 * W), learnt.limit]
    learnt.wait_expected(now + 9 * W)

    assert ([0.0, 100], 101) == (steps, learnt.limit)


@given(
    ends=st.lists(
        st.tuples(st.floats(0.1, 40.0), st.floats(0.5, 2.0)),  # windows until it; the limit after
        max_size=12,
    )
)
def test_the_rest_before_a_trial_is_three_windows_or_three_or_nine_times_that(
    ends: list[tuple[float, float]],
) -> None:
    """A trial in vain makes it longer, one that brought much makes it short again."""
    trial, now, patience = Trial(W, 0.0), 0.0, 1
    for windows, known in [*ends, (0.0, 1.0)]:
        before = trial.step(now + 2.99 * patience * W, 100.0, 0.0)
        first = trial.step(now + 3.01 * patience * W, 100.0, 0.0)
        assert (0.0, 0.01) == (before, first)
        now += (3.01 * patience + windows) * W
        was_vain = trial.end(now, 100.0 * known)
        patience = min(3 * patience, 9) if known <= 1.05 else 1
        assert was_vain == (known <= 1.05)


def test_steps_of_a_trial_double_from_one_per_cent_to_a_third() -> None:
    trial = Trial(W, 0.0)
    steps = [trial.step((3 + number) * W, 100.0, 0.0) for number in range(8)]

    assert [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.32, 0.32] == steps


@settings(deadline=None, max_examples=40)
@given(
    limit=st.integers(30, 190),
    counts_refused=st.booleans(),
    microseconds=st.integers(0, 250_000),  # less than that drowns in how times are rounded
)
def test_a_lower_limit_is_used_and_hardly_a_request_refused_once_it_is_known(
    limit: int, counts_refused: bool, microseconds: int
) -> None:
    """A sliding log of 30 to 190, told 200, for half an hour, one request after the other."""
    latency = microseconds / 1e6
    learnt, now, seen = Learner(200, W, 0.0), 0.0, deque[float]()
    accepted, refused, pause = 0, list[float](), 1.0
    while now < 30 * W:
        now += learnt.wait_expected(now)
        learnt.take(now)
        while seen and seen[0] <= now - W:
            seen.popleft()
        is_accepted = len(seen) < limit
        if is_accepted or counts_refused:
            seen.append(now)
        now += latency
        if is_accepted:
            learnt.hear_answer(now, is_current=True, answered=True)
            accepted, pause = accepted + 1, 1.0
        else:
            learnt.hear_refusal(now, None)
            refused.append(now)
            now, pause = now + pause, min(2 * pause, W)

    assert sum(at > 2 * W for at in refused) <= 4
    assert accepted >= (0.98 * 30 - 1) * limit


@settings(deadline=None)
@given(accepted=st.integers(50, 199), is_window=st.booleans())
def test_without_429s_nothing_is_left_of_it_in_the_end(accepted: int, is_window: bool) -> None:
    learnt = window_of(accepted) if is_window else bucket_of(accepted)

    was_over = learnt.is_over(62.0)

    assert (False, True, 200) == (was_over, learnt.is_over(62.0 + 60 * W), learnt.limit)


@settings(deadline=None)
@given(
    limit=st.integers(3, 12),
    steps=st.lists(st.tuples(st.integers(0, 60), st.booleans()), min_size=1, max_size=80),
)
def test_never_more_than_what_was_learnt_leave_in_a_window(
    limit: int, steps: list[tuple[int, bool]]
) -> None:
    """Before more is tried, of course; a window is counted from the answers on."""
    learnt = window_of(limit, told=12)
    now, sent = 61.0, deque[float]([61.0])
    for quarters, is_answered in steps:
        now += quarters / 16
        if learnt.wait_expected(now) > 0.0:
            continue
        learnt.take(now)
        if is_answered:
            sent.append(now)
            learnt.hear_answer(now, is_current=True, answered=True)
        else:
            learnt.hear_unsent()
        if now >= 1.0 + 3 * W:
            break
        assert sum(at > now - W for at in sent) <= limit


@settings(deadline=None)
@given(
    told=st.integers(1, 300),
    events=st.lists(
        st.tuples(
            st.floats(0.0, 90.0),
            st.sampled_from(["answer", "refusal", "told", "old", "lost", "unsent"]),
        ),
        max_size=60,
    ),
)
def test_whatever_happens_between_one_and_what_was_told_is_allowed_and_no_wait_is_endless(
    told: int, events: list[tuple[float, str]]
) -> None:
    learnt = Learner(told, W, 0.0, in_flight=1)
    now = 0.0
    learnt.hear_refusal(now, None)
    for pause, event in events:
        now += pause
        wait = learnt.wait_expected(now)
        assert 1 <= learnt.limit <= told
        assert wait <= 2 * W
        now += wait
        for _ in range(10):  # rounding may leave a moment
            now += learnt.wait_expected(now)
        assert learnt.wait_expected(now) == 0.0
        learnt.take(now)
        if event in ("refusal", "told"):
            learnt.hear_refusal(now, 30.0 if event == "told" else None)
            now += 30.0
        elif event == "unsent":
            learnt.hear_unsent()
        else:
            learnt.hear_answer(now, is_current=event != "old", answered=event != "lost")


def test_a_burst_grows_with_its_answers() -> None:
    log, flights = SlotLog(200, W), list[int]()
    while sum(flights) < 200:
        flights.append(0)
        while log.seconds_to_calm(0.0) == 0.0 and log.take(0.0):
            flights[-1] += 1
        for _ in range(flights[-1]):
            log.give_back(0.0)

    assert ([10] * 7, 14, 26) == (flights[:7], len(flights), max(flights[:-1]))


def test_a_burst_with_slow_answers_leaves_at_one_and_a_half_times_the_rate_of_the_limit() -> None:
    log = SlotLog(60, W)
    for _ in range(6):
        log.take(0.0)

    assert (W / 90, 0.0) == (log.seconds_to_calm(0.0), log.seconds_to_calm(W / 90))


def test_once_all_slots_were_answered_a_burst_may_leave_at_once() -> None:
    log = SlotLog(60, W)
    for _ in range(60):
        log.take(0.0)
        log.give_back(0.0)
    log.take(0.0)  # there is none
    for _ in range(59):
        log.take(100.0)
    proven = log.seconds_to_calm(100.0)
    log.doubt()

    assert (0.0, True) == (proven, log.seconds_to_calm(100.0) > 0.0)
