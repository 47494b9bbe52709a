"""Keep a port for a test, so that the system gives it to no other."""

from __future__ import annotations

import socket
from collections.abc import Generator
from contextlib import contextmanager

__all__ = ["held_port"]


@contextmanager
def held_port() -> Generator[int, None, None]:
    """Give a port where nobody listens, but who asks for it by its number.

    A port that is only free may be given to a server of another test, running at the same time,
    which then gets requests that it does not expect.
    """
    with socket.socket() as holding:
        holding.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holding.bind(("127.0.0.1", 0))
        port: int = holding.getsockname()[1]
        yield port
