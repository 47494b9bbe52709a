"""Answer every request with the same package, as fast as one process of Python can.

``python benchmarks/canned_server.py`` prints its address and serves until its input ends. What is
measured against it is the client: the server does not route, look at the request, or hold state.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import cast

GUID = "0a1b2c3d-0000-4000-8000-0123456789ab"
DATE = "2026-01-02T03:04:05.678Z"
INSTANCE = {
    "instanceId": GUID,
    "siteId": GUID,
    "catalogProductId": GUID,
    "status": "ENABLED",
    "billingInfo": {"type": "RECURRING", "cycleDuration": {"unit": "YEAR", "count": 1}},
    "countryCode": "BR",
    "createdDate": DATE,
    "updatedDate": DATE,
}
PACKAGE = {
    "id": GUID,
    "accountId": GUID,
    "externalId": "sub-42",
    "productInstances": [INSTANCE],
    "createdDate": DATE,
    "updatedDate": DATE,
}
BODY = json.dumps({"package": PACKAGE}).encode()
HEAD = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(BODY)}\r\n\r\n"
ANSWER = HEAD.encode() + BODY


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
        if end and len(body) >= _content_length(head):
            self._received = b""
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
