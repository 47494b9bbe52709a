"""Warn of blocking calls beside a running event loop."""

from __future__ import annotations

import asyncio
import sys
import warnings

from wixreseller._caller import levels_to_caller

__all__ = ["warn_beside_running_loop"]

_has_warned = False


def warn_beside_running_loop() -> None:
    """Warn, once, that a blocking call holds up the event loop of the calling thread."""
    global _has_warned
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    if _has_warned or _is_in_ipython():
        return
    _has_warned = True
    warnings.warn(
        "a blocking call holds up the event loop that runs in this thread; use AsyncClient there, "
        "and await",
        RuntimeWarning,
        stacklevel=levels_to_caller(),
    )


def _is_in_ipython() -> bool:
    """Tell whether this is a notebook, say, where a loop always runs and blocking is fine."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and ipython.get_ipython() is not None
