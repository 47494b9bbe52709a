"""One 429 pauses every request of the key, no longer and no more often than it must."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Coroutine

import pytest
from fake_clock import FakeClock
from hypothesis import given
from hypothesis import strategies as st

from wixreseller import RateLimit
from wixreseller._pacing import Pacer, WouldWaitError, forget_pacers, key_identity, pacer_for
from wixreseller.config import KeySource
from wixreseller.ratelimit import PROBE_LEASE, SPREAD, Gate, Refusal

LIMIT = RateLimit(100, per=60.0)
seconds = st.floats(0.01, 1_000.0)
chances = st.floats(0.0, 1.0)


def refuse(
    gate: Gate, at: float, retry_after: float | None = None, *, epoch: int, is_probe: bool = False
) -> None:
    gate.hear(Refusal(at, retry_after, 60.0, 0.0), epoch=epoch, is_probe=is_probe, answered=True)


@given(now=seconds, retry_after=seconds, chance=chances)
def test_retry_after_is_waited_for_in_full_and_up_to_a_quarter_longer(
    now: float, retry_after: float, chance: float
) -> None:
    gate = Gate()

    gate.hear(Refusal(now, retry_after, 60.0, chance), epoch=0, is_probe=False, answered=True)

    assert retry_after * 0.999999 <= gate.seconds_closed(now) <= retry_after * 1.250001


def test_chance_spreads_the_return_over_a_fifth_of_the_wait_at_least() -> None:
    assert SPREAD >= 0.2


def test_after_retry_after_the_gate_is_open_for_everybody() -> None:
    gate = Gate()
    refuse(gate, 0.0, 30.0, epoch=0)

    assert (0.0, False) == (gate.seconds_closed(30.0), gate.enter(30.0))


@given(retry_after=st.floats(3_600.0, 1e300))
def test_however_long_it_is_told_to_stay_closed_after_an_hour_a_probe_asks_again(
    retry_after: float,
) -> None:
    gate = Gate()

    refuse(gate, 0.0, retry_after, epoch=0)
    refuse(gate, 1.0, retry_after, epoch=0)  # in flight by then, so it ends an hour later at most

    assert (1.0, 0.0) == (gate.seconds_closed(3_600.0), gate.seconds_closed(3_601.0))
    assert (True, True) == (gate.enter(3_601.0), gate.seconds_closed(3_601.0) > 0.0)


def test_what_should_have_become_free_shortens_a_wait_by_half_at_the_most() -> None:
    gate = Gate()
    refuse(gate, 0.0, epoch=0)
    gate.enter(1.0)
    known = Refusal(1.0, None, 60.0, 0.0, useful_in=0.1)

    gate.hear(known, epoch=gate.epoch, is_probe=True, answered=True)

    assert 1.0 == gate.seconds_closed(1.0)


@pytest.mark.parametrize("told", [None, 0.0])
def test_without_retry_after_the_probe_is_due_after_a_sixtieth_of_the_window(
    told: float | None,
) -> None:
    gate = Gate()
    refuse(gate, 0.0, told, epoch=0)

    assert (1.0, 0.0, True) == (
        gate.seconds_closed(0.0),
        gate.seconds_closed(1.0),
        gate.enter(1.0),
    )


def test_every_probe_refused_doubles_the_wait_up_to_the_whole_window() -> None:
    gate, now, waits = Gate(), 0.0, list[float]()
    refuse(gate, now, epoch=0)
    for _ in range(8):
        waits.append(gate.seconds_closed(now))
        now += waits[-1]
        gate.enter(now)
        refuse(gate, now, epoch=gate.epoch, is_probe=True)

    assert [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0] == waits


def test_a_probe_goes_no_later_than_when_something_must_have_become_free() -> None:
    gate = Gate()
    refuse(gate, 0.0, epoch=0)
    gate.enter(1.0)
    known = Refusal(1.0, None, 60.0, 0.0, useful_in=1.5)

    gate.hear(known, epoch=gate.epoch, is_probe=True, answered=True)

    assert 1.5 == gate.seconds_closed(1.0)


def test_any_other_answer_to_the_probe_opens_the_gate() -> None:
    gate = Gate()
    refuse(gate, 0.0, epoch=0)
    gate.enter(1.0)

    gate.hear(None, epoch=gate.epoch, is_probe=True, answered=True)

    assert (0.0, False) == (gate.seconds_closed(1.1), gate.enter(1.1))


def test_a_probe_without_an_answer_opens_nothing_and_another_one_goes() -> None:
    gate = Gate()
    refuse(gate, 0.0, epoch=0)
    gate.enter(1.0)

    gate.hear(None, epoch=gate.epoch, is_probe=True, answered=False)

    assert (0.0, True) == (gate.seconds_closed(1.1), gate.enter(1.1))


def test_a_probe_that_nobody_gives_back_is_believed_lost_in_the_end() -> None:
    gate = Gate()
    refuse(gate, 0.0, epoch=0)
    gate.enter(1.0)

    assert (True, 0.0) == (
        gate.seconds_closed(PROBE_LEASE) > 0.0,
        gate.seconds_closed(1.0 + PROBE_LEASE),
    )


def test_answers_to_what_was_in_flight_do_not_open_the_gate() -> None:
    gate = Gate()
    refuse(gate, 0.0, epoch=0)

    gate.hear(None, epoch=0, is_probe=False, answered=True)

    assert 1.0 == gate.seconds_closed(0.0)


@given(st.lists(st.floats(0.0, 1.0), max_size=20))
def test_more_429s_from_what_was_in_flight_lengthen_nothing(times: list[float]) -> None:
    gate = Gate()
    refuse(gate, 0.0, epoch=0)
    for at in times:
        refuse(gate, at, epoch=0)

    assert (1.0, 1.0) == (gate.until, gate.wait)


def test_one_in_flight_that_is_told_a_later_time_is_believed() -> None:
    gate = Gate()
    refuse(gate, 0.0, 10.0, epoch=0)
    refuse(gate, 2.0, 9.0, epoch=0)
    refuse(gate, 2.0, 5.0, epoch=0)

    assert 11.0 == gate.until


@given(
    st.lists(
        st.tuples(st.booleans(), st.none() | seconds, st.booleans(), st.floats(0.0, 100.0)),
        max_size=30,
    )
)
def test_no_gate_stays_closed_longer_than_it_was_told_or_a_window_and_its_jitter(
    steps: list[tuple[bool, float | None, bool, float]],
) -> None:
    gate, now = Gate(), 0.0
    for is_refused, retry_after, answered, pause in steps:
        now += pause
        if gate.seconds_closed(now):
            continue
        epoch, is_probe = gate.epoch, gate.enter(now)
        refusal = Refusal(now, retry_after, 60.0, 1.0) if is_refused else None
        gate.hear(refusal, epoch=epoch, is_probe=is_probe, answered=answered)

        assert gate.seconds_closed(now) <= 1.250001 * (retry_after or 60.0)


def drive(fake: FakeClock, work: Coroutine[object, object, list[float]]) -> list[float]:
    return asyncio.run(fake.drive(work))


async def waits(fake: FakeClock, pacers: list[Pacer]) -> list[float]:
    """Give how long those wait who ask just now, each with a request of half a second."""

    async def call(pacer: Pacer) -> float:
        turn = await pacer.take()
        await fake.sleep(0.5)
        pacer.give_back(turn)
        return turn.waited

    return list(await asyncio.gather(*map(call, pacers)))


def test_one_429_pauses_every_task_of_the_key_and_one_probe_frees_all() -> None:
    fake = FakeClock(now=0.0)
    pacer = Pacer(LIMIT, fake.clock())

    async def work() -> list[float]:
        pacer.give_back(await pacer.take(), throttled=True)
        return await waits(fake, [pacer] * 4)

    assert [1.0] + [1.5] * 3 == drive(fake, work())


def test_with_retry_after_all_go_on_when_it_is_over() -> None:
    fake = FakeClock(now=0.0)
    pacer = Pacer(LIMIT, fake.clock(chance=0.4))

    async def work() -> list[float]:
        pacer.give_back(await pacer.take(), throttled=True, retry_after=20.0)
        return await waits(fake, [pacer] * 3)

    assert [22.0] * 3 == drive(fake, work())


def test_the_gate_is_shared_by_all_limits_of_a_key_and_by_clients_without_one() -> None:
    fake = FakeClock(now=0.0)
    clock = fake.clock()
    pacers = [
        pacer_for("http://127.0.0.1", b"key", limit, clock)
        for limit in (LIMIT, RateLimit(7, per=1.0), None)
    ]
    stranger = pacer_for("http://127.0.0.1", b"another key", LIMIT, clock)

    async def work() -> list[float]:
        pacers[0].give_back(await pacers[0].take(), throttled=True, retry_after=10.0)
        return await waits(fake, [*pacers, stranger])

    assert [10.0, 10.0, 10.0, 0.0] == drive(fake, work())


def test_a_probe_through_one_limit_frees_those_who_wait_for_another() -> None:
    fake = FakeClock(now=0.0)
    clock = fake.clock()
    one, other = (pacer_for("http://127.0.0.1", b"key", limit, clock) for limit in (LIMIT, None))

    async def work() -> list[float]:
        one.give_back(await one.take(), throttled=True)
        return await waits(fake, [one, other, one])

    assert [1.0, 1.5, 1.5] == drive(fake, work())


def test_without_a_limit_the_probe_goes_after_a_second() -> None:
    fake = FakeClock(now=0.0)
    pacer = Pacer(None, fake.clock())

    async def work() -> list[float]:
        pacer.give_back(await pacer.take(), throttled=True)
        return await waits(fake, [pacer])

    assert [1.0] == drive(fake, work())


def test_an_unsent_probe_hands_its_part_to_the_next_in_line() -> None:
    fake = FakeClock(now=0.0)
    pacer = Pacer(LIMIT, fake.clock())

    async def work() -> list[float]:
        pacer.give_back(await pacer.take(), throttled=True)
        probe = await pacer.take()
        rest = asyncio.create_task(waits(fake, [pacer] * 3))
        await fake.sleep(0.25)
        pacer.give_back(probe, unsent=True)
        return await rest

    assert [0.25, 0.75, 0.75] == drive(fake, work())


def test_a_probe_refused_makes_those_in_line_wait_for_the_next_and_no_longer() -> None:
    fake = FakeClock(now=0.0)
    pacer = Pacer(LIMIT, fake.clock())

    async def work() -> list[float]:
        pacer.give_back(await pacer.take(), throttled=True)
        probe = await pacer.take()
        rest = asyncio.create_task(waits(fake, [pacer] * 2))
        await fake.sleep(0.5)
        pacer.give_back(probe, throttled=True)
        return await rest

    assert [2.5, 3.0] == drive(fake, work())


async def test_max_wait_refuses_at_once_while_the_gate_is_closed() -> None:
    fake = FakeClock(now=0.0)
    pacer = Pacer(LIMIT, fake.clock())
    pacer.give_back(await pacer.take(), throttled=True, retry_after=30.0)

    with pytest.raises(WouldWaitError) as caught:
        await pacer.take(max_wait=29.0)

    assert (30.0, []) == (caught.value.seconds, fake.slept)


def test_a_gate_that_closes_refuses_whom_it_makes_late_while_they_stand_in_line() -> None:
    """Also those who are not the first of the line, and whatever the first may wait for."""
    fake = FakeClock(now=0.0)
    pacer = Pacer(RateLimit(2, per=60.0), fake.clock())
    refused_at: list[float] = []

    async def hurried() -> None:
        try:
            await pacer.take(max_wait=130.0)
        except WouldWaitError:
            refused_at.append(fake.now)

    async def work() -> list[float]:
        turns = [await pacer.take(), await pacer.take()]
        patient = asyncio.create_task(pacer.take())
        tasks = [asyncio.create_task(hurried()) for _ in range(3)]
        await fake.sleep(5.0)
        pacer.give_back(turns[0], throttled=True, retry_after=500.0)
        await asyncio.gather(*tasks)
        patient.cancel()
        return refused_at

    assert [5.0] * 3 == drive(fake, work())


def test_old_429s_after_the_gate_has_opened_do_not_close_it_again() -> None:
    fake = FakeClock(now=0.0)
    pacer = Pacer(LIMIT, fake.clock())

    async def work() -> list[float]:
        first, slow = await pacer.take(), await pacer.take()
        pacer.give_back(first, throttled=True)
        await waits(fake, [pacer])
        pacer.give_back(slow, throttled=True)
        return await waits(fake, [pacer] * 3)

    assert [0.0] * 3 == drive(fake, work())


def test_clients_without_a_pause_between_them_share_a_pacer_and_what_is_left_of_its_window() -> (
    None
):
    fake = FakeClock(now=0.0)
    clock = fake.clock()

    async def work() -> list[float]:
        found: list[float] = []
        for _ in range(3):  # nobody holds the pacer from one round to the next
            pacer = pacer_for("http://127.0.0.1", b"key", RateLimit(2, per=60.0), clock)
            found += await waits(fake, [pacer])
        return found

    assert [0.0, 0.0, 59.5] == drive(fake, work())


def test_no_pacer_is_kept_once_its_slots_are_free_and_nobody_holds_it() -> None:
    import gc
    import weakref

    fake = FakeClock(now=0.0)
    clock = fake.clock()
    whose = itertools.count()

    async def work() -> list[float]:
        pacer = pacer_for("http://127.0.0.1", next(whose), LIMIT, clock)
        await waits(fake, [pacer])
        gone.append(weakref.ref(pacer))
        return []

    gone: list[weakref.ref[Pacer]] = []
    drive(fake, work())
    gc.collect()
    still_kept = gone[0]() is not None
    fake.now += 61.0
    pacer_for("http://127.0.0.1", next(whose), LIMIT, clock)
    gc.collect()

    assert (True, None) == (still_kept, gone[0]())


def test_clients_made_after_forgetting_begin_afresh() -> None:
    fake = FakeClock(now=0.0)
    clock = fake.clock()

    async def work() -> list[float]:
        before = pacer_for("http://127.0.0.1", b"key", LIMIT, clock)
        before.give_back(await before.take(), throttled=True, retry_after=10.0)
        forget_pacers()
        return await waits(fake, [before, pacer_for("http://127.0.0.1", b"key", LIMIT, clock)])

    assert [10.0, 0.0] == drive(fake, work())


def test_what_stands_for_a_key_is_the_same_for_the_same_key_and_does_not_hold_it() -> None:
    one, same, other = (
        key_identity(KeySource(key, "https://host")) for key in ("canary-1", "canary-1", "canary-2")
    )

    assert (True, False, False) == (one == same, one == other, "canary" in repr(one))


def test_a_key_function_stands_for_its_key() -> None:
    def function() -> str:
        return "key"

    class Unhashable:
        __hash__ = None  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]

        def __call__(self) -> str:
            return "key"

    unhashable = KeySource(Unhashable(), "https://host")

    assert function == key_identity(KeySource(function, "https://host"))
    assert key_identity(unhashable) != key_identity(unhashable)
