"""Runs take the same memory however many orders there are, and notice every repeat."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from bulk_canned import canned_client
from bulk_journals import LoopJournal
from bulk_orders import order
from hypothesis import given, settings
from hypothesis import strategies as st

from wixreseller import bulk
from wixreseller.bulk import Order
from wixreseller.bulk.reading import Chunks, Numbers


async def peak_of(count: int, journal: Path) -> int:
    """Carry out so many orders from a generator, and give the most bytes it took."""

    def asked() -> Iterator[Order]:
        return (order(f"sub-{number}") for number in range(count))

    client, executor = canned_client()
    async with client, LoopJournal(journal) as kept:
        gc.collect()
        tracemalloc.start()
        try:
            async for _ in bulk.run(client, asked(), journal=kept):
                pass
            (_, peak) = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert count == executor.created
    return peak


async def test_three_times_the_orders_take_no_more_memory(tmp_path: Path) -> None:
    await peak_of(200, tmp_path / "warm")
    few, many = await peak_of(300, tmp_path / "few"), await peak_of(900, tmp_path / "many")
    # A kilobyte an order would be 600,000 bytes.
    assert many - few < 200_000


async def test_orders_are_taken_only_as_far_as_work_has_come(tmp_path: Path) -> None:
    taken = done = most_ahead = 0

    def asked() -> Iterator[Order]:
        nonlocal taken, most_ahead
        for number in range(3000):
            taken += 1
            most_ahead = max(most_ahead, taken - done)
            yield order(f"sub-{number}")

    client, _ = canned_client()
    async with client, LoopJournal(tmp_path / "j") as kept:
        async for _ in bulk.run(client, asked(), journal=kept):
            done += 1
    assert most_ahead <= 700


async def test_a_reader_that_is_slow_holds_the_run_back(tmp_path: Path) -> None:
    client, executor = canned_client()
    endless = (order(f"sub-{number}") for number in range(1_000_000))
    async with client, LoopJournal(tmp_path / "j") as kept:
        run = bulk.run(client, endless, journal=kept)
        await anext(run)
        before = -1
        while executor.created > before:  # until nothing more is done
            before = executor.created
            for _ in range(200):
                await asyncio.sleep(0)
        await run.aclose()
    assert executor.created < 1500


# --- the parts ----------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.lists(st.one_of(st.integers(0, 40), st.integers(0, 10**12)), max_size=60))
def test_a_number_is_new_once(numbers: list[int]) -> None:
    seen, known = Numbers(), set[int]()
    for number in numbers:
        assert (number not in known) == seen.add(number)
        known.add(number)


@settings(deadline=None)
@given(st.integers(0, 25), st.integers(1, 7), st.booleans(), st.booleans())
def test_chunks_hold_every_item_in_its_order_and_none_is_too_large(
    count: int, size: int, is_async: bool, pauses: bool
) -> None:
    async def one_by_one() -> AsyncIterator[int]:
        for number in range(count):
            if pauses:
                await asyncio.sleep(0)
            yield number

    async def read() -> list[list[int]]:
        chunks = Chunks(one_by_one() if is_async else range(count), size)
        filling = asyncio.ensure_future(chunks.fill())
        found = list[list[int]]()
        while chunk := await chunks.take():
            found.append(list(chunk))
        await filling
        return found

    found = asyncio.run(read())
    assert [*range(count)] == [number for chunk in found for number in chunk]
    assert all(len(chunk) == size for chunk in found[:-1])
