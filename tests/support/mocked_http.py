"""Let aioresponses stand in for the network: for what a real socket cannot be made to do.

aioresponses 0.7.9 makes a ``ClientResponse`` without the argument ``stream_writer``, which aiohttp
3.14 requires. Its own ``response_class=`` lets a subclass supply it: :data:`RESPONSE_CLASS`, here
and nowhere else. ``test_the_shim_for_aioresponses_is_still_needed`` fails once it is not.
"""

from __future__ import annotations

import inspect
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final
from unittest.mock import Mock

import aiohttp
from aioresponses import aioresponses
from yarl import URL

__all__ = ["AIOHTTP_REQUIRES_STREAM_WRITER", "RESPONSE_CLASS", "MockedHTTP", "mocked_http"]

AIOHTTP_REQUIRES_STREAM_WRITER: Final = (
    "stream_writer" in inspect.signature(aiohttp.ClientResponse.__init__).parameters
)


class _ResponseWithWriter(aiohttp.ClientResponse):
    """Supply the argument that aioresponses does not know."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, stream_writer=Mock(output_size=0), **kwargs)


RESPONSE_CLASS: Final[type[aiohttp.ClientResponse]] = (
    _ResponseWithWriter if AIOHTTP_REQUIRES_STREAM_WRITER else aiohttp.ClientResponse
)


class MockedHTTP:
    """Answer requests, fail them, and tell what was asked; aioresponses with types."""

    def __init__(self, mocked: Any) -> None:
        self._mocked = mocked

    def answer(
        self,
        method: str,
        url: str,
        *,
        status: int = 200,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        repeat: bool = False,
    ) -> None:
        """Answer the next request, or all of them."""
        self._mocked.add(
            url,
            method,
            status=status,
            body=body,
            headers=headers,
            repeat=repeat,
            response_class=RESPONSE_CLASS,
        )

    def fail(self, method: str, url: str, failure: Exception) -> None:
        """Fail the next request."""
        self._mocked.add(url, method, exception=failure)

    def asked(self, method: str, url: str) -> list[dict[str, Any]]:
        """Give the keyword arguments of every request so far, as aiohttp was called."""
        return [call.kwargs for call in self._mocked.requests[method, URL(url)]]


@contextmanager
def mocked_http() -> Generator[MockedHTTP]:
    """Put aioresponses between aiohttp and the network."""
    with aioresponses() as mocked:
        yield MockedHTTP(mocked)
