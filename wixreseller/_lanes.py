"""Keep one aiohttp session for each event loop of this process, and none after the loop's end.

Connections belong to the loop that opened them, and only there can they be closed. So each session
is watched over by an async generator: loops close theirs before they end (``asyncio.run`` and all
like it). The child of a fork has copies of its parent's sockets, loops and sessions, on which it
must never act: see :func:`_after_fork_in_child`.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import functools
import os
import select
import socket
import warnings
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from typing import Any, Final

import aiohttp
import attrs
from aiohttp.connector import Connection
from aiohttp.tracing import Trace

from wixreseller._guard import (
    SPOKE_UNASKED,
    NoAnswerError,
    Resolver,
    has_spoken,
    note_connection,
)
from wixreseller._shared_timer import SharedTimer
from wixreseller.errors import ConfigurationError

__all__ = ["Connector", "Lane", "Lanes"]

# In front of the connector, which has no limit: past its own limit, aiohttp's connector is slow.
_MAX_CONNECTIONS: Final = 100

_READ: Final = 256 * 1024
"""Bytes; asyncio has so much memory ready for each read of a socket."""


class Connector(aiohttp.TCPConnector):
    """Connect as aiohttp does, and know the sockets and transports that are open."""

    def __init__(self) -> None:
        super().__init__(  # pyright: ignore[reportUnknownMemberType]  # a bare tuple of aiohttp's
            limit=0, resolver=Resolver(), socket_factory=_open_socket
        )
        self._open: dict[asyncio.Transport, _Listener] = {}

    async def connect(
        self, req: aiohttp.ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout
    ) -> Connection:
        """Give a connection for a request, on which the server has done nothing meanwhile.

        A loop that was busy, or did not run, has not heard if it was closed; and on a closed
        connection a write would be lost. What it said unasked was heard already, and would be taken
        for the answer.

        Raises:
            aiohttp.ClientConnectionError: the server speaks before it is asked.
        """
        while True:
            connection = await super().connect(req, traces, timeout)
            transport = connection.transport
            listener = None if transport is None else self._open.get(transport)
            if not has_spoken(connection):
                if listener is None or not listener.has_something_to_read():
                    break
            elif listener is None:  # it is new, and the next one would be no better
                connection.close()
                raise aiohttp.ClientConnectionError(SPOKE_UNASKED)
            connection.close()
        if listener is None and transport is not None:
            self._note(transport)
        try:
            note_connection(req)
        except NoAnswerError:
            connection.release()
            raise
        return connection

    def abort(self) -> None:
        """Close what is still open without a word; over TLS, saying good-bye can take long."""
        for transport in list(self._open):
            with contextlib.suppress(RuntimeError):  # its loop was closed, and nothing ended there
                transport.abort()

    def _note(self, transport: asyncio.Transport) -> None:
        for known in [known for known in self._open if known.is_closing()]:
            del self._open[known]
        self._open[transport] = _Listener(transport)


@attrs.define(eq=False)
class Lane:
    """Hold what belongs to one event loop."""

    loop: weakref.ref[asyncio.AbstractEventLoop]
    session: aiohttp.ClientSession
    timer: SharedTimer
    free: asyncio.Semaphore = attrs.field(factory=lambda: asyncio.Semaphore(_MAX_CONNECTIONS))
    guardian: AsyncGenerator[None, None] | None = None
    """What closes the session with its loop; a session of the user's has none."""

    async def aclose(self) -> None:
        """Close the session, unless it is the user's; on its loop."""
        if self.guardian is not None:
            connector = self.session.connector
            await self.session.close()
            if isinstance(connector, Connector):
                connector.abort()
                await asyncio.sleep(0)  # in which they end
            with contextlib.suppress(RuntimeError):  # the loop is at it already
                await self.guardian.aclose()

    def drop(self) -> None:
        """Close a session from outside its loop: on that loop if it runs, else at once."""
        loop = self.loop()
        if loop is not None and loop.is_running() and not _is_running_here(loop):
            loop.call_soon_threadsafe(self._close)
        else:
            self._close()

    def _close(self) -> None:
        # The first step closes; the rest would wait until that is done. No task: a loop that is
        # about to end would destroy it.
        if self.guardian is not None:
            connector = self.session.connector
            _step(self.session.close())
            if isinstance(connector, Connector):
                connector.abort()
            _step(self.guardian.aclose())

    def forsake(self) -> None:
        """Leave a session to the parent process, in the forked child."""
        if self.guardian is None:
            return
        if isinstance(self.session.connector, Connector):
            _forsaken.append(self.session.connector)
        self.session.detach()
        _step(self.guardian.aclose())


class Lanes:
    """Hold the lanes of one client and its views."""

    def __init__(
        self,
        open_session: Callable[[], aiohttp.ClientSession],
        injected: aiohttp.ClientSession | None,
        made_at: tuple[str, int],
    ) -> None:
        self._open_session = open_session
        self._injected = injected
        self._lanes: dict[int, Lane] = {}
        self._made_at = made_at
        self._is_leaked = False
        self.is_closed = False
        """Whether :meth:`aclose` was called."""
        _everyone.add(self)

    def __iter__(self) -> Iterator[Lane]:
        return iter(self._lanes.values())

    def here(self) -> Lane | None:
        """Give the lane of the running loop, if it is open.

        Raises:
            ConfigurationError: no loop of asyncio's runs here.
        """
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise ConfigurationError(
                "AsyncClient needs a running event loop of asyncio's, and here is none: under trio "
                "use Client, on a worker thread. Nothing was sent"
            ) from None
        lane = self._lanes.get(id(loop))
        if lane is None or lane.loop() is not loop or lane.session.closed:
            return None
        return lane

    async def open_here(self) -> Lane:
        """Open the lane of the running loop."""
        loop = asyncio.get_running_loop()
        self._sweep()
        _keep_memory_of_reads()
        lane = self._lanes[id(loop)] = await self._open(loop)
        return lane

    async def aclose(self) -> None:
        """Close the sessions of this loop, and drop those of others. Twice is fine."""
        self.is_closed = True
        self._is_leaked = False
        lanes, self._lanes = self._lanes, {}
        for lane in lanes.values():
            if _is_running_here(lane.loop()):
                await lane.aclose()
            else:
                lane.drop()

    def forsake(self) -> None:
        """Begin anew in the child of a fork."""
        self._is_leaked = False
        lanes, self._lanes = self._lanes, {}
        for lane in lanes.values():
            lane.forsake()

    async def _open(self, loop: asyncio.AbstractEventLoop) -> Lane:
        if self._injected is not None:
            return Lane(weakref.ref(loop), self._injected, SharedTimer(loop))
        session = self._open_session()
        self._is_leaked = True  # until it is closed
        guardian = _guard(session)
        await anext(guardian)
        return Lane(weakref.ref(loop), session, SharedTimer(loop), guardian=guardian)

    def _sweep(self) -> None:
        """Drop the sessions of loops that are closed, or gone."""
        for place, lane in list(self._lanes.items()):
            loop = lane.loop()
            if loop is None or loop.is_closed():
                del self._lanes[place]
                lane.drop()

    def __del__(self) -> None:
        if not getattr(self, "_is_leaked", False):
            return  # also where the constructor failed
        for lane in self._lanes.values():
            with contextlib.suppress(RuntimeError):
                lane.drop()
        path, line = self._made_at
        text = (
            f"an AsyncClient was never closed: use `async with`, or aclose(); made at {path}:{line}"
        )
        warnings.warn_explicit(text, ResourceWarning, path, line)


@functools.cache  # once for a process
def _keep_memory_of_reads() -> None:
    """Let the C library keep the memory that reads of a socket use over and over.

    That of GNU asks the kernel for a block so large, and gives it back, at each single read, which
    is an eighth of the CPU time of a create. Once a larger block was freed it takes such sizes for
    usual, and keeps them. Other C libraries are not impressed.

    What is read into at a time, a read and the parts of a large answer, is taken now: else a
    process would grow a little whenever an answer comes in other parts than those before.
    """
    bytes(2 * _READ)
    _ = [b"\0" * _READ for _ in range(3)]


def _is_running_here(loop: asyncio.AbstractEventLoop | None) -> bool:
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False


class _Listener:
    """Tell whether a connection without a request has ended: servers say nothing unasked."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._socket = transport.get_extra_info("socket")
        self._poll: select.poll | None = None
        if hasattr(select, "poll") and self._socket is not None:
            self._poll = select.poll()  # once: to make one takes longer than to ask it
            self._poll.register(self._socket, select.POLLIN)

    def has_something_to_read(self) -> bool:
        """Ask the kernel."""
        if self._socket is None or self._socket.fileno() < 0:
            return True
        if self._poll is not None:
            return bool(self._poll.poll(0))
        return bool(select.select([self._socket], [], [], 0)[0])


async def _guard(session: aiohttp.ClientSession) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        await session.close()


def _step(awaitable: Awaitable[object]) -> None:
    """Run a coroutine up to where it would wait."""
    steps = awaitable.__await__()
    with contextlib.suppress(StopIteration, RuntimeError):
        next(steps)


# --- forks --------------------------------------------------------------------------------------

_everyone: Final[weakref.WeakSet[Lanes]] = weakref.WeakSet()
_sockets: Final[weakref.WeakSet[socket.socket]] = weakref.WeakSet()
_forsaken: Final[list[Connector]] = []


def _open_socket(address: tuple[Any, ...]) -> socket.socket:
    opened = socket.socket(*address[:3])
    _sockets.add(opened)
    return opened


def _after_fork_in_child() -> None:
    """Make it impossible to act on the parent's connections, and forget its sessions.

    Closed in the child, a TLS connection would say good-bye in the parent's stream, and a socket
    would be taken out of the epoll object that both share. So every descriptor is made to mean a
    dead socket first. The connectors are kept until the child ends, and closed then: their
    destructors would complain.
    """
    dead, peer = socket.socketpair()
    with dead:
        peer.close()
        for one in list(_sockets):
            if one.fileno() >= 0:
                os.dup2(dead.fileno(), one.fileno(), inheritable=False)
    _sockets.clear()
    for lanes in list(_everyone):
        lanes.forsake()
    atexit.register(_close_forsaken)


def _close_forsaken() -> None:
    for connector in _forsaken:
        connector.abort()
        _step(connector.close())
    _forsaken.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
