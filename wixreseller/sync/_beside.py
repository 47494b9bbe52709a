"""Warn of blocking calls beside a running event loop."""

from __future__ import annotations

import asyncio
import sys
import warnings

from wixreseller._caller import levels_to_caller

__all__ = ["warn_beside_running_loop"]

_has_warned = False


def warn_beside_running_loop(own: asyncio.AbstractEventLoop) -> None:
    """Warn, once, that a blocking call holds up the event loop of the calling thread.

    That is not ``own``, the private loop: where gevent makes threads take turns on one, it runs
    there too, and goes on while the caller waits.
    """
    global _has_warned
    try:
        running = asyncio.get_running_loop()
    except RuntimeError:
        return
    if running is own or _has_warned or _is_in_ipython():
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
