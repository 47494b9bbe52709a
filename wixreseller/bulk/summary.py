"""Sum a run up: why it stopped, its exit code, and how long it still takes."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from wixreseller.bulk.journal import State

__all__ = ["OUTCOMES", "StopReason", "exit_code", "seconds_left"]

OUTCOMES: Final = ("created", "existing", "canceled", "failed", "unknown")
"""The words of the results file."""


class StopReason(enum.Enum):
    """Why a run took no more orders before all were done."""

    AUTHENTICATION = "authentication"
    """The key was refused, which would go on for every order."""
    LIMIT = "limit"
    """The rate limit, ours or Wix's, let nothing more out, or Wix could not be reached."""
    INTERRUPTED = "interrupted"
    """Someone pressed Ctrl-C, or the process was asked to end."""
    FAILURES = "failures"
    """As many orders failed as were to be put up with."""
    FILES = "files"
    """The journal or the results cannot be written any more: the disk is full, say."""
    INPUT = "input"
    """The plan was changed while it was read, or asks for something twice."""


_EXIT_FAILED: Final = 1
_EXIT_UNKNOWN: Final = 4
_EXIT_STOPPED: Final = 5
_EXIT_CODES: Final = {
    StopReason.AUTHENTICATION: 3,
    StopReason.LIMIT: _EXIT_STOPPED,
    StopReason.INTERRUPTED: 130,
    StopReason.FAILURES: _EXIT_FAILED,
    StopReason.FILES: _EXIT_STOPPED,
    StopReason.INPUT: 2,
}


def exit_code(counts: Mapping[State, int], reason: StopReason | None = None) -> int:
    """Give the exit code of a run, of its orders by state when it ended and why it stopped.

    The first line that fits counts:

    =====================================================  ====
    orders in ``unknown``, or still in ``intent``          4
    the key was refused                                    3
    interrupted                                            130
    the plan turned out to be wrong                        2
    stopped by a limit, an outage, or files                5
    stopped by ``--max-failures``                          1
    orders still ``planned``, for no reason that is known  5
    orders in ``failed``                                   1
    every order is ``done``                                0
    =====================================================  ====

    An unknown outcome outweighs all else, because it alone asks someone to look: a package may
    exist that no result names. Then what stopped the run, then what failed.
    """
    if counts.get("unknown") or counts.get("intent"):
        return _EXIT_UNKNOWN
    if reason is not None:
        return _EXIT_CODES[reason]
    if counts.get("planned"):
        return _EXIT_STOPPED
    return _EXIT_FAILED if counts.get("failed") else 0


_REQUESTS_PER_ORDER: Final = 1.01
"""One to send it, and a hundredth of the one that looks for it."""


def seconds_left(
    *, done: int, left: int, elapsed: float, requests_per_second: float | None
) -> float | None:
    """Estimate how many seconds a run still takes, or ``None`` while nothing is known.

    ``done`` and ``elapsed`` (seconds) are of this run. The pace so far counts, but not above what
    the rate limit allows: the first minute's requests may leave all at once.
    """
    if not done or elapsed <= 0:
        return None
    by_pace = left * elapsed / done
    if requests_per_second is None:
        return by_pace
    return max(by_pace, left * _REQUESTS_PER_ORDER / requests_per_second)
