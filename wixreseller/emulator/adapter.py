"""Turn aiohttp's requests into ours and our answers into aiohttp's, or into what a fault makes."""

import contextlib
import socket
import struct
from collections.abc import Mapping
from typing import NoReturn

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from wixreseller.emulator.backend import Backend
from wixreseller.emulator.clock import Clock
from wixreseller.emulator.control import PREFIX, Control, is_for_people
from wixreseller.emulator.holding import Holding
from wixreseller.emulator.http_date import http_date
from wixreseller.emulator.messages import Answer, Request
from wixreseller.emulator.replies import refuse

LARGEST_BODY = 16 * 1024 * 1024

# On, with no time to send what is left: closing such a socket sends a reset.
_NO_LINGER = struct.pack("ii", 1, 0)


class Adapter:
    """Answer every request that aiohttp hands over."""

    def __init__(self, clock: Clock, backend: Backend, control: Control, holding: Holding) -> None:
        self._clock = clock
        self._backend = backend
        self._control = control
        self._holding = holding

    @property
    def middleware(self) -> Middleware:
        """Return the function that answers every request itself."""

        @web.middleware
        async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:  # noqa: ARG001
            return await self._answer(request)

        return answer

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            body = None
        query: Mapping[str, str] = request.query
        taken = Request(
            method=request.method,
            path=request.rel_url.raw_path,
            query={name: query[name] for name in query},
            headers=request.headers,
            body=body or b"",
            address=request.remote or "",
            raw_query=request.rel_url.raw_query_string,
        )
        if body is None:
            return self._respond(self._backend.respond(taken, _too_large))
        if taken.path.startswith(PREFIX) or is_for_people(taken):
            answer = self._control.answer(taken)
            if answer.ending == "stream":
                return await self._control.inspector.live.stream(request)
            return self._respond(answer)
        placed = self._backend.meet(taken)
        if placed is not None and placed.fault.delays_the_request:
            seconds = placed.fault.seconds
            if not await self._holding.hold(seconds):
                return self._drop(request)
        answer = self._backend.answer(taken, placed)
        if answer.hold_seconds and not await self._holding.hold(answer.hold_seconds):
            return self._drop(request)
        return await self._finish(request, answer)

    async def _finish(self, request: web.Request, answer: Answer) -> web.StreamResponse:
        if answer.ending == "drop":
            return self._drop(request)
        if answer.ending == "reset":
            return self._reset(request)
        if answer.ending == "truncate":
            return await self._break_off(request, answer)
        return self._respond(answer)

    def _respond(self, answer: Answer) -> web.Response:
        return web.Response(
            status=answer.status,
            body=answer.body,
            headers=self._headers(answer),
            content_type=answer.content_type,
            charset=None if answer.content_type is None else "utf-8",
        )

    def _headers(self, answer: Answer) -> dict[str, str]:
        # Clients measure the server's clock by this header, so it follows the emulator's.
        return {"Date": http_date(self._clock.now()), **answer.headers}

    async def _break_off(self, request: web.Request, answer: Answer) -> web.StreamResponse:
        response = web.StreamResponse(status=answer.status, headers=self._headers(answer))
        response.content_type = answer.content_type or "application/json"
        response.content_length = answer.length
        # Where the client has gone meanwhile, there is nobody to get half of an answer.
        with contextlib.suppress(ConnectionError):
            await response.prepare(request)
            await response.write(answer.body)
        self._close(request)
        return response

    def _drop(self, request: web.Request) -> web.Response:
        self._close(request)
        # aiohttp wants an answer; there is nowhere left to send it to.
        return web.Response()

    @staticmethod
    def _close(request: web.Request) -> None:
        if request.transport is not None:
            request.transport.close()

    def _reset(self, request: web.Request) -> web.Response:
        transport = request.transport
        if transport is not None:
            connection: socket.socket | None = transport.get_extra_info("socket")
            if connection is not None:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            transport.abort()
        return web.Response()


def _too_large(_: Request, __: dict[str, str]) -> NoReturn:
    raise refuse(413, "PAYLOAD_TOO_LARGE", f"a body has at most {LARGEST_BODY} bytes")
