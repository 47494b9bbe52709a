"""Offer a server on a raw socket, which shows what really went over the wire."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import attrs

from wixreseller import AsyncClient, BillingInfo, CycleUnit, Product

GUID = "0a1b2c3d-0000-4000-8000-0123456789ab"
PACKAGE = b'{"package": {"id": "%s", "productInstances": []}}' % GUID.encode()
CANARY = "IST.canary-3f1c9a"

Write = Callable[[AsyncClient], Awaitable[object]]
"""A write, made with a client."""

_PRODUCT = Product(catalog_product_id=GUID, country_code="BR")
WRITES: dict[str, Write] = {
    "create": lambda c: c.packages.create([_PRODUCT], external_id="sub-1"),
    "cancel": lambda c: c.packages.cancel(GUID),
    "update_external_id": lambda c: c.packages.update_external_id(GUID, external_id="sub-1"),
    "assign": lambda c: c.product_instances.assign_to_site(GUID, site_id=GUID),
    "unassign": lambda c: c.product_instances.unassign_from_site(GUID),
    "cancel_instance": lambda c: c.product_instances.cancel(GUID),
    "adjust": lambda c: c.product_instances.adjust_specifications(
        GUID, billing_info=BillingInfo.recurring(1, CycleUnit.YEAR)
    ),
}


def answer(body: bytes = PACKAGE, status: str = "200 OK", headers: str = "") -> bytes:
    """Make a whole HTTP answer."""
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return head.encode() + body


@attrs.define
class RawServer:
    """Answer with what ``answers`` says, request by request; ``None`` drops the connection.

    When the list is used up, every further request is dropped.
    """

    answers: list[bytes | None]
    requests: list[bytes] = attrs.field(factory=list[bytes])
    arrived: asyncio.Event = attrs.field(factory=asyncio.Event)
    connections: int = 0
    port: int = 0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self.connections += 1
        try:
            while head := await _read_head(reader):
                length = _content_length(head)
                self.requests.append(head + await reader.readexactly(length))
                self.arrived.set()
                reply = self.answers.pop(0) if self.answers else None
                if reply is None:
                    return
                writer.write(reply)
                await writer.drain()
        except ConnectionError:
            return
        finally:
            writer.close()


async def _read_head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0
