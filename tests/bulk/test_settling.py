"""How orders are settled whose answer was lost: by looks that they share, until time is up."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from bulk_journals import LoopJournal
from bulk_orders import BASIC, cancel, carry_out, orders, words
from safety_client import World, world
from safety_time import in_jumping_time

from wixreseller import RetryPolicy
from wixreseller.bulk.journal import entry_of
from wixreseller.testing import FaultKind


async def looks(here: World) -> list[float]:
    """Give when each look came, in seconds since the last write."""
    journal = await here.journal()
    writes = [entry.time for entry in journal if entry.operation != "queryPackages"]
    return [
        (entry.time - writes[-1]).total_seconds()
        for entry in journal
        if entry.operation == "queryPackages" and entry.time > writes[-1]
    ]


@in_jumping_time
async def test_looks_come_twice_as_late_each_time_and_once_more_at_the_end(tmp_path: Path) -> None:
    async with world() as here, here.client() as client, LoopJournal(tmp_path / "j") as journal:
        await here.fault("drop_before_commit", operation="createPackageV2")
        outcomes = await carry_out(client, orders(1), journal=journal)
        assert {"unknown": 1} == words(outcomes)
        assert [0.5, 1.5, 3.5, 7.5, 10.0] == [round(seconds, 1) for seconds in await looks(here)]


@in_jumping_time
async def test_a_window_that_is_over_at_once_has_one_look(tmp_path: Path) -> None:
    async with (
        world() as here,
        here.client(retry=RetryPolicy(settle_window=0.001)) as client,
        LoopJournal(tmp_path / "j") as journal,
    ):
        await here.fault("drop_after_commit", operation="createPackageV2")
        outcomes = await carry_out(client, orders(1), journal=journal)
        assert {"created": 1} == words(outcomes)
        assert 2 == len([e for e in await here.journal() if e.operation == "queryPackages"])


@pytest.mark.parametrize("lag", [0.2, 4.0, 9.9])
@in_jumping_time
async def test_what_is_shown_within_the_window_is_found_soon_after(
    tmp_path: Path, lag: float
) -> None:
    async with world(visibility_lag_seconds=lag) as here, here.client() as client:
        await here.fault("drop_after_commit", operation="createPackageV2")
        began = here.loop.time()
        async with LoopJournal(tmp_path / "j") as journal:
            outcomes = await carry_out(client, orders(1), journal=journal)
        assert {"created": 1} == words(outcomes)
        assert lag <= here.loop.time() - began <= max(2 * lag, 1.0) + 0.5


@in_jumping_time
async def test_a_hundred_lost_orders_share_their_looks(tmp_path: Path) -> None:
    async with world(visibility_lag_seconds=3.0) as here, here.client() as client:
        await here.fault("empty_500", when="after_commit", operation="createPackageV2", times=16)
        async with LoopJournal(tmp_path / "j") as journal:
            outcomes = await carry_out(client, orders(100), journal=journal)
        assert {"created": 100} == words(outcomes)
        journal_ = await here.journal()
        assert len([e for e in journal_ if e.operation == "queryPackages"]) <= 16
        assert 100 == await here.committed("createPackageV2")


@pytest.mark.parametrize("kind", ["drop_after_commit", "truncate", "unreadable", "empty_500"])
@in_jumping_time
async def test_creates_and_cancels_whose_answers_were_lost_are_settled_together(
    tmp_path: Path, kind: FaultKind
) -> None:
    async with world() as here, here.client() as client, LoopJournal(tmp_path / "j") as journal:
        package = await here.create(BASIC, external_id="old")
        for operation in ("createPackageV2", "cancelPackage"):
            if kind == "empty_500":
                await here.fault(kind, operation=operation, when="after_commit", times=None)
            else:
                await here.fault(kind, operation=operation, times=None)
        asked = [*orders(2), cancel("old"), cancel(package_id=package.id)]
        outcomes = await carry_out(client, asked, journal=journal)
        assert {"created": 2, "canceled": 2} == words(outcomes)


@in_jumping_time
async def test_another_create_of_the_process_under_the_same_id_leaves_open_whose_it_is(
    tmp_path: Path,
) -> None:
    async with world() as here, here.client() as client, LoopJournal(tmp_path / "j") as journal:
        await here.fault("drop_before_commit", operation="createPackageV2")
        running = asyncio.ensure_future(carry_out(client, orders(1), journal=journal))
        await here.sleep(0.2)
        await client.packages.create([BASIC], external_id="sub-0")
        outcomes = await running
        # It is there as it was ordered; that this order made it would be a guess.
        assert {"existing": 1} == words(outcomes)


@in_jumping_time
async def test_an_answer_about_another_package_is_looked_into(tmp_path: Path) -> None:
    async with world() as here, here.client() as client, LoopJournal(tmp_path / "j") as journal:
        await here.change(idempotency_mismatch="replay", idempotency_scope="caller")
        key = entry_of(orders(1)[0], 0).key
        await client.packages.create([BASIC], external_id="other", idempotency_key=key)
        outcomes = await carry_out(client, orders(1), journal=journal)
        # The server gave the answer of another request under our key.
        assert [("unknown", "NOT_SEEN")] == [(o.outcome, o.code) for o in outcomes.values()]
