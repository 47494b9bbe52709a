"""Follow the pace of a run: what was sent and done in each window of time, and when it paused."""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Final

import attrs

__all__ = ["MOST_BARS", "Bar", "Pace", "Pause", "pace_of", "pause_from"]

MOST_BARS: Final = 200
"""How many bars there are at most; where time is longer, each takes several windows."""
_MOST_PAUSES: Final = 20


@attrs.frozen(kw_only=True)
class Bar:
    """Count what happened in a stretch of time; pauses are left out of it."""

    start: float
    end: float
    windows: int
    sent: int = 0
    done: int = 0
    failed: int = 0
    unknown: int = 0
    busiest: int = 0
    """The most that was sent in one of its windows."""
    follows_pause: bool = False


@attrs.frozen(kw_only=True)
class Pause:
    """Tell of a time in which nothing was sent, and no answer came."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        """How long it was."""
        return self.end - self.start


@attrs.frozen(kw_only=True)
class Pace:
    """Hold how a run went over time. A window is that of the rate limit, in seconds."""

    window: float
    bars: Sequence[Bar] = ()
    pauses: Sequence[Pause] = ()
    """The longest, in their order."""
    pause_count: int = 0
    paused: float = 0.0
    """Seconds of all pauses."""
    start: float | None = None
    end: float | None = None

    @property
    def seconds(self) -> float:
        """How long it took, without pauses."""
        return (
            0.0 if self.start is None or self.end is None else self.end - self.start - self.paused
        )

    @property
    def busiest(self) -> int:
        """The most that was sent in a window."""
        return max((bar.busiest for bar in self.bars), default=0)


def pause_from(window: float) -> float:
    """Give the seconds of silence from which on a run was interrupted, or waited for something.

    At the limit a window's worth leaves at once and the next a window later, and what was lost is
    looked for some seconds long.
    """
    return 1.5 * window + 10.0


_WINDOWS: Final = """
SELECT CAST((at - :start) / :window AS INTEGER), min(at), max(at), total(state = 'intent'),
    total(state = 'done'), total(state = 'failed'), total(state = 'unknown')
FROM transitions WHERE state <> 'planned' GROUP BY 1 ORDER BY 1
"""


def pace_of(connection: sqlite3.Connection, window: float) -> Pace:
    """Read the pace of a run from its journal.

    Raises:
        sqlite3.Error: it cannot be read.
    """
    query = "SELECT min(at), max(at) FROM transitions WHERE state <> 'planned'"
    start, end = connection.execute(query).fetchone()
    if start is None:
        return Pace(window=window)
    gathering = _Gathering(start, window)
    gathering.take(connection.execute(_WINDOWS, {"start": start, "window": window}))
    return Pace(
        window=window,
        bars=gathering.bars(),
        pauses=gathering.longest_pauses(),
        pause_count=gathering.pause_count,
        paused=gathering.paused,
        start=start,
        end=end,
    )


class _Gathering:
    """Put windows into bars; whenever there are too many, two become one."""

    def __init__(self, start: float, window: float) -> None:
        self._start = start
        self._window = window
        self._bars: list[Bar] = []
        self._windows_in_a_bar = 1
        self._pauses: list[Pause] = []
        self.pause_count = 0
        self.paused = 0.0

    def take(self, windows: Iterable[tuple[int, float, float, float, float, float, float]]) -> None:
        """Take all windows in which something happened, oldest first."""
        before: int | None = None
        last = self._start
        for number, first_at, last_at, *counts in windows:
            is_after_pause = first_at - last > pause_from(self._window)
            if is_after_pause:
                self._note_pause(Pause(start=last, end=first_at))
            elif before is not None:
                for idle in range(before + 1, number):
                    self._add(idle, (0, 0, 0, 0), follows_pause=False)
            self._add(number, [int(count) for count in counts], follows_pause=is_after_pause)
            before, last = number, last_at

    def bars(self) -> Sequence[Bar]:
        """Give the bars."""
        return self._bars

    def longest_pauses(self) -> Sequence[Pause]:
        """Give the longest pauses, in their order."""
        longest = heapq.nlargest(_MOST_PAUSES, self._pauses, key=lambda pause: pause.seconds)
        return sorted(longest, key=lambda pause: pause.start)

    def _note_pause(self, pause: Pause) -> None:
        self.pause_count += 1
        self.paused += pause.seconds
        self._pauses.append(pause)
        if len(self._pauses) > 2 * _MOST_PAUSES:
            self._pauses = list(self.longest_pauses())

    def _add(self, number: int, counts: Sequence[int], *, follows_pause: bool) -> None:
        start = self._start + number * self._window
        sent, done, failed, unknown = counts
        bar = Bar(
            start=start,
            end=start + self._window,
            windows=1,
            sent=sent,
            done=done,
            failed=failed,
            unknown=unknown,
            busiest=sent,
            follows_pause=follows_pause,
        )
        if self._bars and self._bars[-1].windows < self._windows_in_a_bar:
            self._bars[-1] = _together(self._bars[-1], bar)
            return
        if len(self._bars) == MOST_BARS:
            self._bars = [
                _together(one, other)
                for one, other in zip(self._bars[::2], self._bars[1::2], strict=True)
            ]
            self._windows_in_a_bar *= 2
        self._bars.append(bar)


def _together(one: Bar, other: Bar) -> Bar:
    return Bar(
        start=one.start,
        end=other.end,
        windows=one.windows + other.windows,
        sent=one.sent + other.sent,
        done=one.done + other.done,
        failed=one.failed + other.failed,
        unknown=one.unknown + other.unknown,
        busiest=max(one.busiest, other.busiest),
        follows_pause=one.follows_pause or other.follows_pause,
    )
