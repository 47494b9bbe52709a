"""What a run makes of what its journal holds: orders of every state, again and not again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import attrs
from bulk_journals import LoopJournal, records_of
from bulk_orders import ACCOUNT, BASIC, cancel, carry_out, order, orders, words
from safety_client import World, world
from safety_time import in_jumping_time

from wixreseller.bulk.journal import Change, Record, State, entry_of
from wixreseller.bulk.journal_sqlite import SqliteJournal
from wixreseller.bulk.results import Failed, Outcome, Unknown


async def keys_sent(here: World) -> list[str | None]:
    return [entry.idempotency_key for entry in await here.writes()]


async def prepared(
    journal: SqliteJournal,
    here: World,
    state: State,
    *,
    name: str = "sub-0",
    ago: float = 3600.0,
    target: str | None = None,
) -> None:
    """Have a journal hold an order as a run that ended long ago left it."""
    at = here.loop.posix() - ago
    asked = cancel(name) if target else order(name)
    await journal.add([entry_of(asked, 0)], at)
    if state == "planned":
        return
    changes = [Change(number=0, at=at, state="intent", server_ahead=0.0, target=target)]
    outcome: Outcome | None = None
    if state == "unknown":
        outcome = Unknown(external_id=name, account_id=ACCOUNT, code="NOT_SEEN", message="m")
    if state == "failed":
        outcome = Failed(external_id=name, account_id=ACCOUNT, code="HTTP_428", message="m")
    if outcome is not None:
        changes.append(Change(number=0, at=at, state=state, outcome=outcome))
    await journal.note(changes)


def codes(outcomes: dict[str, Outcome]) -> Sequence[tuple[str, str | None]]:
    return [(outcome.outcome, outcome.code) for outcome in outcomes.values()]


@in_jumping_time
async def test_what_was_planned_is_sent(tmp_path: Path) -> None:
    async with world() as here, here.client() as client, LoopJournal(tmp_path / "j") as journal:
        await prepared(journal, here, "planned")
        assert {"created": 1} == words(await carry_out(client, orders(1), journal=journal))


@in_jumping_time
async def test_what_was_done_is_told_as_it_was_and_not_even_looked_for(tmp_path: Path) -> None:
    async with world() as here, here.client() as client, LoopJournal(tmp_path / "j") as journal:
        first = await carry_out(client, orders(3), journal=journal)
        before = len(await here.journal())
        assert first == await carry_out(client, orders(3), journal=journal)
        assert before == len(await here.journal())


@in_jumping_time
async def test_what_was_under_way_and_is_there_is_created(tmp_path: Path) -> None:
    async with world() as here, here.client() as client, LoopJournal(tmp_path / "j") as journal:
        await prepared(journal, here, "intent")
        package = await here.create(BASIC, external_id="sub-0")
        outcomes = await carry_out(client, orders(1), journal=journal)
        assert ("created", package.id) == (outcomes["sub-0"].outcome, outcomes["sub-0"].package_id)
        assert [] == await here.writes()


@in_jumping_time
async def test_what_was_there_before_it_was_sent_exists_and_was_not_created(
    tmp_path: Path,
) -> None:
    async with world() as here, here.client() as client, LoopJournal(tmp_path / "j") as journal:
        await here.create(BASIC, external_id="sub-0")
        await here.sleep(3600.0)
        await prepared(journal, here, "intent", ago=60.0)
        assert {"existing": 1} == words(await carry_out(client, orders(1), journal=journal))


@in_jumping_time
async def test_what_was_under_way_and_is_absent_is_unknown_and_sent_by_no_run_of_itself(
    tmp_path: Path,
) -> None:
    async with world() as here, here.client() as client, LoopJournal(tmp_path / "j") as journal:
        await prepared(journal, here, "intent")
        for retry in (False, True, False):
            outcomes = await carry_out(client, orders(1), journal=journal, retry_failed=retry)
            assert [("unknown", "NOT_SEEN")] == codes(outcomes)
        assert [] == await here.writes()


@in_jumping_time
async def test_what_is_absent_is_sent_again_once_with_its_own_key_if_that_is_asked_for(
    tmp_path: Path,
) -> None:
    for state in ("intent", "unknown"):
        path = tmp_path / state
        async with world() as here, here.client() as client, LoopJournal(path) as journal:
            await prepared(journal, here, state)
            outcomes = await carry_out(client, orders(1), journal=journal, resend_absent=True)
            assert {"created": 1} == words(outcomes)
            assert [entry_of(order("sub-0"), 0).key] == await keys_sent(here)
        assert 2 == (await records_of(path))["sub-0"].sends


@in_jumping_time
async def test_what_is_lost_again_is_not_sent_a_third_time(tmp_path: Path) -> None:
    async with world() as here, here.client() as client, LoopJournal(tmp_path / "j") as journal:
        await prepared(journal, here, "intent")
        await here.fault("drop_before_commit", operation="createPackageV2", times=None)
        outcomes = await carry_out(client, orders(1), journal=journal, resend_absent=True)
        assert [("unknown", "NOT_SEEN")] == codes(outcomes)
        assert 1 == len(await here.writes())


@in_jumping_time
async def test_what_is_refused_when_it_is_sent_again_stays_unknown(tmp_path: Path) -> None:
    # The time before it may have been carried out, out of sight of any look.
    async with world() as here, here.client() as client, LoopJournal(tmp_path / "j") as journal:
        await prepared(journal, here, "intent")
        await here.fault(
            "status",
            status=428,
            code="PRODUCT_LIMIT_EXCEEDED",
            times=None,
            operation="createPackageV2",
        )
        outcomes = await carry_out(client, orders(1), journal=journal, resend_absent=True)
        assert [("unknown", "NOT_SEEN")] == codes(outcomes)


@in_jumping_time
async def test_what_could_not_be_looked_for_is_not_sent_again(tmp_path: Path) -> None:
    async with world() as here, here.client() as client, LoopJournal(tmp_path / "j") as journal:
        await here.change(idempotency_mode="ignore")
        await prepared(journal, here, "intent")
        await here.create(BASIC, external_id="sub-0")
        # Every look breaks for a while, and then it is seen.
        await here.fault("status", status=503, operation="queryPackages", times=20)
        outcomes = await carry_out(client, orders(1), journal=journal, resend_absent=True)
        assert {"created": 1} == words(outcomes)
        assert [] == await here.writes()


@in_jumping_time
async def test_what_was_sent_a_moment_ago_has_its_time_before_it_counts_as_absent(
    tmp_path: Path,
) -> None:
    async with world() as here, here.client() as client, LoopJournal(tmp_path / "j") as journal:
        await prepared(journal, here, "intent", ago=1.0)
        began = here.loop.time()
        outcomes = await carry_out(client, orders(1), journal=journal)
        # The time-out of the request that may be on its way, and then the settle window.
        assert 39.0 == round(here.loop.time() - began)
        assert [("unknown", "NOT_SEEN")] == codes(outcomes)


@in_jumping_time
async def test_a_clock_that_was_set_back_makes_nobody_wait_longer_than_that(
    tmp_path: Path,
) -> None:
    async with world() as here, here.client() as client, LoopJournal(tmp_path / "j") as journal:
        await prepared(journal, here, "intent", ago=-1e9)
        began = here.loop.time()
        await carry_out(client, orders(1), journal=journal)
        assert 40.0 == round(here.loop.time() - began)


@in_jumping_time
async def test_what_failed_stays_failed_unless_it_is_to_be_tried_again(tmp_path: Path) -> None:
    async with world() as here, here.client() as client, LoopJournal(tmp_path / "j") as journal:
        await prepared(journal, here, "failed")
        outcomes = await carry_out(client, orders(1), journal=journal, resend_absent=True)
        assert [("failed", "HTTP_428")] == codes(outcomes)
        assert [] == await here.journal()
        again = await carry_out(client, orders(1), journal=journal, retry_failed=True)
        assert {"created": 1} == words(again)
        steps = [step.state async for step in journal.transitions()]
    assert ["planned", "intent", "failed", "planned", "intent", "done"] == steps


@in_jumping_time
async def test_a_cancel_is_settled_by_the_package_it_was_sent_for_not_by_the_next_one(
    tmp_path: Path,
) -> None:
    async with world() as here, here.client() as client, LoopJournal(tmp_path / "j") as journal:
        first = await here.create(BASIC, external_id="sub-0")
        await client.packages.cancel(first.id)
        second = await here.create(BASIC, external_id="sub-0")
        await prepared(journal, here, "intent", target=first.id)
        outcomes = await carry_out(client, [cancel("sub-0")], journal=journal, resend_absent=True)
        assert ("canceled", first.id) == (outcomes["sub-0"].outcome, outcomes["sub-0"].package_id)
        now = await client.packages.get(second.id)
        assert {"CANCELED"} != {instance.status for instance in now.product_instances}


@in_jumping_time
async def test_a_lost_cancel_by_external_id_is_sent_again_for_its_package(
    tmp_path: Path,
) -> None:
    async with world() as here, here.client() as client, LoopJournal(tmp_path / "j") as journal:
        package = await here.create(BASIC, external_id="sub-0")
        await here.fault("drop_before_commit", operation="cancelPackage")
        outcomes = await carry_out(client, [cancel("sub-0")], journal=journal, resend_absent=True)
        assert ("canceled", package.id) == (
            outcomes["sub-0"].outcome,
            outcomes["sub-0"].package_id,
        )
        paths = {
            entry.path.partition("?")[0]
            for entry in await here.writes()
            if "DELETE" in entry.method
        }
        assert {f"/resellers/v1/packages/{package.id}"} == paths


@in_jumping_time
async def test_a_cancel_whose_key_the_server_knows_is_looked_for_and_not_failed(
    tmp_path: Path,
) -> None:
    async with world(idempotency_mode="conflict", visibility_lag_seconds=8.0) as here:
        async with here.client() as client:
            await here.create(BASIC, external_id="sub-0")
            await here.sleep(60.0)
            async with LoopJournal(tmp_path / "lost") as journal:
                await carry_out(client, [cancel("sub-0")], journal=journal)
            # Another journal knows nothing of it, and a look does not show it yet.
            async with LoopJournal(tmp_path / "new") as journal:
                outcomes = await carry_out(client, [cancel("sub-0")], journal=journal)
        assert {"canceled": 1} == words(outcomes)


@in_jumping_time
async def test_more_open_orders_than_fit_in_a_look_are_settled_in_constant_many(
    tmp_path: Path,
) -> None:
    asked = orders(1500)
    async with world() as here, here.client() as client, LoopJournal(tmp_path / "j") as journal:
        at = here.loop.posix() - 3600.0
        records = await journal.add([entry_of(one, n) for n, one in enumerate(asked)], at)
        await journal.note(
            [Change(number=record.entry.number, at=at, state="intent") for record in records]
        )
        outcomes = await carry_out(client, asked, journal=journal)
        assert {"unknown": 1500} == words(outcomes)
        assert 15 == len(await here.journal())


def test_an_intent_of_a_cancel_is_sought_by_its_package_and_a_create_by_its_name() -> None:
    record = Record(entry=entry_of(cancel("sub-0"), 0), state="intent", target="P")
    assert "P" == record.sought.package_id
    plain = attrs.evolve(record, entry=entry_of(order("sub-0"), 0), target=None)
    assert plain.entry == plain.sought
