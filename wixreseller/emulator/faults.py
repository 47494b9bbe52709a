"""Keep the faults that tests ask for, and find the one that meets a request.

A rule hits from its nth match on, so many times; rules are asked in the order of their making, and
a request that one of them hits is not seen by those after it. Nothing here is random.
"""

from collections.abc import Callable

import attrs

from wixreseller.emulator.jsonvalue import JsonObject


@attrs.frozen(kw_only=True)
class Reply:
    """Hold what is sent instead of the true answer."""

    status: int
    body: bytes
    headers: dict[str, str] = attrs.field(factory=dict[str, str])
    content_type: str | None = "application/json"


@attrs.frozen(kw_only=True)
class Fault:
    """Say which requests are spoilt, and how; ``None`` matches everything.

    ``rule`` is how it was written, with every default in its place. ``times`` ``None`` is for ever.
    """

    kind: str
    rule: JsonObject
    operation: str | None = None
    account_id: str | None = None
    external_id: str | None = None
    nth: int = 1
    times: int | None = 1
    when: str = "before_commit"
    reply: Reply | None = None
    seconds: float = 0.0
    keep_bytes: int | None = None
    body: bytes = b""

    @property
    def is_handled(self) -> bool:
        """Tell whether the request is handled at all."""
        return self.when != "before_commit"

    @property
    def delays_the_request(self) -> bool:
        """Tell whether the request waits, rather than its answer."""
        return self.kind == "delay" and self.when == "before_commit"


@attrs.define
class PlacedFault:
    """Count what a fault has met."""

    id: str
    fault: Fault
    matches: int = 0
    hits: int = 0

    @property
    def is_spent(self) -> bool:
        """Tell whether it will hit no more."""
        return self.fault.times is not None and self.hits >= self.fault.times

    def to_wire(self) -> JsonObject:
        """Return the fault as the control plane lists it."""
        counts: JsonObject = {"matches": self.matches, "hits": self.hits, "spent": self.is_spent}
        return {"id": self.id, **self.fault.rule, **counts}


@attrs.frozen(kw_only=True)
class Target:
    """Say what a request is about; its external ids are looked up only if a rule asks."""

    operation: str | None
    account_id: str | None
    external_ids: Callable[[], frozenset[str]]


class Faults:
    """Hold the faults of one emulator."""

    def __init__(self) -> None:
        self._placed: list[PlacedFault] = []
        self._made = 0

    def __len__(self) -> int:
        return len(self._placed)

    def add(self, fault: Fault) -> PlacedFault:
        """Add a fault behind those that are there."""
        self._made += 1
        placed = PlacedFault(f"fault-{self._made}", fault)
        self._placed.append(placed)
        return placed

    def all(self) -> list[PlacedFault]:
        """Return every fault, spent ones included, in the order in which they were added."""
        return list(self._placed)

    def remove(self, fault_id: str) -> bool:
        """Remove one fault; tell whether it was there."""
        kept = [placed for placed in self._placed if placed.id != fault_id]
        removed = len(kept) < len(self._placed)
        self._placed = kept
        return removed

    def clear(self) -> int:
        """Remove every fault, begin again with the ids, and return how many there were."""
        count = len(self._placed)
        self._placed, self._made = [], 0
        return count

    def meet(self, target: Target) -> PlacedFault | None:
        """Count a request where it fits, and return the fault that hits it."""
        for placed in self._placed:
            if placed.is_spent or not _fits(placed.fault, target):
                continue
            placed.matches += 1
            if placed.matches >= placed.fault.nth:
                placed.hits += 1
                return placed
        return None

    def copy(self) -> "Faults":
        """Return a copy with counts of its own."""
        copy = Faults()
        copy._placed = [attrs.evolve(placed) for placed in self._placed]
        copy._made = self._made
        return copy

    def take_over(self, other: "Faults") -> None:
        """Become what another is."""
        copy = other.copy()
        self._placed, self._made = copy._placed, copy._made  # noqa: SLF001


def _fits(fault: Fault, target: Target) -> bool:
    return (
        fault.operation in (None, target.operation)
        and fault.account_id in (None, target.account_id)
        and (fault.external_id is None or fault.external_id in target.external_ids())
    )
