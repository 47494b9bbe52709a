"""Keep the state of an emulator under a name, and bring it back.

The database is copied as a whole, so packages, remembered idempotency keys, events and the ids to
come are as they were.
"""

import sqlite3

import attrs

from wixreseller.emulator.clock import Position, to_wire
from wixreseller.emulator.faults import Faults
from wixreseller.emulator.jsonvalue import Json, JsonObject
from wixreseller.emulator.parts import Parts
from wixreseller.emulator.ratelimit import RateLimit, Usage
from wixreseller.emulator.replies import refuse
from wixreseller.emulator.settings import Settings

MOST = 32


@attrs.frozen
class Moment:
    """Hold everything but the database: what a reset and a restore bring back."""

    position: Position
    settings: Settings
    limit: RateLimit | None
    usage: Usage
    faults: Faults

    @classmethod
    def of(cls, parts: Parts) -> "Moment":
        """Return how things are now."""
        return cls(
            parts.core.clock.position,
            parts.core.settings,
            parts.limiter.limit,
            parts.limiter.usage(),
            parts.faults.copy(),
        )

    def bring_back(self, parts: Parts) -> None:
        """Make things as they were."""
        parts.core.clock.go_to(self.position)
        parts.core.settings = self.settings
        parts.limiter.limit = self.limit
        parts.limiter.go_to(self.usage)
        parts.faults.take_over(self.faults)


@attrs.frozen
class _Snapshot:
    name: str
    time_ms: int
    moment: Moment
    database: sqlite3.Connection

    def to_wire(self) -> JsonObject:
        return {"name": self.name, "time": to_wire(self.time_ms)}


class Snapshots:
    """Hold the snapshots of one emulator, in memory."""

    def __init__(self) -> None:
        self._kept: dict[str, _Snapshot] = {}
        self._made = 0

    def take(self, parts: Parts, name: str | None) -> JsonObject:
        """Keep the state under a name, or under one that is made up."""
        if name is None:
            name = self._new_name()
        if name not in self._kept and len(self._kept) >= MOST:
            raise refuse(409, "FAILED_PRECONDITION", f"there are {MOST} snapshots already")
        database = sqlite3.connect(":memory:", check_same_thread=False)
        parts.core.store.copy_to(database)
        self._forget(name)
        snapshot = _Snapshot(name, parts.core.clock.milliseconds(), Moment.of(parts), database)
        self._kept[name] = snapshot
        return snapshot.to_wire()

    def restore(self, parts: Parts, name: str) -> JsonObject:
        """Bring a snapshot back; it stays for the next time."""
        if name not in self._kept:
            known: list[Json] = list(self._kept)
            raise refuse(404, "NOT_FOUND", f"there is no snapshot {name}", {"snapshots": known})
        snapshot = self._kept[name]
        parts.core.store.copy_from(snapshot.database)
        snapshot.moment.bring_back(parts)
        return {"name": name, "now": to_wire(parts.core.clock.milliseconds())}

    def to_wire(self) -> JsonObject:
        """Return the list of snapshots."""
        shown: list[Json] = [snapshot.to_wire() for snapshot in self._kept.values()]
        return {"snapshots": shown}

    def close(self) -> None:
        """Forget every snapshot."""
        for name in list(self._kept):
            self._forget(name)

    def _new_name(self) -> str:
        self._made += 1
        name = f"snapshot-{self._made}"
        return self._new_name() if name in self._kept else name

    def _forget(self, name: str) -> None:
        known = self._kept.pop(name, None)
        if known is not None:
            known.database.close()
