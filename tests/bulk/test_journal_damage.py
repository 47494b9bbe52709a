"""Journals that are damaged, foreign, missing, held or read-only: each says so, none is guessed."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from bulk_orders import order, orders
from hypothesis import given, settings
from hypothesis import strategies as st

from wixreseller import errors
from wixreseller.bulk.journal import Change, entry_of
from wixreseller.bulk.journal_file import is_blank
from wixreseller.bulk.journal_holder import holder_of
from wixreseller.bulk.journal_lock import JournalLock
from wixreseller.bulk.journal_sqlite import SqliteJournal


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "orders.journal"


def written(path: Path, count: int = 200) -> None:
    """Make a journal with so many orders."""

    async def write() -> None:
        async with SqliteJournal(path) as journal:
            await journal.add([entry_of(it, n) for n, it in enumerate(orders(count))], 1.0)

    asyncio.run(write())


def read_all(path: Path, *, is_reader: bool = False) -> dict[str, str]:
    """Read the states of all orders, by external id."""

    async def read() -> dict[str, str]:
        async with SqliteJournal(path, must_exist=True, is_reader=is_reader) as journal:
            return {it.entry.external_id: it.state async for it in journal.records()}

    return asyncio.run(read())


def size_of(name: str) -> int:
    return Path(name).stat().st_size


def after_a_kill(folder: Path, intents: int) -> tuple[Path, list[int]]:
    """Make a journal as a process that was killed leaves it; give the log's size at each commit."""
    source, path = folder / "alive", folder / "dead"
    sizes: list[int] = []

    async def write() -> None:
        async with SqliteJournal(source) as journal:
            await journal.add([entry_of(it, n) for n, it in enumerate(orders(intents))], 1.0)
            await journal.read(lambda it: it.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall())
            for number in range(intents):
                await journal.note([Change(number=number, at=2.0, state="intent")])
                sizes.append(size_of(f"{source}-wal"))
            shutil.copy(source, path)
            shutil.copy(f"{source}-wal", f"{path}-wal")

    asyncio.run(write())
    return path, sizes


# --- torn and damaged ---------------------------------------------------------------------------


def test_a_log_that_is_torn_anywhere_keeps_every_commit_that_is_whole(tmp_path: Path) -> None:
    path, sizes = after_a_kill(tmp_path, 6)
    log = Path(f"{path}-wal")
    whole, page = log.read_bytes(), path.read_bytes()
    begin = sizes[-3]
    for length in [*range(begin, begin + 26), *range(begin + 26, len(whole), 499), len(whole)]:
        path.write_bytes(page)
        log.write_bytes(whole[:length])
        Path(f"{path}-shm").unlink(missing_ok=True)
        kept = sum(size <= length for size in sizes)
        found = [state for state in read_all(path).values() if state == "intent"]
        assert kept == len(found), f"{length} bytes of {len(whole)}"


# --- only read ----------------------------------------------------------------------------------


def files_beside(path: Path) -> list[str]:
    return sorted(other.name for other in path.parent.iterdir())


@pytest.mark.parametrize("is_blank_asked", [False, True])
def test_reading_a_journal_that_nobody_writes_leaves_nothing_beside_it(
    path: Path, is_blank_asked: bool
) -> None:
    written(path, 3)
    before = path.read_bytes()
    if is_blank_asked:
        assert not is_blank(path)
    else:
        assert 3 == len(read_all(path, is_reader=True))
    assert [path.name] == files_beside(path)
    assert before == path.read_bytes()


def test_reading_what_a_kill_left_takes_all_of_it_over_into_one_file(tmp_path: Path) -> None:
    path, _ = after_a_kill(tmp_path, 6)
    assert ["intent"] * 6 == [*read_all(path, is_reader=True).values()]
    assert not {"dead-wal", "dead-shm"} & {*files_beside(path)}
    assert ["intent"] * 6 == [*read_all(path).values()]


async def test_readers_come_and_go_beside_a_writer_and_take_nothing_away(path: Path) -> None:
    async with SqliteJournal(path) as writer:
        await writer.add([entry_of(it, n) for n, it in enumerate(orders(2))], 1.0)
        beside = files_beside(path)
        for number in range(2):
            async with SqliteJournal(path, is_reader=True) as reader:
                states = [record.state async for record in reader.records()]
                await writer.note([Change(number=number, at=2.0, state="intent")])
                assert number == states.count("intent")
                log = size_of(f"{path}-wal")
            assert (beside, log) == (files_beside(path), size_of(f"{path}-wal"))
    assert [path.name] == files_beside(path)
    assert ["intent", "intent"] == [*(await asyncio.to_thread(read_all, path)).values()]


async def test_a_reader_writes_nothing(path: Path) -> None:
    async with SqliteJournal(path) as journal:
        await journal.add([entry_of(order("one"), 0)], 1.0)
    async with SqliteJournal(path, is_reader=True) as reader:
        with pytest.raises(errors.JournalError, match="readonly"):
            await reader.note([Change(number=0, at=2.0, state="intent")])


# --- changed ------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_bytes_that_were_changed_are_noticed_or_change_no_state_and_hang_nothing(
    data: st.DataObject,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "j"
        shutil.copy(_sample(), path)
        content = bytearray(path.read_bytes())
        begin = data.draw(st.integers(0, len(content) - 1))
        length = data.draw(st.sampled_from([1, 4, 100, 512, 4096]))
        noise = data.draw(st.sampled_from([b"\x00", b"\xff", b"a"]))
        for place in range(begin, min(begin + length, len(content))):
            content[place] = noise[0]
        path.write_bytes(content)
        try:
            found = read_all(path)
        except errors.JournalError:
            return
        assert {"planned"} >= set(found.values())


_SAMPLE: list[Path] = []


def _sample() -> Path:
    if not _SAMPLE:
        folder = Path(tempfile.mkdtemp())
        written(folder / "sample")
        _SAMPLE.append(folder / "sample")
    return _SAMPLE[0]


def test_damage_that_makes_texts_unreadable_is_damage(path: Path) -> None:
    written(path, 3)
    content = path.read_bytes()
    path.write_bytes(content.replace(b"CREATE TABLE names", b"CR\xffATE TABLE names"))
    with pytest.raises(errors.JournalError, match="cannot be used"):
        read_all(path, is_reader=True)


def test_a_page_of_noise_is_said_to_be_damage_and_what_to_do(path: Path) -> None:
    written(path)
    content = bytearray(path.read_bytes())
    content[3 * 4096 : 4 * 4096] = b"\xa5" * 4096
    path.write_bytes(content)
    with pytest.raises(errors.JournalError, match="plan the same order file again") as caught:
        read_all(path)
    assert str(path) == caught.value.path


def test_a_damaged_journal_can_be_opened_by_nobody_and_is_held_by_nobody(path: Path) -> None:
    written(path)
    content = bytearray(path.read_bytes())
    content[4096:8192] = os.urandom(4096)
    path.write_bytes(content)
    for _ in range(2):
        with pytest.raises(errors.JournalError) as caught:
            read_all(path)
        assert not isinstance(caught.value, errors.JournalHeldError)
    assert [path] == [*path.parent.iterdir()]


# --- not a journal ------------------------------------------------------------------------------


def test_a_file_that_is_no_database_is_left_as_it_was(path: Path) -> None:
    text = b"external_id,account_id\n" * 100
    path.write_bytes(text)
    with pytest.raises(errors.JournalError, match="file is not a database"):
        SqliteJournal(path)
    assert text == path.read_bytes()


def test_a_database_of_another_program_is_left_as_it_was(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE theirs (it)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(errors.JournalError, match="is a database, but no journal"):
        SqliteJournal(path)
    assert before == path.read_bytes()


@pytest.mark.parametrize("version", [1, 99])
def test_a_journal_of_another_version_is_refused(path: Path, version: int) -> None:
    written(path)
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    with pytest.raises(errors.JournalError, match=f"is of version {version}, .* knows version 2"):
        SqliteJournal(path)


@pytest.mark.parametrize("is_reader", [False, True])
def test_a_journal_that_is_missing_is_not_made_where_there_must_be_one(
    path: Path, is_reader: bool
) -> None:
    with pytest.raises(errors.JournalError, match="there is no journal at"):
        SqliteJournal(path, must_exist=True, is_reader=is_reader)
    assert [] == [*path.parent.iterdir()]


@pytest.mark.parametrize("is_reader", [False, True])
def test_an_empty_file_is_no_journal_where_there_must_be_one(path: Path, is_reader: bool) -> None:
    path.touch()
    with pytest.raises(errors.JournalError, match="is empty"):
        SqliteJournal(path, must_exist=True, is_reader=is_reader)


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(errors.JournalError, match="nowhere"):
        SqliteJournal(tmp_path / "nowhere" / "j")


# --- held ---------------------------------------------------------------------------------------

_HOLDER = """
import asyncio, sys
from wixreseller.bulk.journal_sqlite import SqliteJournal

async def main():
    async with SqliteJournal(sys.argv[1]):
        print("held", flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


def test_a_second_process_is_refused_until_the_first_is_gone_however_it_went(path: Path) -> None:
    command = [sys.executable, "-c", _HOLDER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout is not None
            assert "held\n" == holder.stdout.readline()
            with pytest.raises(errors.JournalHeldError) as caught:
                SqliteJournal(path)
            assert f"process {holder.pid} on " in caught.value.holder
            assert {} == read_all(path, is_reader=True)
        finally:
            holder.send_signal(signal.SIGKILL)
            holder.wait(30)
    assert {} == read_all(path)


def test_a_journal_is_held_whichever_name_it_is_opened_by(path: Path) -> None:
    other = path.parent / "elsewhere"
    other.mkdir()
    (other / "link").symlink_to(path)
    lock = JournalLock(path)
    with pytest.raises(errors.JournalHeldError):
        JournalLock(other / "link")
    lock.release()
    JournalLock(other / "link").release()


def test_a_lock_that_the_file_system_does_not_have_is_not_called_held(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr("wixreseller.bulk.journal_lock._lock", no_locks)
    with pytest.raises(errors.JournalError, match=r"cannot be locked: .*No locks") as caught:
        JournalLock(path)
    assert not isinstance(caught.value, errors.JournalHeldError)


def test_a_disk_without_room_for_the_words_of_a_lock_does_not_keep_it_from_being_held(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.write", full)
    lock = JournalLock(path)
    with pytest.raises(errors.JournalHeldError, match="another process"):
        JournalLock(path)
    lock.release()


_WITHOUT_RIGHTS = """
import os, sys
from wixreseller.bulk.journal_sqlite import SqliteJournal
from wixreseller import errors
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
try:
    SqliteJournal(sys.argv[1])
except errors.JournalError as error:
    print(error)
"""


@pytest.mark.parametrize("what", ["folder", "file"])
def test_a_journal_that_may_not_be_written_says_what_must_be_writable(what: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "j"
        written(path, 3)
        path.chmod(0o444)
        Path(folder).chmod(0o555 if what == "folder" else 0o777)
        command = [sys.executable, "-c", _WITHOUT_RIGHTS, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        Path(folder).chmod(0o755)
    expected = "its folder must be writable" if what == "folder" else "cannot be opened"
    assert expected in done.stdout
    assert "Permission denied" in done.stdout


_READ_WITHOUT_RIGHTS = """
import asyncio, concurrent.futures.thread, os, sys
from pathlib import Path
from wixreseller.bulk.journal_file import is_blank
from wixreseller.bulk.journal_sqlite import open_journal
from wixreseller import errors
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
async def read():
    if is_blank(Path(sys.argv[1])):
        return "blank"
    async with await open_journal(sys.argv[1], is_reader=True) as journal:
        return (await journal.counts())["planned"]
try:
    print(asyncio.run(read()))
except errors.JournalError as error:
    print(error)
"""


@pytest.mark.parametrize("has_log", [False, True])
def test_a_journal_is_read_where_nothing_can_be_written_unless_a_kill_left_a_log(
    has_log: bool,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "j"
        written(path, 3)
        path.chmod(0o444)
        if has_log:
            Path(folder, "j-wal").write_bytes(b"x" * 100)
        Path(folder).chmod(0o555)
        command = [sys.executable, "-c", _READ_WITHOUT_RIGHTS, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        Path(folder).chmod(0o755)
    if has_log:
        assert f"the journal {path} cannot be used" in done.stdout
        assert "so must its folder" in done.stdout
    else:
        assert "3\n" == done.stdout


async def test_a_changed_entry_in_the_file_is_refused_as_another_order(path: Path) -> None:
    async with SqliteJournal(path) as journal:
        await journal.add([entry_of(order("one"), 0)], 1.0)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE orders SET key = 'forged'")
    connection.close()
    async with SqliteJournal(path) as journal:
        with pytest.raises(errors.JournalError, match="another order of 'one'"):
            await journal.add([entry_of(order("one"), 0)], 1.0)


def test_the_holder_is_named_by_whatever_name_the_journal_is_asked_for(path: Path) -> None:
    written(path)
    link = path.with_name("link")
    link.symlink_to(path)
    lock = JournalLock(link)
    held = holder_of(path)
    assert held is not None
    assert held == holder_of(link)
    lock.release()
    assert holder_of(link) is None
