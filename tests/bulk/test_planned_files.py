"""The files around a plan: where they go, what is never overwritten, and what failed."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import attrs
import pytest

from wixreseller.bulk.failed_file import is_retryable, write_failed
from wixreseller.bulk.journal import Change, Entry, State, outcome_state
from wixreseller.bulk.journal_sqlite import SqliteJournal
from wixreseller.bulk.order_source import OrderSource
from wixreseller.bulk.plan import PlanRow
from wixreseller.bulk.plan_file import PlanFile, PlanHead, write_plan
from wixreseller.bulk.planning import (
    AlreadyAppliedError,
    UnfinishedError,
    check_plan_path,
    free_plan_path,
    plan_path_of,
)
from wixreseller.bulk.results import Failed, Ok, Outcome, Unknown
from wixreseller.bulk.sending import code_of, message_of
from wixreseller.bulk.status import read_status
from wixreseller.errors import BadRequestError, ConfigurationError, JournalError
from wixreseller.models import ErrorCode

ACCOUNT = "a0000000-0000-4000-8000-000000000001"
PREMIUM = "c0000000-0000-4000-8000-000000000001"
ENTRY = Entry(
    number=0, operation="create", account_id=ACCOUNT, external_id="", key="", expects="send"
)
SHA = "5" * 64
SERVER = "http://127.0.0.1:1"


def row(number: int, **columns: str) -> PlanRow:
    entry = attrs.evolve(ENTRY, number=number, external_id=f"sub-{number}", key=f"key-{number}")
    return PlanRow(
        entry=entry, lines=(number + 2,), rows=(columns or {"external_id": f"{number}"},)
    )


async def plan_of(
    path: Path, rows: Sequence[PlanRow], *, orders_path: str | None = None
) -> PlanFile:
    """Write a plan of these rows, and read it."""

    async def give() -> AsyncIterator[PlanRow]:
        for each in rows:
            yield each

    head = PlanHead(
        made_at=datetime(2026, 1, 1, tzinfo=UTC),
        base_url=SERVER,
        orders_name="orders.csv",
        orders_path=orders_path or str(path.with_name("orders.csv")),
        orders_sha256=SHA,
    )
    await write_plan(path, head, give())
    return PlanFile(path)


async def journal_of(plan: PlanFile, outcomes: Sequence[Outcome | State]) -> None:
    """Write what became of the first orders of a plan."""
    async with SqliteJournal(plan.journal_path) as journal:
        entries = list(plan.entries())[: len(outcomes)]
        await journal.add(entries, 1000.0)
        for entry, outcome in zip(entries, outcomes, strict=True):
            change = Change(number=entry.number, at=1000.0 + entry.number, state="intent")
            if not isinstance(outcome, str):
                change = attrs.evolve(change, state=outcome_state(outcome), outcome=outcome)
            elif outcome == "planned":
                continue
            await journal.note([change])


async def free_path(
    orders: str, sha256: str = SHA, *, base_url: str = SERVER, account_id: str | None = ACCOUNT
) -> Path:
    return await free_plan_path(orders, sha256, base_url=base_url, account_id=account_id)


def done(name: str) -> Ok:
    return Ok(external_id=name, account_id=ACCOUNT, outcome="created", package_id="p")


def failed(name: str, code: str = "PRODUCT_NOT_FOUND") -> Failed:
    return Failed(external_id=name, account_id=ACCOUNT, code=code, message="m", request_id="r")


def unknown(name: str) -> Unknown:
    return Unknown(external_id=name, account_id=ACCOUNT, code="NOT_SEEN", message="not seen")


async def test_what_failed_is_written_as_it_was_ordered_with_why_and_nothing_that_may_be_sold(
    tmp_path: Path,
) -> None:
    plan = await plan_of(tmp_path / "orders.plan.json", [row(n) for n in range(6)])
    outcomes: list[Outcome | State] = [
        done("sub-0"),
        failed("sub-1"),
        unknown("sub-2"),
        "intent",
        "planned",
    ]
    await journal_of(plan, outcomes)
    assert 1 == await write_failed(plan, tmp_path / "failed.csv")
    assert [
        "external_id,code,message,request_id,retryable",
        "1,PRODUCT_NOT_FOUND,m,r,false",
    ] == (tmp_path / "failed.csv").read_text().splitlines()


async def test_columns_are_those_of_the_failed_rows_in_the_order_of_the_file(
    tmp_path: Path,
) -> None:
    rows = [row(0, a="1"), row(1, b="2", a="3"), row(2, b="4", code="of another run")]
    plan = await plan_of(tmp_path / "orders.plan.json", rows)
    await journal_of(plan, [done("sub-0"), failed("sub-1"), failed("sub-2")])
    await write_failed(plan, tmp_path / "failed.csv")
    with (tmp_path / "failed.csv").open(newline="") as file:
        header, *rows_read = csv.reader(file)
    assert ["b", "a", "code", "message", "request_id", "retryable"] == header
    assert [["2", "3"], ["4", ""]] == [cells[:2] for cells in rows_read]


async def test_nothing_is_written_where_nothing_failed_and_nothing_overwritten(
    tmp_path: Path,
) -> None:
    plan = await plan_of(tmp_path / "orders.plan.json", [row(0), row(1)])
    await journal_of(plan, [done("sub-0")])
    assert 0 == await write_failed(plan, tmp_path / "failed.csv")
    assert not (tmp_path / "failed.csv").exists()
    await journal_of(plan, [done("sub-0"), failed("sub-1")])
    (tmp_path / "failed.csv").write_text("kept")
    with pytest.raises(FileExistsError):
        await write_failed(plan, tmp_path / "failed.csv")
    assert "kept" == (tmp_path / "failed.csv").read_text()


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (failed("a", "PRODUCT_NOT_FOUND"), False),
        (failed("a", "EXTERNAL_ID_CONFLICT"), False),
        (failed("a", "PRODUCT_LIMIT_EXCEEDED"), True),
    ],
)
def test_what_may_pass_while_the_order_stays_is_retryable(outcome: Failed, expected: bool) -> None:
    assert expected == is_retryable(outcome)


async def test_rows_that_failed_can_be_ordered_again_with_the_columns_that_say_why(
    tmp_path: Path,
) -> None:
    order = {"external_id": "sub-1", "catalog_product_id": PREMIUM, "country_code": "BR"}
    plan = await plan_of(tmp_path / "orders.plan.json", [row(0, **order)])
    await journal_of(plan, [failed("sub-1")])
    path = tmp_path / "failed.csv"
    await write_failed(plan, path)
    with OrderSource(str(path), stdin=io.BytesIO(), account_id=ACCOUNT) as source:
        assert (1, ()) == (source.check().orders, source.check().problems)


async def test_a_refusal_without_end_leaves_rows_that_can_be_ordered_again(tmp_path: Path) -> None:
    order = {"external_id": "sub-1", "catalog_product_id": PREMIUM, "country_code": "BR"}
    plan = await plan_of(tmp_path / "orders.plan.json", [row(0, **order)])
    error = BadRequestError("", status=400, message="x" * 900_000, code=ErrorCode("Y" * 900_000))
    refusal = attrs.evolve(failed("sub-1", code_of(error)), message=message_of(error))
    await journal_of(plan, [refusal])
    path = tmp_path / "failed.csv"
    await write_failed(plan, path)
    with OrderSource(str(path), stdin=io.BytesIO(), account_id=ACCOUNT) as source:
        assert (1, ()) == (source.check().orders, source.check().problems)


@pytest.mark.parametrize(
    ("orders", "expected"),
    [
        ("orders.csv", "orders.plan.json"),
        ("folder/night.ndjson", "folder/night.plan.json"),
        ("-", "orders.plan.json"),
        ("/dev/fd/63", "orders.plan.json"),
        ("/dev/stdin", "orders.plan.json"),
        ("/proc/self/fd/12", "orders.plan.json"),
        ("/dev/shm/night.csv", "/dev/shm/night.plan.json"),  # noqa: S108  # a disk, not a stream
    ],
)
def test_a_plan_stands_beside_its_orders(orders: str, expected: str) -> None:
    assert Path(expected) == plan_path_of(orders)


async def test_a_plan_takes_a_name_that_no_plan_has(tmp_path: Path) -> None:
    orders = str(tmp_path / "orders.csv")
    first = tmp_path / "orders.plan.json"
    assert first == await free_path(orders)
    plan = await plan_of(first, [row(0)])
    assert tmp_path / "orders.plan-2.json" == await free_path(orders)
    await journal_of(plan, [failed("sub-0")])
    assert tmp_path / "orders.plan-2.json" == await free_path(orders)


@pytest.mark.parametrize("outcome", ["planned", "intent", unknown("sub-0")])
async def test_orders_that_were_begun_and_not_finished_name_the_plan_to_resume(
    tmp_path: Path, outcome: Outcome | State
) -> None:
    plan = await plan_of(tmp_path / "orders.plan.json", [row(0)])
    await journal_of(plan, [outcome])
    # The same orders by their place, changed since or not.
    for sha256 in (SHA, "0" * 64):
        with pytest.raises(UnfinishedError) as caught:
            await free_path(str(tmp_path / "orders.csv"), sha256)
        assert plan.path == caught.value.plan


async def test_orders_are_begun_anew_elsewhere_though_they_are_not_finished_here(
    tmp_path: Path,
) -> None:
    orders, second = str(tmp_path / "orders.csv"), tmp_path / "orders.plan-2.json"
    plan = await plan_of(tmp_path / "orders.plan.json", [row(0)])
    await journal_of(plan, ["intent"])
    assert second == await free_path(orders, base_url="https://www.wixapis.com")
    assert second == await free_path(orders, account_id=PREMIUM)
    for account_id in (ACCOUNT.upper(), None):
        with pytest.raises(UnfinishedError):
            await free_path(orders, account_id=account_id)


async def test_orders_that_name_their_account_are_the_same_whatever_the_others_are_for(
    tmp_path: Path,
) -> None:
    named = row(1, external_id="1", account_id=ACCOUNT)
    plan = await plan_of(tmp_path / "orders.plan.json", [row(0), named])
    await journal_of(plan, ["intent", "intent"])
    with pytest.raises(UnfinishedError):
        await free_path(str(tmp_path / "orders.csv"), account_id=PREMIUM)


@pytest.mark.parametrize("stream", ["/dev/fd/63", "/dev/stdin", "/proc/self/fd/12"])
async def test_other_orders_by_the_name_of_a_stream_are_not_those_begun_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stream: str
) -> None:
    monkeypatch.chdir(tmp_path)
    plan = await plan_of(tmp_path / "orders.plan.json", [row(0)], orders_path=stream)
    await journal_of(plan, ["intent"])
    assert Path("orders.plan-2.json") == await free_path(stream, "0" * 64)
    with pytest.raises(UnfinishedError):
        await free_path(stream)


async def test_a_plan_with_a_journal_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "orders.plan.json"
    check_plan_path(path, overwrite=False)
    plan = await plan_of(path, [row(0)])
    check_plan_path(path, overwrite=True)
    with pytest.raises(FileExistsError):
        check_plan_path(path, overwrite=False)
    await journal_of(plan, [done("sub-0")])
    with pytest.raises(AlreadyAppliedError, match="resume it, or name another plan"):
        check_plan_path(path, overwrite=True)


async def test_a_plan_in_the_place_of_one_that_was_looked_at_gives_nothing(tmp_path: Path) -> None:
    path = tmp_path / "orders.plan.json"
    plan = await plan_of(path, [row(0)])
    await plan_of(path, [row(n) for n in range(1000)])
    with pytest.raises(ConfigurationError, match="was changed since it was read"):
        next(plan.rows())


async def test_a_plan_that_was_touched_is_still_the_plan(tmp_path: Path) -> None:
    plan = await plan_of(tmp_path / "orders.plan.json", [row(0), row(1)])
    os.utime(plan.path, (0, 0))
    assert [0, 1] == [each.entry.number for each in plan.rows()]


async def test_the_status_is_not_taken_from_the_journal_of_another_plan(tmp_path: Path) -> None:
    plan = await plan_of(tmp_path / "orders.plan.json", [row(0)])
    await journal_of(plan, [done("sub-0")])
    async with SqliteJournal(plan.journal_path) as journal:
        await journal.set_facts({"planSha256": plan.sha256})
    assert 1 == (await read_status(plan)).counts["done"]
    other = await plan_of(tmp_path / "orders.plan.txt", [row(n) for n in range(7)])
    with pytest.raises(JournalError, match=r"is of another plan than .*orders\.plan\.txt is now"):
        await read_status(other)


async def test_the_status_counts_what_the_journal_was_not_told_of_as_planned(
    tmp_path: Path,
) -> None:
    plan = await plan_of(tmp_path / "orders.plan.json", [row(n) for n in range(10)])
    before = await read_status(plan)
    assert (False, 10, 10) == (before.is_applied, before.open, before.counts["planned"])
    await journal_of(plan, [done("sub-0"), done("sub-1"), failed("sub-2"), "intent"])
    status = await read_status(plan)
    assert {"planned": 6, "intent": 1, "done": 2, "failed": 1, "unknown": 0} == status.counts
    assert (True, 7, None) == (status.is_applied, status.open, status.holder)
    # Three outcomes within three seconds.
    assert 60.0 == status.orders_per_minute
    assert datetime.fromtimestamp(1003, UTC) == status.last


async def test_the_status_names_the_process_that_writes(tmp_path: Path) -> None:
    plan = await plan_of(tmp_path / "orders.plan.json", [row(0)])
    async with SqliteJournal(plan.journal_path) as journal:
        await journal.add(list(plan.entries()), 1000.0)
        assert "process " in ((await read_status(plan)).holder or "")
    assert (await read_status(plan)).holder is None
