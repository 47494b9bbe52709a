"""Find the line of the user's code that called this library."""

from __future__ import annotations

import inspect
from types import FrameType

__all__ = ["levels_to_caller", "place_of_caller"]

_PACKAGE = __name__.partition(".")[0]


def place_of_caller() -> tuple[str, int]:
    """Give the file and line of the nearest code outside this package."""
    frame, _ = _find()
    return ("<unknown>", 0) if frame is None else (frame.f_code.co_filename, frame.f_lineno)


def levels_to_caller() -> int:
    """Count the frames from the one that calls this to the user's: a ``stacklevel``."""
    return _find()[1]


def _find() -> tuple[FrameType | None, int]:
    # A whole stack would cost a thousandfold. No frame may be left holding itself: it would hold
    # the clients that its callers make, too.
    frame = inspect.currentframe()
    levels = -1
    while frame is not None and _is_ours(frame):
        frame = frame.f_back
        levels += 1
    return frame, levels


def _is_ours(frame: FrameType) -> bool:
    name: object = frame.f_globals.get("__name__")
    return isinstance(name, str) and name.partition(".")[0] == _PACKAGE
