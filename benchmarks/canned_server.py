"""Answer every request with the same package, or page of packages, as fast as Python can.

``python -m benchmarks.canned_server`` prints its address and serves until its input ends. What is
measured against it is the client: the server looks only for the end of a request and for ``/query``
in its first line, which is answered with a page whose cursor is always another one.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import uuid
from datetime import UTC, datetime, timedelta
from typing import Final, cast

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


class Canned(asyncio.Protocol):
    """Serve one connection; requests may come in pieces, and none before the last is answered."""

    def __init__(self) -> None:
        self._received = b""
        self._pages = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what answers are written to."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer when the request is whole."""
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if end and len(body) >= _content_length(head):
            self._received = b""
            if b"/query" in head.partition(b"\r\n")[0]:
                self._pages += 1
                self._transport.write(b"%s%080d%s" % (BEFORE_CURSOR, self._pages, AFTER_CURSOR))
            else:
                self._transport.write(ANSWER)


def _content_length(head: bytes) -> int:
    lowered = head.lower()
    at = lowered.find(b"\r\ncontent-length:")
    if at < 0:
        return 0
    return int(lowered[at + 17 :].partition(b"\r\n")[0])


async def main() -> None:
    """Serve until the input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Canned, "127.0.0.1", 0, backlog=1000)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
