"""Let aioresponses stand in for the network: for what a real socket cannot be made to do.

aioresponses 0.7.9 makes a ``ClientResponse`` without the argument ``stream_writer``, which aiohttp
3.14 requires. Its own ``response_class=`` lets a subclass supply it: :data:`RESPONSE_CLASS`, here
and nowhere else. ``test_the_shim_for_aioresponses_is_still_needed`` fails once it is not.
"""

from __future__ import annotations

import inspect
from typing import Any, Final
from unittest.mock import Mock

import aiohttp

__all__ = ["AIOHTTP_REQUIRES_STREAM_WRITER", "RESPONSE_CLASS"]

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
