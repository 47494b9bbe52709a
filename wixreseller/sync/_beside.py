"""Warn of blocking calls beside a running event loop."""

from __future__ import annotations

import asyncio
import inspect
import sys
import warnings

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
        stacklevel=_levels_to_caller(),
    )


def _is_in_ipython() -> bool:
    """Tell whether this is a notebook, say, where a loop always runs and blocking is fine."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and ipython.get_ipython() is not None


def _levels_to_caller() -> int:
    """Count the frames between the warning and the code that uses this library."""
    frame = inspect.currentframe()
    levels = 0
    while frame is not None and frame.f_globals.get("__package__", "").startswith("wixreseller"):
        frame = frame.f_back
        levels += 1
    return levels
