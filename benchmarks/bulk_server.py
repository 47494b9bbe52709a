"""Answer creates with a package and queries with nothing, as fast as one process of Python can.

``python benchmarks/bulk_server.py`` prints its address and serves until its input ends. What is
measured against it is the run of a plan: every order is looked for, not found, and created.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from typing import Final, cast

GUID: Final = "0a1b2c3d-0000-4000-8000-0123456789ab"
DATE: Final = "2026-01-02T03:04:05.678Z"
INSTANCE: Final = {
    "instanceId": GUID,
    "catalogProductId": GUID,
    "status": "ENABLED",
    "billingInfo": {"type": "RECURRING", "cycleDuration": {"unit": "YEAR", "count": 1}},
    "countryCode": "BR",
    "createdDate": DATE,
    "updatedDate": DATE,
}
# Without the external id, which the answer would have to take over from its request.
PACKAGE: Final = {
    "id": GUID,
    "accountId": GUID,
    "productInstances": [INSTANCE],
    "createdDate": DATE,
    "updatedDate": DATE,
}
NOTHING: Final[dict[str, object]] = {
    "packages": [],
    "metadata": {"count": 0, "cursors": {}, "hasNext": False},
}
_LENGTH: Final = re.compile(rb"(?i)\r\ncontent-length: *([0-9]+)")


def _answer(document: object) -> bytes:
    body = json.dumps(document).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


CREATED: Final = _answer({"package": PACKAGE})
EMPTY: Final = _answer(NOTHING)


class Canned(asyncio.Protocol):
    """Serve one connection; requests may come in pieces, and none before the last is answered."""

    def __init__(self) -> None:
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what answers are written to."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer when the request is whole."""
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if end and len(body) >= int(length[1] if length else 0):
            self._received = b""
            self._transport.write(EMPTY if b"/query" in head.partition(b"\r\n")[0] else CREATED)


async def main() -> None:
    """Serve until the input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Canned, "127.0.0.1", 0, backlog=1000)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
