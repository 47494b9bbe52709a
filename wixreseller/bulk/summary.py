"""Count what became of a run: its totals, its exit code, and how long it still takes."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Mapping
from typing import Final

import attrs

from wixreseller.bulk.results import Outcome
from wixreseller.errors import WixResellerError

__all__ = ["OUTCOMES", "StopReason", "Summary", "Tally", "exit_code", "seconds_left"]

OUTCOMES: Final = ("created", "existing", "canceled", "failed", "unknown")
"""The words of the results file."""

_EXIT_DONE: Final = 0
_EXIT_FAILED: Final = 1
_EXIT_UNKNOWN: Final = 4


class StopReason(enum.Enum):
    """Why a run took no more orders before all were done. The value is its exit code."""

    AUTHENTICATION = 3
    """The key was refused, which would go on for every order."""
    LIMIT = 5
    """The rate limit, ours or Wix's, would not let more requests out."""
    INTERRUPTED = 130
    """Someone pressed Ctrl-C, or the process was asked to end."""


@attrs.frozen(kw_only=True)
class Summary:
    """Hold the totals of a run."""

    created: int = 0
    existing: int = 0
    canceled: int = 0
    failed: int = 0
    unknown: int = 0
    stop_reason: StopReason | None = None
    stop_error: WixResellerError | None = None
    """The error that stopped the run."""

    @property
    def counts(self) -> Mapping[str, int]:
        """How many orders ended how, by the word of the results file."""
        return {name: getattr(self, name) for name in OUTCOMES}

    @property
    def done(self) -> int:
        """How many orders have an outcome, whatever it is."""
        return sum(self.counts.values())


class Tally:
    """Count outcomes while a run goes on."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, outcome: Outcome) -> None:
        """Count one more."""
        self._counts[outcome.outcome] += 1

    @property
    def counts(self) -> Mapping[str, int]:
        """How many orders ended how, by the word of the results file."""
        return self._counts

    def summary(
        self, stop_reason: StopReason | None, stop_error: WixResellerError | None
    ) -> Summary:
        """Give the totals."""
        return Summary(
            stop_reason=stop_reason,
            stop_error=stop_error,
            **{name: self._counts[name] for name in OUTCOMES},
        )


def exit_code(summary: Summary) -> int:
    """Give the exit code of a run.

    ===  ==============================================
    0    every order is done
    1    orders failed
    3    the key was refused
    4    outcomes are unknown
    5    stopped by a limit
    130  interrupted
    ===  ==============================================

    An unknown outcome outweighs all else, because it alone asks someone to look: a package may
    exist that no result names. Then what stopped the run, then what failed.
    """
    if summary.unknown:
        return _EXIT_UNKNOWN
    if summary.stop_reason is not None:
        return summary.stop_reason.value
    return _EXIT_FAILED if summary.failed else _EXIT_DONE


def seconds_left(
    *, done: int, total: int, created: int, elapsed: float, requests_per_second: float | None
) -> float | None:
    """Estimate how many seconds a run still takes, or ``None`` while nothing is known.

    An order takes one request to look and one to create. The pace so far counts, but not above
    what the rate limit allows: the first minute's requests may leave all at once.
    """
    if not done or elapsed <= 0:
        return None
    left = total - done
    by_pace = left * elapsed / done
    if requests_per_second is None:
        return by_pace
    requests_per_order = 1 + created / done
    return max(by_pace, left * requests_per_order / requests_per_second)
