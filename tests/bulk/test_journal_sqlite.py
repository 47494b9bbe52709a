"""The journal by itself: what it keeps, in what order, and what is undone with what."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from bulk_journals import records_of
from bulk_orders import ACCOUNT, BASIC, cancel, order, orders
from hypothesis import given, settings
from hypothesis import strategies as st

from wixreseller import errors
from wixreseller.bulk.journal import Change, Entry, State, entry_of, outcome_state
from wixreseller.bulk.journal_sqlite import SqliteJournal, open_journal
from wixreseller.bulk.results import Failed, Ok, Outcome, Unknown


def entries(count: int) -> list[Entry]:
    return [entry_of(asked, number) for number, asked in enumerate(orders(count))]


OK = Ok(
    external_id="sub-0",
    account_id=ACCOUNT,
    outcome="created",
    package_id="p",
    instance_ids=("i", "j"),
    request_id="r",
)
FAILED = Failed(external_id="sub-0", account_id=ACCOUNT, code="C", message="ä\n", package_id="p")
UNKNOWN = Unknown(external_id="sub-0", account_id=ACCOUNT, code="C", message="m", package_id="p")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "orders.journal"


async def test_what_was_added_is_there_in_the_next_process_too(path: Path) -> None:
    async with SqliteJournal(path) as journal:
        first = await journal.add(entries(3), 5.0)
    async with SqliteJournal(path) as journal:
        assert list(first) == [record async for record in journal.records()]
        assert list(first) == list(await journal.add(entries(3), 6.0))
        assert [("planned", 5.0)] * 3 == [
            (step.state, step.at) async for step in journal.transitions()
        ]


async def test_a_commit_waits_for_the_disk_itself(path: Path) -> None:
    async with SqliteJournal(path) as journal:
        for pragma, expected in (("journal_mode", "wal"), ("synchronous", 2)):  # 2: FULL
            told = await journal.read(setting(pragma))
            assert expected == told


def setting(name: str) -> Callable[[sqlite3.Connection], object]:
    return lambda it: it.execute(f"PRAGMA {name}").fetchone()[0]


@pytest.mark.parametrize("outcome", [OK, FAILED, UNKNOWN], ids=lambda it: it.outcome)
async def test_an_outcome_is_kept_as_it_was(path: Path, outcome: Outcome) -> None:
    async with SqliteJournal(path) as journal:
        await journal.add(entries(1), 1.0)
        state = outcome_state(outcome)
        await journal.note([Change(number=0, at=2.0, state=state, outcome=outcome)])
    record = (await records_of(path))["sub-0"]
    assert (state, outcome) == (record.state, record.outcome)


async def test_an_intent_keeps_when_it_was_first_sent_and_last_and_for_what(path: Path) -> None:
    async with SqliteJournal(path) as journal:
        await journal.add(entries(1), 1.0)
        for at, ahead in ((2.0, 0.5), (3.0, 9.0)):
            await journal.note(
                [Change(number=0, at=at, state="intent", server_ahead=ahead, target="p")]
            )
    record = (await records_of(path))["sub-0"]
    assert ("intent", 2, "p") == (record.state, record.sends, record.target)
    assert (2.0, 3.0, 0.5) == (record.first_sent, record.last_sent, record.server_ahead)


async def test_what_is_planned_again_was_certainly_not_sent_before(path: Path) -> None:
    async with SqliteJournal(path) as journal:
        await journal.add(entries(1), 1.0)
        await journal.note([Change(number=0, at=2.0, state="intent", server_ahead=0.5)])
        await journal.note([Change(number=0, at=3.0, state="failed", outcome=FAILED)])
        await journal.note([Change(number=0, at=4.0, state="planned", note="again")])
        before = (await records_of(path))["sub-0"]
        await journal.note([Change(number=0, at=5.0, state="intent", server_ahead=0.7)])
        after = (await records_of(path))["sub-0"]
    assert (None, None, None) == (before.first_sent, before.server_ahead, before.outcome)
    assert (5.0, 0.7, 2) == (after.first_sent, after.server_ahead, after.sends)


async def test_steps_are_told_in_the_order_they_were_written_whatever_the_clock_did(
    path: Path,
) -> None:
    steps: list[tuple[State, float]] = [("intent", 90.0), ("planned", 50.0), ("intent", 10.0)]
    async with SqliteJournal(path) as journal:
        await journal.add(entries(1), 100.0)
        for state, at in steps:
            await journal.note([Change(number=0, at=at, state=state)])
        told = [(step.state, step.at) async for step in journal.transitions()]
    assert [("planned", 100.0), *steps] == told


async def test_a_number_that_is_taken_is_replaced_by_the_next_one_that_is_free(path: Path) -> None:
    async with SqliteJournal(path) as journal:
        await journal.add(entries(3), 1.0)
        (record,) = await journal.add([entry_of(order("new"), 1)], 1.0)
        assert 3 == record.entry.number


async def test_a_name_is_found_however_many_came_after_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wixreseller.bulk.journal_names._MOST_NEW", 7)
    asked = entries(60)
    for count in (10, 25, 60):
        async with SqliteJournal(path) as journal:
            for start in range(0, count, 10):
                await journal.add(asked[start : start + 10], 1.0)
    async with SqliteJournal(path) as journal:
        records = await journal.add(asked[::-1], 2.0)
        steps = [step async for step in journal.transitions()]
    assert [*range(60)][::-1] == [record.entry.number for record in records]
    assert 60 == len(steps)


async def test_two_names_of_one_hash_are_two_orders(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def same(_: tuple[str, str]) -> int:
        return 5

    for module in ("journal_names", "journal_sqlite"):
        monkeypatch.setattr(f"wixreseller.bulk.{module}.hash_of", same)
    async with SqliteJournal(path) as journal:
        first = await journal.add(entries(3), 1.0)
        assert list(first) == list(await journal.add(entries(3), 2.0))
        assert [0, 1, 2] == [record.entry.number for record in first]


async def plans_of(journal: SqliteJournal, work: Callable[[], Awaitable[object]]) -> list[str]:
    """Do something with a journal, and give how SQLite looks for the orders that it selects."""
    asked: list[str] = []
    await journal.read(lambda connection: connection.set_trace_callback(asked.append))
    await work()
    await journal.read(lambda connection: connection.set_trace_callback(None))
    queries = [query for query in asked if query.startswith("SELECT") and "FROM orders" in query]
    assert queries
    return [step for query in queries for step in await journal.read(explained(query))]


def explained(query: str) -> Callable[[sqlite3.Connection], list[str]]:
    return lambda it: [str(step[3]) for step in it.execute(f"EXPLAIN QUERY PLAN {query}")]


async def test_an_order_is_added_without_reading_any_other(path: Path) -> None:
    async with SqliteJournal(path) as journal:
        steps = await plans_of(journal, lambda: journal.add(entries(1), 1.0))
    assert [] == [step for step in steps if "SCAN" in step]


@pytest.mark.parametrize(("state", "index"), [("intent", True), ("planned", False)])
async def test_orders_that_are_few_are_found_without_reading_all(
    path: Path, state: State, index: bool
) -> None:
    async def read(journal: SqliteJournal) -> None:
        assert [] == [record async for record in journal.records((state,))]

    async with SqliteJournal(path) as journal:
        steps = await plans_of(journal, lambda: read(journal))
    assert index == any("orders_unusual" in step for step in steps)


async def test_ids_of_accounts_and_packages_are_the_same_in_any_case(path: Path) -> None:
    package_id = "abcdef01-0000-4000-8000-0123456789ab"
    async with SqliteJournal(path) as journal:
        first = await journal.add(
            [entry_of(order("one"), 0), entry_of(cancel(package_id=package_id), 1)], 1.0
        )
        shouted = [order("one", account_id=ACCOUNT.upper()), cancel(package_id=package_id.upper())]
        second = await journal.add([entry_of(it, n) for n, it in enumerate(shouted)], 2.0)
        assert [0, 1] == [record.entry.number for record in second]
        assert list(first) == list(second)


async def test_facts_are_kept_and_those_not_named_stay(path: Path) -> None:
    async with SqliteJournal(path) as journal:
        await journal.set_facts({"a": 1, "b": [None, "x"]})
        await journal.set_facts({"a": 2})
        assert {"a": 2, "b": [None, "x"]} == await journal.facts()


async def test_a_refused_add_undoes_only_itself_among_those_of_its_commit(path: Path) -> None:
    async with SqliteJournal(path) as journal:
        await journal.add([entry_of(order("known"), 0)], 1.0)
        changed = [entry_of(order("new"), 5), entry_of(order("known", BASIC, BASIC), 6)]
        answers = await asyncio.gather(
            journal.add([entry_of(order("before"), 1)], 1.0),
            journal.add(changed, 1.0),
            journal.add([entry_of(order("after"), 2)], 1.0),
            return_exceptions=True,
        )
        assert isinstance(answers[1], errors.JournalError)
        assert "another order of 'known'" in str(answers[1])
    assert {"known", "before", "after"} == set(await records_of(path))


async def test_hundreds_who_ask_at_once_wait_for_the_disk_a_few_times(path: Path) -> None:
    async with SqliteJournal(path) as journal:
        await journal.add(entries(300), 1.0)
        commits: list[str] = []
        await journal.read(lambda it: it.set_trace_callback(commits.append))
        await asyncio.gather(
            *(journal.note([Change(number=n, at=2.0, state="intent")]) for n in range(300))
        )
        await journal.read(lambda it: it.set_trace_callback(None))
        assert {"intent": 300} == {k: v for k, v in (await journal.counts()).items() if v}
    assert commits.count("COMMIT") < 30


async def test_whatever_a_job_raises_the_next_one_is_done(path: Path) -> None:
    def stumble(_: sqlite3.Connection) -> None:
        raise TypeError("a row that makes no sense")

    async with SqliteJournal(path) as journal:
        with pytest.raises(errors.JournalError, match="a row that makes no sense"):
            await journal.read(stumble)
        lone = Failed(external_id="", account_id="", code="C", message="\ud800")
        await journal.add(entries(1), 1.0)
        with pytest.raises(errors.JournalError, match="surrogates not allowed"):
            await journal.note([Change(number=0, at=2.0, state="failed", outcome=lone)])
        assert 1 == (await journal.counts())["planned"]


async def test_a_journal_that_is_closed_says_so_and_closing_twice_is_fine(path: Path) -> None:
    journal = SqliteJournal(path)
    await journal.aclose()
    await journal.aclose()
    with pytest.raises(errors.JournalError, match="is closed"):
        await journal.counts()
    assert [path] == await asyncio.to_thread(lambda: [*path.parent.iterdir()])


async def test_a_cancelled_close_lets_the_next_writer_in_all_the_same(path: Path) -> None:
    journal = SqliteJournal(path)
    closing = asyncio.create_task(journal.aclose())
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.wait({closing})
    assert closing.cancelled()
    await SqliteJournal(path).aclose()


async def test_opening_that_is_cancelled_closes_what_it_opened(path: Path) -> None:
    opening = asyncio.create_task(open_journal(path))
    await asyncio.sleep(0)
    opening.cancel()
    await asyncio.wait({opening})
    while True:
        try:
            journal = await open_journal(path)
        except errors.JournalHeldError:
            await asyncio.sleep(0.01)
            continue
        await journal.aclose()
        break
    assert opening.cancelled()


async def test_the_file_is_for_its_owner_only(path: Path) -> None:
    async with SqliteJournal(path):
        assert 0o600 == stat.S_IMODE(path.stat().st_mode)  # noqa: ASYNC240


async def test_a_reader_reads_while_another_writes_and_cannot_write(path: Path) -> None:
    async with SqliteJournal(path) as writer, SqliteJournal(path, is_reader=True) as reader:
        await writer.add(entries(2), 1.0)
        assert 2 == (await reader.counts())["planned"]
        with pytest.raises(errors.JournalError, match="readonly"):
            await reader.add(entries(3), 1.0)
        await writer.add(entries(3), 1.0)
        assert 3 == (await reader.counts())["planned"]


STEPS: tuple[State, ...] = ("planned", "intent", "done", "failed", "unknown")
OUTCOMES: dict[State, Outcome] = {"done": OK, "failed": FAILED, "unknown": UNKNOWN}


@settings(deadline=None, max_examples=25)
@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 3), st.sampled_from(STEPS)), max_size=4), max_size=8
    ),
    st.booleans(),
)
def test_the_last_step_of_each_order_is_its_state_whoever_wrote_at_the_same_time(
    batches: list[list[tuple[int, State]]], reopens: bool
) -> None:
    async def check(folder: str) -> None:
        path = Path(folder) / "j"
        journal = SqliteJournal(path)
        await journal.add(entries(4), 0.0)
        await asyncio.gather(
            *(
                journal.note(
                    [
                        Change(number=n, at=1.0, state=state, outcome=OUTCOMES.get(state))
                        for n, state in batch
                    ]
                )
                for batch in batches
            )
        )
        if reopens:
            await journal.aclose()
            journal = SqliteJournal(path)
        expected: dict[int, State] = dict.fromkeys(range(4), "planned")
        expected.update(step for batch in batches for step in batch)
        found = {record.entry.number: record.state async for record in journal.records()}
        steps = [step async for step in journal.transitions()]
        await journal.aclose()
        assert expected == found
        assert 4 + sum(map(len, batches)) == len(steps)

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(check(folder))
