"""Processes share a limit through a file, whatever becomes of the file, the clock and each other.

Every pacer here stands for a process: it opens the file by itself.
"""

from __future__ import annotations

import asyncio
import math
import os
import struct
import warnings
from pathlib import Path

import pytest
from fake_clock import FakeClock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wixreseller import ConfigurationError, RateLimit
from wixreseller._clock import Clock
from wixreseller._pacing import Pacer, Turn, WouldWaitError
from wixreseller._pacing_file import LEASE, FileSlots, Grant

needs_flock = pytest.mark.skipif(os.name == "nt", reason="needs flock")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "limit"


def process(path: Path, fake: FakeClock, requests: int = 2, per: float = 60.0) -> Pacer:
    return Pacer(RateLimit(requests, per=per, shared=path), fake.clock())


async def seconds_refused(pacer: Pacer) -> float:
    """Give the wait that a call which may not wait is refused for."""
    with pytest.raises(WouldWaitError) as caught:
        await pacer.take(max_wait=0)
    return caught.value.seconds


async def use(pacer: Pacer, times: int = 1) -> None:
    for _ in range(times):
        pacer.give_back(await pacer.take(max_wait=0))


async def use_up(pacer: Pacer) -> float:
    await use(pacer, 2)
    return await seconds_refused(pacer)


def delete(path: Path) -> None:
    path.unlink()


def status(path: Path) -> os.stat_result:
    return path.stat()


def read(path: Path) -> str:
    return path.read_text()


def write(path: Path, text: str) -> None:
    path.write_text(text)


async def test_slots_taken_by_one_process_are_missing_in_another(path: Path) -> None:
    fake = FakeClock()
    one, other = process(path, fake), process(path, fake)
    await use(one, 2)
    fake.now += 10.0

    refused = await seconds_refused(other)
    fake.now += 50.0
    turn = await other.take(max_wait=0)

    assert (50.0, 0.0) == (refused, turn.waited)


async def test_a_slot_in_flight_is_free_one_window_after_its_answer(path: Path) -> None:
    fake = FakeClock()
    one, other = process(path, fake, 1), process(path, fake, 1)
    turn = await one.take()
    fake.now += 100.0
    in_flight = await seconds_refused(other)
    one.give_back(turn)
    fake.now += 59.0
    cooling = await seconds_refused(other)

    assert (60.0, 1.0) == (in_flight, cooling)


async def test_a_request_never_sent_costs_no_process_a_slot(path: Path) -> None:
    fake = FakeClock()
    one, other = process(path, fake, 1), process(path, fake, 1)

    one.give_back(await one.take(), unsent=True)

    assert 0.0 == (await other.take(max_wait=0)).waited


async def test_one_429_closes_the_gate_of_every_process_and_one_probe_opens_it(path: Path) -> None:
    fake = FakeClock()
    one, other = process(path, fake, 9), process(path, fake, 9)
    one.give_back(await one.take(), throttled=True)

    closed = await seconds_refused(other)
    fake.now += 1.0
    probe = await other.take(max_wait=0)
    while_probing = await seconds_refused(one)
    other.give_back(probe)
    await use(one)

    assert (1.0, 1.0) == (closed, while_probing)


async def test_a_probe_refused_doubles_the_wait_for_all(path: Path) -> None:
    fake = FakeClock()
    one, other = process(path, fake, 9), process(path, fake, 9)
    one.give_back(await one.take(), throttled=True)
    fake.now += 1.0
    other.give_back(await other.take(), throttled=True)

    assert 2.0 == await seconds_refused(one)


async def test_a_process_that_waits_notices_the_gate_opened_by_another(path: Path) -> None:
    fake = FakeClock(now=0.0)
    one, other = process(path, fake, 9), process(path, fake, 9)

    async def work() -> Turn:
        one.give_back(await one.take(), throttled=True)
        await fake.sleep(1.0)
        probe = await one.take()
        waiting = asyncio.create_task(other.take())
        await fake.sleep(30.0)
        one.give_back(probe)
        return await waiting

    turn = await fake.drive(work())

    assert 30.0 <= turn.waited <= 31.0


async def test_every_process_keeps_to_its_own_limit_over_the_requests_of_all(path: Path) -> None:
    fake = FakeClock()
    small, large = process(path, fake, 2), process(path, fake, 4)

    await use(large, 3)
    refused = await seconds_refused(small)
    await use(large)

    assert (60.0, 60.0) == (refused, await seconds_refused(large))


async def test_a_crashed_process_loses_its_slots_when_the_lease_ends(path: Path) -> None:
    fake = FakeClock()
    crashed, other = process(path, fake, 1), process(path, fake, 1)
    await crashed.take()

    fake.now += 60.0 + LEASE - 1.0
    refused = await seconds_refused(other)
    fake.now += 1.0
    await use(other)

    assert refused > 0.0


@needs_flock
async def test_slots_of_a_process_that_is_seen_to_be_dead_cool_at_once(path: Path) -> None:
    fake = FakeClock()
    living: set[int] = set()
    crashed = FileSlots(path, 1, 60.0, fake.clock(), is_alive=living.__contains__)
    other = FileSlots(path, 1, 60.0, fake.clock(), is_alive=living.__contains__)
    assert isinstance(await crashed.take(), Grant)
    give_to_another_process(path)
    living.add(4_000_000_000)
    fake.now += 5.0
    alive = await other.take()
    fake.now += 10.0
    living.clear()
    seen_dead = await other.take()
    fake.now += 59.0
    cooling = await other.take()
    fake.now += 1.0

    assert (60.0, 60.0, 1.0) == (alive, seen_dead, cooling)
    assert isinstance(await other.take(), Grant)


def give_to_another_process(path: Path) -> None:
    """Write another process number over that of the first slot's owner."""
    with path.open("r+b") as file:
        file.seek(64 + 8)
        (owner,) = struct.unpack("=Q", file.read(8))
        file.seek(64 + 8)
        file.write(struct.pack("=Q", owner >> 32 << 32 | 4_000_000_000))


async def test_a_slot_given_back_after_its_lease_does_not_free_its_new_owners(path: Path) -> None:
    fake = FakeClock()
    slow, other = process(path, fake, 1), process(path, fake, 1)
    turn = await slow.take()
    fake.now += 60.0 + LEASE
    await other.take()

    slow.give_back(turn, unsent=True)

    assert 60.0 == await seconds_refused(process(path, fake, 1))


@pytest.mark.parametrize(
    ("date_moved_by", "refused"), [(5.0, 55.0), (50.0, 40.0), (60.0, 0.0), (-3_600.0, 60.0)]
)
async def test_after_a_reboot_slots_cool_on_by_the_date(
    path: Path, date_moved_by: float, refused: float
) -> None:
    """To a window after the start at the latest; a date that was set back proves nothing."""
    before, after = FakeClock(now=10_000.0), FakeClock(now=20.0)
    await use(process(path, before, 1))
    clock = FakeClock(now=10_000.0 + date_moved_by)
    # Uptime begins anew, the date goes on.
    slots = FileSlots(path, 1, 60.0, Clock(monotonic=lambda: after.now, posix=lambda: clock.now))

    first = await slots.take()
    if refused == 0.0:
        assert isinstance(first, Grant)
    else:
        assert pytest.approx((refused, refused)) == (first, await slots.take())  # pyright: ignore[reportUnknownMemberType]


async def test_what_was_in_flight_at_a_reboot_does_not_stay_in_flight(path: Path) -> None:
    fake = FakeClock(now=1_000_000.0)
    await process(path, fake, 1).take()
    date = fake.now + 3_600.0
    fake.now = 5.0
    slots = FileSlots(path, 1, 60.0, Clock(monotonic=lambda: fake.now, posix=lambda: date))

    assert isinstance(await slots.take(), Grant)


async def test_a_deleted_file_is_made_again_without_a_word(path: Path) -> None:
    fake = FakeClock()
    one, other = process(path, fake, 1), process(path, fake, 1)
    turn = await one.take()
    delete(path)
    one.give_back(turn)
    fake.now += 60.0
    await use(one)

    assert 60.0 == await seconds_refused(other)


async def test_the_file_is_private_and_grows_with_the_limit_only(path: Path) -> None:
    fake = FakeClock()
    pacer = process(path, fake, 3)
    for _ in range(5):
        await use(pacer, 3)
        fake.now += 60.0

    found = status(path)
    mode = found.st_mode & 0o777 if os.name != "nt" else 0o600
    assert (0o600, 64 + 3 * 16) == (mode, found.st_size)


async def test_a_file_of_somebody_else_is_left_alone(path: Path) -> None:
    write(path, "orders, not slots" * 10)
    pacer = process(path, FakeClock())

    with pytest.warns(RuntimeWarning, match="not made by this library") as warned:
        await use(pacer, 2)

    assert (1, "orders, not slots" * 10) == (len(warned), read(path))


@pytest.mark.parametrize("broken", ["missing directory", "directory"])
async def test_without_the_file_a_process_keeps_to_the_limit_by_itself(
    tmp_path: Path, broken: str
) -> None:
    path = tmp_path if broken == "directory" else tmp_path / "missing" / "limit"
    pacer = process(path, FakeClock())

    with pytest.warns(RuntimeWarning, match="not shared with other processes") as warned:
        refused = await use_up(pacer)

    assert (1, 60.0) == (len(warned), refused)


async def test_the_gate_works_without_the_file(tmp_path: Path) -> None:
    fake = FakeClock(now=0.0)
    pacer = process(tmp_path / "missing" / "limit", fake, 9)

    async def work() -> list[float]:
        pacer.give_back(await pacer.take(), throttled=True)
        probe = await pacer.take()
        others = [asyncio.create_task(pacer.take()) for _ in range(3)]
        await fake.sleep(5.0)
        pacer.give_back(probe)
        return [probe.waited, *[(await other).waited for other in others]]

    with pytest.warns(RuntimeWarning):
        waited = await fake.drive(work())

    assert 1.0 == waited[0]
    assert all(5.0 <= seconds <= 6.0 for seconds in waited[1:])


async def test_a_file_that_comes_back_is_shared_again(tmp_path: Path) -> None:
    fake = FakeClock()
    path = tmp_path / "later" / "limit"
    one, other = process(path, fake, 1), process(path, fake, 1)
    with pytest.warns(RuntimeWarning):
        await use(one)
    path.parent.mkdir()
    fake.now += 60.0

    await use(one)

    assert 60.0 == await seconds_refused(other)


@needs_flock
async def test_a_process_stopped_while_it_held_the_lock_makes_nobody_hang(path: Path) -> None:
    import fcntl

    fake = FakeClock(now=0.0)
    pacer = process(path, fake, 1)
    pacer.give_back(await pacer.take())
    fake.now += 60.0
    with path.open("r+b") as stopped:
        fcntl.flock(stopped, fcntl.LOCK_EX)
        with pytest.warns(RuntimeWarning, match="held its lock for 1 s"):
            turn = await fake.drive(pacer.take())

    assert 1.0 <= turn.waited < 1.1


@needs_flock
async def test_what_cannot_be_written_at_once_is_written_next_time(path: Path) -> None:
    import fcntl

    fake = FakeClock(now=0.0)
    one, other = process(path, fake, 2), process(path, fake, 2)
    turn = await one.take()
    with path.open("r+b") as busy:
        fcntl.flock(busy, fcntl.LOCK_EX)
        one.give_back(turn)
    fake.now += 30.0
    await use(one)
    fake.now += 30.0

    await use(other)


@given(garbage=st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_no_content_of_the_slots_blocks_for_longer_than_a_window(
    tmp_path: Path, garbage: bytes
) -> None:
    async def check() -> None:
        fake = FakeClock()
        path = tmp_path / "limit"
        path.unlink(missing_ok=True)
        await use(process(path, fake, 1))
        path.write_bytes(path.read_bytes()[:64] + garbage)
        slots = FileSlots(path, 1, 60.0, fake.clock(), is_alive=set[int]().__contains__)
        found = await slots.take()
        assert isinstance(found, Grant) or (found is not None and found <= 60.0 + LEASE)
        fake.now += 60.0 + LEASE
        await slots.take()
        fake.now += 60.0 + LEASE
        assert isinstance(await slots.take(), Grant)

    asyncio.run(check())


@given(
    limit=st.integers(1, 4),
    steps=st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 16), st.integers(0, 12)), max_size=40
    ),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_no_window_sees_more_than_the_limit_from_all_processes(
    tmp_path: Path, limit: int, steps: list[tuple[int, int, int]]
) -> None:
    async def check() -> None:
        fake = FakeClock()
        path = tmp_path / "limit"
        path.unlink(missing_ok=True)
        processes = [FileSlots(path, limit, 10.0, fake.clock()) for _ in range(3)]
        seen: list[float] = []
        for who, pause, latency in steps:
            fake.now += pause / 4
            while not isinstance(grant := await processes[who].take(), Grant):
                assert grant is not None
                fake.now += grant
            seen.append(fake.now + latency / 8)
            fake.now += latency / 4
            processes[who].give_back(grant, refusal=None, unsent=False, answered=True)
        for first, later in zip(seen, seen[limit:], strict=False):
            assert later - first >= 10.0

    asyncio.run(check())


@pytest.mark.parametrize("shared", ["", 7, b"path", math.nan])
def test_a_path_that_is_none_is_refused(shared: object) -> None:
    with pytest.raises(ConfigurationError, match=r"rate_limit\.shared must be the path of a file"):
        RateLimit(shared=shared)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_a_path_may_be_a_string_and_stays_the_same_in_another_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert RateLimit(shared="limit").shared == tmp_path / "limit"


def test_making_a_limit_or_a_pacer_touches_no_file(tmp_path: Path) -> None:
    with warnings.catch_warnings(record=True) as warned:
        process(tmp_path / "limit", FakeClock())

    assert ([], []) == (warned, list(tmp_path.iterdir()))
