"""Answer every request with the same package, or page of packages, as fast as Python can.

``python -m benchmarks.canned_server`` prints its address and serves until its input ends. What is
measured against it is the client: the server looks only for the end of a request and for ``/query``
in its first line, which is answered with a page whose cursor is always another one.
"""

from __future__ import annotations

import json
import random
import selectors
import socket
import sys
import uuid
from datetime import UTC, datetime, timedelta
from typing import Final

GUID: Final = "0a1b2c3d-0000-4000-8000-0123456789ab"
DATE: Final = "2026-01-02T03:04:05.678Z"
PACKAGE: Final = {
    "id": GUID,
    "accountId": GUID,
    "externalId": "sub-42",
    "productInstances": [
        {
            "instanceId": GUID,
            "siteId": GUID,
            "catalogProductId": GUID,
            "status": "ENABLED",
            "billingInfo": {"type": "RECURRING", "cycleDuration": {"unit": "YEAR", "count": 1}},
            "countryCode": "BR",
            "createdDate": DATE,
            "updatedDate": DATE,
        }
    ],
    "createdDate": DATE,
    "updatedDate": DATE,
}
# What servers send beside the body.
HEAD: Final = (
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: Fri, 02 Jan 2026 03:04:05 GMT\r\n"
    "X-Wix-Request-Id: 1735787045.123456789012345678\r\nContent-Length: {}\r\n\r\n"
)
CURSOR_PLACE: Final = b"c" * 80


def answer_of(body: bytes) -> bytes:
    """Put the head before a body."""
    return HEAD.format(len(body)).encode() + body


def page_of(packages: int, instances: int, *, extra: bool = False) -> bytes:
    """Make a page as Wix answers it, every id and date another; the same at each run.

    ``extra``: with a key in each object that no documentation names.
    """
    chance = random.Random(5)  # noqa: S311  # nothing secret
    more = {"newKey": {"a": 1}} if extra else {}

    def guid() -> str:
        return str(uuid.UUID(int=chance.getrandbits(128)))

    def date() -> str:
        moment = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(milliseconds=chance.getrandbits(36))
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def cycle() -> dict[str, object]:
        return {"unit": chance.choice(["YEAR", "MONTH"]), "count": chance.choice([1, 1, 2])}

    def instance(number: int) -> dict[str, object]:
        return {
            "instanceId": guid(),
            # A third of them float.
            **({"siteId": guid()} if number % 3 else {}),
            "catalogProductId": guid(),
            "status": chance.choice(["ENABLED", "ENABLED", "PENDING", "CANCELED"]),
            "billingInfo": {"type": "RECURRING", "cycleDuration": cycle()},
            "countryCode": chance.choice(["BR", "DE", "US"]),
            "createdDate": date(),
            "updatedDate": date(),
            **more,
        }

    def package(number: int) -> dict[str, object]:
        return {
            "id": guid(),
            "accountId": guid(),
            "externalId": f"subscription-{number}",
            "productInstances": [instance(index) for index in range(instances)],
            "createdDate": date(),
            "updatedDate": date(),
            "parentAccountId": guid(),
            **more,
        }

    metadata = {"count": packages, "cursors": {"next": CURSOR_PLACE.decode()}, "hasNext": True}
    listed = [package(number) for number in range(packages)]
    document = {"packages": listed, "metadata": metadata}
    return json.dumps(document, separators=(",", ":")).encode()


ANSWER: Final = answer_of(json.dumps({"package": PACKAGE}).encode())
BEFORE_CURSOR, _, AFTER_CURSOR = answer_of(page_of(100, 3)).partition(CURSOR_PLACE)


class Connection:
    """Serve one connection; requests may come in pieces, and none before the last is answered."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._received = b""
        self._pages = 0

    def read(self, room: memoryview) -> bool:
        """Take what came, and answer when the request is whole; say whether it goes on."""
        try:
            length = self._socket.recv_into(room)
            self._received += room[:length]
            head, end, body = self._received.partition(b"\r\n\r\n")
            if end and len(body) >= _content_length(head):
                self._received = b""
                self._socket.sendall(self._answer(head))
        except ConnectionError:
            return False
        return length > 0

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def _answer(self, head: bytes) -> bytes:
        if b"/query" not in head.partition(b"\r\n")[0]:
            return ANSWER
        self._pages += 1
        return b"%s%080d%s" % (BEFORE_CURSOR, self._pages, AFTER_CURSOR)


def _content_length(head: bytes) -> int:
    lowered = head.lower()
    at = lowered.find(b"\r\ncontent-length:")
    if at < 0:
        return 0
    return int(lowered[at + 17 :].partition(b"\r\n")[0])


def main() -> None:
    """Serve until the input ends.

    By hand and not with asyncio, which takes three times as long for a request: what the server
    takes is a part of every time that is measured by the wall clock, and says nothing of clients.
    """
    room = memoryview(bytearray(65536))
    with (
        socket.create_server(("127.0.0.1", 0), backlog=1000) as listening,
        selectors.DefaultSelector() as ready,
    ):
        ready.register(listening, selectors.EVENT_READ)
        ready.register(sys.stdin, selectors.EVENT_READ)
        print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
        while True:
            for key, _ in ready.select():
                connection = key.data
                if connection is not None:
                    if not connection.read(room):
                        ready.unregister(key.fileobj)
                        connection.close()
                elif key.fileobj is listening:
                    accepted, _ = listening.accept()
                    accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    ready.register(accepted, selectors.EVENT_READ, Connection(accepted))
                else:
                    return


if __name__ == "__main__":
    main()
