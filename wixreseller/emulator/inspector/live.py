"""Tell open pages what has changed, as server-sent events.

Nothing is announced by those who change things: while a page listens, its stream looks ten times a
second at counters that are there anyway, and writes one small event if any has moved, four times a
second at most. So a request costs the same whether anybody watches or not, a thousand changes are
one event, and a page that reads slowly gets the newest state when it is ready for it: nothing is
queued.

An event holds the overview and, for each topic, the number of its latest change; a page asks again
for the topics whose numbers differ from those that it has seen. Its id is that of the run and of
the change. Who comes back with the id of another run is told ``resync``: forget what you know.
"""

import asyncio
import uuid
from collections.abc import Callable

import attrs
from aiohttp import web

from wixreseller.emulator import lifecycle
from wixreseller.emulator.inspector.overview import show_limits, show_overview
from wixreseller.emulator.jsonvalue import JsonObject, dumps
from wixreseller.emulator.parts import Parts

MOST_STREAMS = 32

_LOOK_SECONDS = 0.1
# Nobody reads faster, and a page that has something to show takes time from the one that works.
_PAUSE_SECONDS = 0.25
# Silence for longer would let a browser's connection look dead to what is in between.
_BEAT_SECONDS = 15.0
_HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


@attrs.define
class _Topic:
    mark: object = None
    version: int = 0


class Live:
    """Hold what open pages have been told; it lives on the emulator's event loop."""

    def __init__(self, parts: Parts, snapshots: Callable[[], object]) -> None:
        self._parts = parts
        self._marks: dict[str, Callable[[], object]] = {
            "packages": self._mark_packages,
            "requests": lambda: (parts.journal.clearings, parts.journal.last),
            "faults": lambda: [(p.id, p.matches, p.hits) for p in parts.faults.all()],
            "settings": lambda: (parts.core.settings, parts.limiter.limit),
            "clock": lambda: parts.core.clock.position,
            "limits": lambda: show_limits(parts),
            "snapshots": snapshots,
            "world": lambda: (parts.core.store.copies, parts.core.store.seed()),
        }
        self._topics = {name: _Topic() for name in self._marks}
        self._run = uuid.uuid4().hex[:12]
        self._version = 0
        self._looked = float("-inf")
        self._streams = 0
        self._is_closed = False

    @property
    def streams(self) -> int:
        """Return how many pages listen."""
        return self._streams

    def close(self) -> None:
        """Let every stream come to its end."""
        self._is_closed = True

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Write events until the page goes away or the emulator stops."""
        if self._streams >= MOST_STREAMS:
            return web.Response(status=503, text=f"{MOST_STREAMS} pages listen already")
        self._streams += 1
        try:
            return await self._write(request)
        finally:
            self._streams -= 1

    async def _write(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers=_HEADERS)
        await response.prepare(request)
        loop = asyncio.get_running_loop()
        seen = request.headers.get("Last-Event-ID", "")
        run, _, version = seen.partition("-")
        name = "resync" if seen and run != self._run else "state"
        told = int(version) if name == "state" and version.isdigit() else -1
        try:
            await response.write(b"retry: 1000\n\n")
            beat = loop.time()
            while not self._is_closed and not _is_gone(request):
                self._look(loop.time())
                if self._version != told:
                    told, beat = self._version, loop.time()
                    await response.write(self._event(name))
                    name = "state"
                    await asyncio.sleep(_PAUSE_SECONDS - _LOOK_SECONDS)
                elif loop.time() - beat >= _BEAT_SECONDS:
                    beat = loop.time()
                    await response.write(b": still here\n\n")
                await asyncio.sleep(_LOOK_SECONDS)
        except ConnectionError:
            # The page went away, as pages do.
            return response
        return response

    def _look(self, now: float) -> None:
        """Give what has changed since the last look its numbers; several streams share one."""
        if now - self._looked < _LOOK_SECONDS / 2:
            return
        self._looked = now
        core = self._parts.core
        if core.store.exists(
            "SELECT 1 FROM instances WHERE due_ms <= ?", (core.clock.milliseconds(),)
        ):
            # What is due would be written by the next request; who watches sees it when it is.
            with core.store.transaction():
                lifecycle.settle(core)
        for name, mark in self._marks.items():
            topic, found = self._topics[name], mark()
            if found != topic.mark:
                self._version += 1
                topic.mark, topic.version = found, self._version

    def _event(self, name: str) -> bytes:
        state: JsonObject = {
            **show_overview(self._parts),
            "run": self._run,
            "versions": {name: topic.version for name, topic in self._topics.items()},
        }
        head = f"id: {self._run}-{self._version}\nevent: {name}\ndata: "
        return head.encode() + dumps(state) + b"\n\n"

    def _mark_packages(self) -> object:
        store = self._parts.core.store
        return store.copies, store.connection.total_changes


def _is_gone(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()
