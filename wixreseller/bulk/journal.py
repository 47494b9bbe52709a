"""Say what a journal is: the record from which a run that was killed goes on.

Before a request leaves, its intent is in the journal; when its answer is there, the result. What
lies between, after a crash, is an intent without a result: such an order is looked for at Wix
before anything is sent again. The journal of this library is a file of SQLite's
(:mod:`wixreseller.bulk.journal_sqlite`); a server may hold one that keeps this protocol.

An API key is never part of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from typing import Final, Literal, Protocol

import attrs

from wixreseller import _wire
from wixreseller.bulk.orders import Operation, Order
from wixreseller.bulk.results import Failed, Ok, Outcome, Unknown
from wixreseller.idempotency import derive_idempotency_key
from wixreseller.models import JSONObject
from wixreseller.reconcile import ensure_key

__all__ = [
    "OPEN_STATES",
    "STATES",
    "Change",
    "Entry",
    "Expectation",
    "Journal",
    "Record",
    "State",
    "Transition",
    "cancel_key",
    "entry_of",
    "outcome_state",
]

State = Literal["planned", "intent", "done", "failed", "unknown"]
"""Where an order is.

``planned``: nothing was sent, or it certainly did not happen. ``intent``: its request is about to
leave, has left, or was under way when the process ended. ``done``, ``failed``, ``unknown``: its
outcome is known to be that.
"""

STATES: Final[tuple[State, ...]] = ("planned", "intent", "done", "failed", "unknown")
OPEN_STATES: Final[tuple[State, ...]] = ("planned", "intent", "unknown")
"""States of orders that a resumed run has something to do for."""

Expectation = Literal["send", "done", "conflict"]
"""What a plan makes of an order: to send it; nothing, since it is done already; or to refuse it,
since its external id belongs to something else."""


@attrs.frozen(kw_only=True)
class Entry:
    """Hold an order as it is planned: everything that decides what is sent."""

    number: int
    """Place in the input, from 0."""
    operation: Operation
    account_id: str
    external_id: str
    """Empty for a cancel that names only a package."""
    package_id: str | None = None
    """The package to cancel, or the one that was found when the order was planned."""
    products: str = "[]"
    """What a create sells, as the very JSON that is sent."""
    key: str
    """The idempotency key, the same whenever this order is sent. A cancel by external id is sent
    with that of the package found, :func:`cancel_key`: there may be another one next time."""
    expects: Expectation | None = None
    """What the plan found, or ``None`` where there was no plan."""
    note: str | None = None
    """Why the plan calls it a conflict."""

    @property
    def name(self) -> tuple[str, str]:
        """What tells it from every other order of a run: the account and an id."""
        what = self.external_id and f"e:{self.external_id}"
        return self.account_id.lower(), what or f"p:{(self.package_id or '').lower()}"

    @property
    def digest(self) -> str:
        """A hash of all that decides what is sent and when: ``number`` and ``note`` do not."""
        parts = [
            self.operation,
            self.account_id.lower(),
            self.external_id,
            (self.package_id or "").lower() if self.operation == "cancel" else "",
            self.products,
            self.key,
            self.expects or "",
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def entry_of(order: Order, number: int) -> Entry:
    """Write down an order."""
    if order.operation == "cancel":
        what = order.package_id.lower() if order.package_id else f"external:{order.external_id}"
        return Entry(
            number=number,
            operation="cancel",
            account_id=order.account_id,
            external_id=order.external_id,
            package_id=order.package_id,
            key=cancel_key(order.account_id, what),
        )
    return Entry(
        number=number,
        operation="create",
        account_id=order.account_id,
        external_id=order.external_id,
        products=_wire.dumps([_wire.encode(product) for product in order.products]).decode(),
        # That of `ensure`: whoever sends the same order by another way sends the same key.
        key=ensure_key(order.account_id, order.external_id, order.products),
    )


def cancel_key(account_id: str, what: str) -> str:
    """Derive the idempotency key of a cancel; ``what`` is a package in small letters."""
    return derive_idempotency_key("bulk-cancel", account_id.lower(), what)


@attrs.frozen(kw_only=True)
class Record:
    """Hold an order with what became of it so far."""

    entry: Entry
    state: State
    sends: int = 0
    """How many times its request was about to leave, in all runs."""
    target: str | None = None
    """The package that a cancel was sent for."""
    first_sent: float | None = None
    """POSIX seconds by the clock of the machine that sent it, at the first time that it may have
    been carried out; ``None`` if it certainly was not."""
    last_sent: float | None = None
    server_ahead: float | None = None
    """Seconds that Wix's clock was ahead of that clock then, as far as ``Date`` headers told."""
    outcome: Outcome | None = None
    """What was reported of it."""

    @property
    def sought(self) -> Entry:
        """What to look for: of a cancel that was sent, the very package that it was sent for."""
        if self.target is None:
            return self.entry
        return attrs.evolve(self.entry, package_id=self.target)


@attrs.frozen(kw_only=True)
class Change:
    """Tell the journal of a step of an order; ``at`` is in POSIX seconds.

    An ``intent`` holds ``server_ahead``, and the ``target`` of a cancel; ``done``, ``failed`` and
    ``unknown`` hold an ``outcome``; back to ``planned`` goes what certainly did not happen, and
    ``note`` says why.
    """

    number: int
    at: float
    state: State
    server_ahead: float | None = None
    target: str | None = None
    outcome: Outcome | None = None
    note: str | None = None


@attrs.frozen(kw_only=True)
class Transition:
    """Tell when an order came into a state: POSIX seconds."""

    number: int
    at: float
    state: State
    note: str | None = None


class Journal(Protocol):
    """Keep what happened to orders. One writer at a time.

    Every method that writes returns when what it wrote would survive a crash of the machine.
    """

    async def add(self, entries: Sequence[Entry], at: float) -> Sequence[Record]:
        """Take orders in as planned at a time, and give the records of all, in the order given.

        One that has a record already (by its name) keeps it, ``number`` included.

        Raises:
            JournalError: an entry differs from what was recorded under its name, or it cannot be
                written.
        """
        ...

    async def note(self, changes: Sequence[Change]) -> None:
        """Write steps of orders.

        Raises:
            JournalError: it cannot be written.
        """
        ...

    def records(self, states: Sequence[State] = STATES) -> AsyncIterator[Record]:
        """Give the records in these states, by number; memory stays constant."""
        ...

    async def counts(self) -> dict[State, int]:
        """Count the orders by state."""
        ...

    async def facts(self) -> JSONObject:
        """Give what was written down of the run as a whole."""
        ...

    async def set_facts(self, facts: JSONObject) -> None:
        """Write down facts of the run as a whole; those not named stay."""
        ...

    async def aclose(self) -> None:
        """Let the next writer in; twice is fine."""
        ...


def outcome_state(outcome: Outcome) -> State:
    """Give the state of an order with that outcome."""
    match outcome:
        case Ok():
            return "done"
        case Failed():
            return "failed"
        case Unknown():
            return "unknown"
