"""Nothing leaves that the journal does not know of: intents are on the disk before requests."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from pathlib import Path

import aiohttp
import attrs
import pytest
from aiohttp.client_middlewares import ClientHandlerType
from bulk_journals import states_of
from bulk_orders import ACCOUNT, BASIC, cancel, carry_out, new_client, orders, words
from raw_server import CANARY

from wixreseller import AsyncClient, errors
from wixreseller.bulk.journal_sqlite import SqliteJournal
from wixreseller.emulator import Emulator
from wixreseller.testing import AsyncEmulatorControl


@attrs.define
class Auditor:
    """Read the journal through another connection whenever a write passes."""

    journal: Path
    seen: list[tuple[str, str, str]] = attrs.field(factory=list[tuple[str, str, str]])
    """Method, state, and how many times it was about to be sent."""

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: ClientHandlerType
    ) -> aiohttp.ClientResponse:
        if not request.url.path.endswith("/query"):
            with sqlite3.connect(f"file:{self.journal}?mode=ro", uri=True) as connection:
                rows = connection.execute("SELECT state, sends FROM orders").fetchall()
            connection.close()
            self.seen += [(request.method, state, str(sends)) for state, sends in rows]
        return await handler(request)


def audited(
    emulator: Emulator, journal: Path, key: str = "EMU.demo"
) -> tuple[AsyncClient, Auditor]:
    auditor = Auditor(journal)
    client = AsyncClient(
        api_key=key,
        account_id=ACCOUNT,
        base_url=emulator.url,
        rate_limit=None,
        middlewares=[auditor],
    )
    return client, auditor


async def test_the_intent_of_a_create_is_on_the_disk_when_its_request_leaves(
    emulator: Emulator, tmp_path: Path
) -> None:
    client, auditor = audited(emulator, tmp_path / "j")
    async with client:
        await carry_out(client, orders(1), journal=tmp_path / "j")
    assert [("POST", "intent", "1")] == auditor.seen


async def test_the_intent_of_a_cancel_is_on_the_disk_when_its_request_leaves(
    emulator: Emulator, client: AsyncClient, tmp_path: Path
) -> None:
    await client.packages.create([BASIC], external_id="sub-1")
    watched, auditor = audited(emulator, tmp_path / "j")
    async with watched:
        await carry_out(watched, [cancel("sub-1")], journal=tmp_path / "j")
    assert [("DELETE", "intent", "1")] == auditor.seen


async def test_every_request_after_a_429_has_an_intent_of_its_own(
    emulator: Emulator, tmp_path: Path
) -> None:
    client, auditor = audited(emulator, tmp_path / "j")
    headers = {"Retry-After": "0"}
    async with client:
        await AsyncEmulatorControl(emulator.url).add_fault(
            "status", status=429, headers=headers, operation="createPackageV2", times=1
        )
        await carry_out(client, orders(1), journal=tmp_path / "j")
    assert [("POST", "intent", "1"), ("POST", "intent", "2")] == auditor.seen
    async with SqliteJournal(tmp_path / "j", is_reader=True) as journal:
        steps = [(step.state, step.note) async for step in journal.transitions()]
    assert [
        ("planned", None),
        ("intent", None),
        ("planned", "HTTP_429"),
        ("intent", None),
        ("done", None),
    ] == steps


async def test_an_intent_that_finds_no_room_on_the_disk_keeps_its_request_from_leaving(
    emulator: Emulator, client: AsyncClient, tmp_path: Path
) -> None:
    async with SqliteJournal(tmp_path / "j") as journal:
        await carry_out(client, orders(1), journal=journal)
        (pages,) = await journal.read(lambda it: it.execute("PRAGMA page_count").fetchone())
        await journal.read(lambda it: it.execute(f"PRAGMA max_page_count = {pages + 3}"))
        with pytest.raises(errors.JournalError, match="free some space on its disk"):
            await carry_out(client, orders(3000), journal=journal)
    made = {package.external_id for package in await client.packages.query().collect()}
    async with SqliteJournal(tmp_path / "j", is_reader=True) as journal:
        known = {record.entry.external_id async for record in journal.records(("intent", "done"))}
    assert made <= known


_FULL_DISK = """
import asyncio, resource, signal, sys
sys.path.insert(0, sys.argv[3])
from pathlib import Path
from bulk_orders import carry_out, new_client, orders
from wixreseller import errors

async def main():
    journal = Path(sys.argv[2])
    async with new_client(sys.argv[1]) as client:
        await carry_out(client, orders(5), journal=journal)
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (120_000, 120_000))
        try:
            await carry_out(client, orders(600), journal=journal)
        except errors.JournalError as error:
            print(error)

asyncio.run(main())
"""


async def test_a_disk_that_is_full_loses_no_order(
    emulator_url: str, client: AsyncClient, tmp_path: Path
) -> None:
    support = str(Path(__file__).parents[1] / "support")
    command = [sys.executable, "-c", _FULL_DISK, emulator_url, str(tmp_path / "j"), support]
    done = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, timeout=120, check=True
    )
    assert "the journal" in done.stdout
    assert "cannot be used" in done.stdout
    async with new_client(emulator_url) as now:
        made = {package.external_id async for package in now.packages.query()}
        async with SqliteJournal(tmp_path / "j", is_reader=True) as journal:
            known = {
                record.entry.external_id async for record in journal.records(("intent", "done"))
            }
        assert made <= known
        outcomes = await carry_out(now, orders(600), journal=tmp_path / "j")
        assert {"created"} == set(words(outcomes))
        assert 600 == len(outcomes)
        ids = [package.external_id async for package in now.packages.query()]
        assert 600 == len(ids) == len(set(ids))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


async def test_no_key_is_in_the_journal(tmp_path: Path) -> None:
    async with Emulator(rate_limit="off", loose=True) as emulator:
        client, _ = audited(emulator, tmp_path / "j", key=CANARY)
        control = AsyncEmulatorControl(emulator.url)
        async with client:
            await control.add_fault(
                "status",
                status=400,
                message=CANARY,
                operation="createPackageV2",
                external_id="sub-1",
            )
            await control.add_fault(
                "drop_after_commit", operation="createPackageV2", external_id="sub-2"
            )
            journal = SqliteJournal(tmp_path / "j")
            await carry_out(client, orders(5), journal=journal)
            files = await asyncio.to_thread(contents, tmp_path)
            await journal.aclose()
    files["closed"] = (tmp_path / "j").read_bytes()
    assert {"j", "j-wal", "j-shm", "j.lock", "closed"} == set(files)
    assert [] == [name for name, data in files.items() if CANARY.encode() in data]
    assert {"done": 4, "failed": 1} == await states_of(tmp_path / "j")
