"""Block until Wix has answered: the twin of the async client, for code that does not await.

``_portal`` carries calls to the private event loop of ``_loop_thread``, ``_pager`` reads queries
page by page, and ``_batches`` iterates what bulk functions give. Classes and functions are written
by ``_tools/gensync.py`` from the async sources, those of :mod:`wixreseller.bulk` in ``bulk``. Names
are loaded when they are first used: what a call needs takes aiohttp, and that a quarter of a
second.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from wixreseller.sync._changes import Changes
    from wixreseller.sync._pager import Pager
    from wixreseller.sync.client import Client
    from wixreseller.sync.resources.packages import Packages
    from wixreseller.sync.resources.product_instances import ProductInstances

__all__ = ["Changes", "Client", "Packages", "Pager", "ProductInstances"]

_HOMES: Final = {
    "Changes": "wixreseller.sync._changes",
    "Client": "wixreseller.sync.client",
    "Packages": "wixreseller.sync.resources.packages",
    "Pager": "wixreseller.sync._pager",
    "ProductInstances": "wixreseller.sync.resources.product_instances",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
