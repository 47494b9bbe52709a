"""Hold what the control plane tells: frozen values, with reprs that fit on a line."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import attrs

from wixreseller.models.json import JSONObject, JSONValue
from wixreseller.testing._reader import Reader

__all__ = [
    "Behaviour",
    "ClockReading",
    "Event",
    "Fault",
    "Operation",
    "RecordedRequest",
    "Setting",
    "Snapshot",
]

Operation = Literal[
    "createPackageV2",
    "createPackage",
    "getPackage",
    "cancelPackage",
    "queryPackages",
    "updatePackageExternalId",
    "assignProductInstanceToSite",
    "unassignProductInstanceFromSite",
    "cancelProductInstance",
    "adjustProductInstanceSpecifications",
]
"""The operations of the API, as faults and the journal name them."""


@attrs.frozen(kw_only=True)
class ClockReading:
    """Tell the emulator's time, and whether it stands still."""

    now: datetime
    is_frozen: bool

    @classmethod
    def read(cls, wire: JSONValue) -> ClockReading:
        """Read it from JSON."""
        reader = Reader(wire, "clock")
        return cls(now=reader.moment("now"), is_frozen=reader.get("frozen", bool))


@attrs.frozen(kw_only=True)
class Snapshot:
    """Name a state that was kept, and the emulator's time then."""

    name: str
    time: datetime

    @classmethod
    def read(cls, wire: JSONValue) -> Snapshot:
        """Read it from JSON."""
        reader = Reader(wire, "snapshot")
        return cls(name=reader.get("name", str), time=reader.moment("time"))


@attrs.frozen(kw_only=True)
class Fault:
    """Hold a fault as it stands: its rule, and what it has met so far.

    ``matches`` counts the requests that fitted, ``hits`` those that were spoilt; a spent fault
    hits no more. ``times`` ``None`` is for ever.
    """

    id: str
    kind: str
    operation: str | None
    nth: int
    times: int | None
    matches: int
    hits: int
    is_spent: bool
    rule: JSONObject = attrs.field(repr=False)

    @classmethod
    def read(cls, wire: JSONValue) -> Fault:
        """Read it from JSON."""
        reader = Reader(wire, "fault")
        counts = ("id", "matches", "hits", "spent")
        return cls(
            id=reader.get("id", str),
            kind=reader.get("fault", str),
            operation=reader.maybe("operation", str),
            nth=reader.get("nth", int),
            times=reader.maybe("times", int),
            matches=reader.get("matches", int),
            hits=reader.get("hits", int),
            is_spent=reader.get("spent", bool),
            rule={name: value for name, value in reader.value.items() if name not in counts},
        )


@attrs.frozen(kw_only=True)
class RecordedRequest:
    """Hold one request of the journal, and what became of it.

    ``status`` is ``None`` when nothing was answered; ``operation`` for an unknown route. ``fault``
    is the kind of the fault that spoilt it. ``is_committed`` tells whether it changed anything,
    ``is_replayed`` whether it got the answer of an earlier one with its idempotency key.
    ``milliseconds`` is real time. Keys are redacted in headers and bodies.
    """

    number: int
    time: datetime
    method: str
    path: str
    operation: str | None
    account: str | None
    external_id: str | None
    status: int | None
    milliseconds: float
    idempotency_key: str | None
    is_replayed: bool
    is_committed: bool
    is_deprecated: bool
    is_cut: bool
    request_id: str | None
    fault: str | None
    request_headers: Mapping[str, str] = attrs.field(repr=False)
    request_body: JSONValue = attrs.field(repr=False)
    response_headers: Mapping[str, str] = attrs.field(repr=False)
    response_body: JSONValue = attrs.field(repr=False)

    @classmethod
    def read(cls, wire: JSONValue) -> RecordedRequest:
        """Read it from JSON."""
        reader = Reader(wire, "request")
        fault = reader.json("fault")
        return cls(
            number=reader.get("number", int),
            time=reader.moment("time"),
            method=reader.get("method", str),
            path=reader.get("path", str),
            operation=reader.maybe("operation", str),
            account=reader.maybe("account", str),
            external_id=reader.maybe("externalId", str),
            status=reader.maybe("status", int),
            milliseconds=reader.number("milliseconds"),
            idempotency_key=reader.maybe("idempotencyKey", str),
            is_replayed=reader.get("replayed", bool),
            is_committed=reader.get("committed", bool),
            is_deprecated=reader.get("deprecated", bool),
            is_cut=reader.get("cut", bool),
            request_id=reader.maybe("requestId", str),
            fault=None if fault is None else Reader(fault, "request.fault").get("fault", str),
            request_headers=reader.texts("requestHeaders"),
            request_body=reader.json("requestBody"),
            response_headers=reader.texts("responseHeaders"),
            response_body=reader.json("responseBody"),
        )


@attrs.frozen(kw_only=True)
class Event:
    """Hold an event as Wix would send it to a webhook; ``body`` is the whole envelope.

    Order by ``sequence``: higher is later.
    """

    id: str
    slug: str
    entity_id: str
    time: datetime
    sequence: int
    body: JSONObject = attrs.field(repr=False)

    @classmethod
    def read(cls, wire: JSONValue) -> Event:
        """Read it from JSON."""
        reader = Reader(wire, "event")
        sequence = reader.json("entityEventSequence")
        return cls(
            id=reader.get("id", str),
            slug=reader.get("slug", str),
            entity_id=reader.get("entityId", str),
            time=reader.moment("eventTime"),
            # Whole numbers of 64 bits are strings in Wix's JSON.
            sequence=int(str(sequence)),
            body=reader.value,
        )


@attrs.frozen(kw_only=True)
class Setting:
    """Describe a switch of the emulator: its value, what it decides and what it may be."""

    name: str
    value: JSONValue
    default: JSONValue
    allowed: str
    source: str
    doc: str = attrs.field(repr=False)

    @classmethod
    def read(cls, wire: JSONValue) -> Setting:
        """Read it from JSON."""
        reader = Reader(wire, "setting")
        return cls(
            name=reader.get("name", str),
            value=reader.json("value"),
            default=reader.json("default"),
            allowed=reader.get("allowed", str),
            source=reader.get("source", str),
            doc=reader.get("doc", str),
        )


@attrs.frozen(kw_only=True)
class Behaviour:
    """Say how well founded a behaviour is: ``basis`` is documented, observed or guessed."""

    behaviour: str
    basis: str
    source: str
    setting: str | None

    @classmethod
    def read(cls, wire: JSONValue) -> Behaviour:
        """Read it from JSON."""
        reader = Reader(wire, "behaviour")
        return cls(
            behaviour=reader.get("behaviour", str),
            basis=reader.get("basis", str),
            source=reader.get("source", str),
            setting=reader.maybe("setting", str),
        )
