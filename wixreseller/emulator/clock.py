"""Tell the emulator's time, which a test may stop and push forward.

Everything that depends on time asks a :class:`Clock`: dates in answers, delivery, rate windows,
life times of idempotency keys, and the ``Date`` header.
"""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import attrs

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@attrs.frozen
class Position:
    """Hold how a clock is set: seconds ahead of its source, and where it stands, if it does."""

    offset: float
    frozen: float | None


class Clock:
    """Follow a source of epoch seconds until frozen; jump forward on request."""

    def __init__(self, source: Callable[[], float] = time.time) -> None:
        self._source = source
        self._offset = 0.0
        self._frozen: float | None = None
        self._watchers: list[Callable[[], None]] = []

    @property
    def is_frozen(self) -> bool:
        """Tell whether time stands still."""
        return self._frozen is not None

    def epoch(self) -> float:
        """Return the time in seconds since 1970, UTC."""
        return self._source() + self._offset if self._frozen is None else self._frozen

    def milliseconds(self) -> int:
        """Return the time in whole milliseconds since 1970, UTC: the resolution of Wix's dates."""
        return round(self.epoch() * 1000)

    def now(self) -> datetime:
        """Return the time as an aware UTC datetime."""
        return _EPOCH + timedelta(milliseconds=self.milliseconds())

    def freeze(self, at: datetime | None = None) -> None:
        """Stop time, at ``at`` (aware) or where it is now."""
        self._frozen = self.epoch() if at is None else at.timestamp()
        self._tell()

    def resume(self) -> None:
        """Let time run again, from where it stands."""
        if self._frozen is not None:
            self._offset = self._frozen - self._source()
            self._frozen = None
        self._tell()

    def advance(self, seconds: float) -> None:
        """Push time forward by ``seconds``; raise ``ValueError`` for a negative number."""
        if seconds < 0:
            raise ValueError(f"the clock only goes forward: cannot advance by {seconds} seconds")
        if self._frozen is None:
            self._offset += seconds
        else:
            self._frozen += seconds
        self._tell()

    @property
    def position(self) -> Position:
        """Return how the clock is set, for :meth:`go_to`."""
        return Position(self._offset, self._frozen)

    def go_to(self, position: Position) -> None:
        """Set the clock as it was set once; one that ran then runs on with its source."""
        self._offset, self._frozen = position.offset, position.frozen
        self._tell()

    @contextmanager
    def watched(self, moved: Callable[[], None]) -> Generator[None]:
        """Call ``moved`` whenever the clock is set, from the thread that sets it."""
        self._watchers.append(moved)
        try:
            yield
        finally:
            self._watchers.remove(moved)

    def _tell(self) -> None:
        for moved in list(self._watchers):
            moved()


def to_wire(milliseconds: int) -> str:
    """Write epoch milliseconds as Wix does: ``YYYY-MM-DDThh:mm:ss.sssZ``."""
    moment = _EPOCH + timedelta(milliseconds=milliseconds)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


def from_wire(text: str) -> int | float:
    """Read an ISO 8601 date-time as epoch milliseconds; raise ``ValueError`` for anything else.

    A date without an offset is taken as UTC (a guess: Wix documents only ``Z``).
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    # A date near year 1 or 9999 with an offset cannot be moved to UTC; subtraction never moves it.
    microseconds = (moment - _EPOCH) // timedelta(microseconds=1)
    whole, rest = divmod(microseconds, 1000)
    return whole + rest / 1000 if rest else whole
