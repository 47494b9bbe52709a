"""Who may use the control plane: programs, and pages of its own."""

import http.client
import json
import socket
from typing import TYPE_CHECKING, Any

import pytest

from wixreseller.emulator import Emulator
from wixreseller.testing import EmulatorThread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.emulator.conftest import Api

FORBIDDEN = (403, "PERMISSION_DENIED")
LINK = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


async def test_a_link_from_anywhere_opens_the_page_and_nothing_else(api: "Api") -> None:
    async with api.session.get(f"{api.emulator.url}/_emulator/", headers=LINK) as answer:
        opened = (answer.status, answer.content_type)
    reset = await api.send("POST", "/_emulator/reset", headers=LINK)
    frame = await api.send("GET", "/_emulator/", headers=LINK | {"Sec-Fetch-Dest": "iframe"})
    fetched = await api.send("GET", "/_emulator/requests", headers={"Sec-Fetch-Site": "same-site"})

    assert (200, "text/html") == opened
    assert [FORBIDDEN] * 3 == [reply.refusal for reply in (reset, frame, fetched)]


@pytest.mark.parametrize("path", ["", "inspector/live", "inspector/static/main.js", "requests"])
async def test_a_borrowed_name_reads_nothing(api: "Api", path: str) -> None:
    headers = {"Host": "evil.example"}

    assert FORBIDDEN == (await api.send("GET", f"/_emulator/{path}", headers=headers)).refusal


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_a_page_sends_json_or_nothing(api: "Api", content_type: str) -> None:
    headers = {"Origin": api.emulator.url, "Content-Type": content_type}
    data = b'{"advance": 1}'
    refused = await api.send("POST", "/_emulator/clock", data=data, headers=headers)
    empty = await api.send("POST", "/_emulator/reset", headers=headers)
    sent = headers | {"Content-Type": "application/json; charset=utf-8"}
    taken = await api.send("POST", "/_emulator/clock", data=data, headers=sent)

    assert (415, 200, 200) == (refused.status, empty.status, taken.status)


async def test_a_program_sends_a_body_of_any_type(api: "Api") -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}  # what curl -d says
    data = b'{"advance": 1}'

    assert 200 == (await api.send("POST", "/_emulator/clock", data=data, headers=headers)).status


@pytest.fixture(scope="module")
def open_port() -> "Iterator[int]":
    """Run an emulator that listens on every address."""
    with EmulatorThread(Emulator(host="0.0.0.0")) as running:  # noqa: S104 # the point
        yield int(running.url.rpartition(":")[2])


def reset(port: int, host: str, origin: str | None) -> int:
    """Reset under a name, and return the status."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    headers = {"Host": f"{host}:{port}"}
    if origin is not None:
        headers["Origin"] = origin.format(port=port)
    connection.request("POST", "/_emulator/reset", headers=headers)
    answer = connection.getresponse()
    content: Any = json.loads(answer.read())
    connection.close()
    assert content
    return answer.status


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("192.168.1.5", "http://192.168.1.5:{port}", 200),
        ("[::1]", "http://[::1]:{port}", 200),
        ("emulator", "http://emulator:{port}", 200),
        (socket.gethostname(), f"http://{socket.gethostname()}:{{port}}", 200),
        ("emulator.tests.svc.cluster.local", None, 200),
        ("evil.example", "http://evil.example:{port}", 403),
        ("192.168.1.5", "http://evil.example:{port}", 403),
        ("[", None, 200),
    ],
)
def test_beyond_loopback_a_page_must_come_from_a_name_that_nobody_can_borrow(
    open_port: int, host: str, origin: str | None, status: int
) -> None:
    assert status == reset(open_port, host, origin)
