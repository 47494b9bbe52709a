"""What ``wixreseller emulator --watch`` prints."""

import asyncio
import http.client
import json
import os
import pty
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from wixreseller.emulator import default_seed as world
from wixreseller.emulator import journal as journals
from wixreseller.emulator.inspector.watch import Painter, line_of, watch

if TYPE_CHECKING:
    from tests.emulator.conftest import Api

WATCHDOG_SECONDS = 20
ACCOUNT = world.SUB_ACCOUNTS[0]
COMMAND = [sys.executable, "-W", "error", "-m", "wixreseller", "emulator", "--watch"]


@attrs.define
class Watching:
    """Hold a running command and how to talk to its emulator."""

    process: "subprocess.Popen[str]"
    port: int

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> None:
        address = ("127.0.0.1", self.port)
        with closing(http.client.HTTPConnection(*address, timeout=WATCHDOG_SECONDS)) as connection:
            sent = {"Authorization": world.API_KEY, "wix-account-id": ACCOUNT} | headers
            connection.request(method, path, None if body is None else json.dumps(body), sent)
            connection.getresponse().read()

    def stop(self) -> str:
        """Stop it, and return what it printed beyond its first line."""
        self.process.terminate()
        output, errors = self.process.communicate(timeout=WATCHDOG_SECONDS)
        assert ("", 0) == (errors, self.process.returncode)
        return output


@pytest.fixture
def watching() -> Iterator[Watching]:
    process = subprocess.Popen(
        COMMAND, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("listening on http://127.0.0.1:")
    yield Watching(process, int(line.rpartition(":")[2]))
    process.kill()
    process.communicate()


def test_every_request_is_a_line_and_the_first_line_stays(watching: Watching) -> None:
    watching.send("POST", "/resellers/v1/packages/query", {})
    watching.send("GET", "/nowhere")
    watching.send("GET", "/_emulator/health")
    lines = watching.stop().splitlines()

    assert 2 == len(lines)
    time = r"\d\d:\d\d:\d\d\.\d{3}"
    assert re.fullmatch(rf"{time}  200  +\d+\.\d ms  POST    queryPackages  …0001", lines[0])
    assert re.fullmatch(rf"{time}  501  +\d+\.\d ms  GET     /nowhere  …0001", lines[1])


def test_who_does_not_read_stops_nobody(watching: Watching) -> None:
    path = f"/{'x' * 4000}"
    for _ in range(40):  # more than a pipe holds
        watching.send("GET", path)

    assert 40 == watching.stop().count("501")


def test_who_reads_no_more_is_no_failure(watching: Watching) -> None:
    assert watching.process.stdout is not None
    watching.process.stdout.close()
    for _ in range(3):
        watching.send("GET", "/nowhere")
    watching.process.stdout = None
    watching.process.terminate()
    assert watching.process.stderr is not None
    errors = watching.process.stderr.read()

    assert ("", 0) == (errors, watching.process.wait(WATCHDOG_SECONDS))


async def lines(api: "Api") -> list[str]:
    journal = api.emulator.journal
    return [line_of(entry, Painter(False)) for entry in journal.newest_first()][::-1]


async def test_a_line_tells_what_was_special(api: "Api") -> None:
    for _ in range(2):
        await api.create(externalId="a", idempotencyKey="k")
    await api.fault("drop_after_commit")
    await api.raw("POST", "/resellers/v1/packages", {"products": [api.product()]})
    first, again, lost = await lines(api)

    assert first.endswith("POST    createPackageV2  a  …0001")
    assert again.endswith("createPackageV2  a  replayed  …0001")
    assert lost.endswith("createPackage  no answer  fault drop_after_commit  deprecated  …0001")
    assert "  ---  " in lost


async def test_a_terminal_obeys_nothing_that_a_request_says(api: "Api") -> None:
    await api.create(externalId="\x1b[31m\r\n\u202eevil")
    await api.send("GET", "/%1b%5b31m", account="\x1b[2J".replace("\x1b", "\\x1b"))
    first, second = await lines(api)

    assert "\\x1b[31m\\r\\n\\u202eevil" in first
    assert first.isprintable()
    assert second.isprintable()


async def test_a_long_name_is_cut(api: "Api") -> None:
    await api.create(externalId="x" * 100)

    assert (await lines(api))[0].endswith(f"createPackageV2  {'x' * 47}…  …0001")


async def test_no_line_holds_a_key(api: "Api") -> None:
    await api.send("GET", f"/nowhere?key={api.key}")

    assert "/nowhere?key=[redacted]" in (await lines(api))[0]


@pytest.mark.parametrize(
    ("environment", "is_coloured"),
    [
        ({}, True),
        ({"NO_COLOR": ""}, True),
        ({"NO_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
        ({"TERM": "xterm"}, True),
    ],
)
def test_a_terminal_gets_colours_unless_it_is_told_not_to(
    environment: dict[str, str], is_coloured: bool
) -> None:
    master, slave = pty.openpty()
    with os.fdopen(slave, "w") as terminal, os.fdopen(master):
        assert is_coloured == Painter.of(terminal, environment).is_coloured


def test_a_file_gets_no_colours() -> None:
    with tempfile.TemporaryFile("w") as file:
        assert not Painter.of(file, {}).is_coloured


@pytest.mark.parametrize(
    ("status", "colour"), [(200, "32"), (404, "33"), (502, "31"), (302, "36"), (None, "31")]
)
async def test_the_colour_of_a_line_is_that_of_its_status(
    api: "Api", status: int | None, colour: str
) -> None:
    if status is None:
        await api.fault("drop_before_commit")
    elif status == 502:
        await api.fault("html_502")
    elif status == 302:
        await api.fault("redirect", location="/", status=302)
    path = "/resellers/v1/packages/query" if status == 200 else f"/resellers/v1/packages/{ACCOUNT}"
    await api.raw("POST" if status == 200 else "GET", path, {} if status == 200 else None)
    (entry,) = api.emulator.journal.newest_first()
    text = "---" if status is None else str(status)

    assert f"\x1b[{colour}m{text}\x1b[0m" in line_of(entry, Painter(True))


async def test_what_the_journal_forgot_meanwhile_is_counted_and_a_reset_begins_anew(
    api: "Api", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journals, "MOST_ENTRIES", 2)
    journal, stopped = api.emulator.journal, asyncio.Event()
    with tempfile.TemporaryFile("w+", encoding="ascii") as file:
        watcher = asyncio.create_task(watch(journal, file, stopped))
        await asyncio.sleep(0)
        for _ in range(5):
            api.emulator.journal.add(*_nothing(), fault=None, time_ms=0, milliseconds=1.0)
        stopped.set()
        await watcher
        file.seek(0)
        printed = file.read().splitlines()

    assert ["3 requests went by unseen", "00:00:00.000  200     1.0 ms  GET     /n\\xe9"] == [
        printed[0],
        printed[1],
    ]
    assert 3 == len(printed)


def _nothing() -> tuple[Any, Any, Any]:
    from wixreseller.emulator.core import Trace
    from wixreseller.emulator.messages import Answer, Request

    request = Request(method="GET", path="/n\\xe9", query={}, headers={}, body=b"", address="")
    return request, Answer(status=200, body=b"", headers={}), Trace()
