"""Write down what the control plane can be asked, once for both clients.

The shapes are those of the docstring of ``wixreseller.emulator.control``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar
from urllib.parse import quote

from wixreseller.models.json import JSONObject, JSONValue
from wixreseller.testing._exchange import Ask, EmulatorControlError
from wixreseller.testing._reader import Reader
from wixreseller.testing._values import (
    Behaviour,
    ClockReading,
    Event,
    Fault,
    RecordedRequest,
    Setting,
    Snapshot,
)

T = TypeVar("T")


def nothing(_: JSONValue) -> None:
    """Read nothing."""


def many(name: str, read: Callable[[JSONValue], T]) -> Callable[[JSONValue], list[T]]:
    """Read an array of values."""

    def read_all(wire: JSONValue) -> list[T]:
        return [read(entry) for entry in Reader(wire, "answer").each(name)]

    return read_all


def whole(name: str) -> Callable[[JSONValue], int]:
    """Read one number."""
    return lambda wire: Reader(wire, "answer").get(name, int)


def _settings(wire: JSONValue) -> dict[str, Setting]:
    return {setting.name: setting for setting in many("settings", Setting.read)(wire)}


def _utc(moment: datetime | None) -> JSONValue:
    if moment is None:
        return True
    if moment.tzinfo is None:
        raise ValueError(f"the time {moment!r} has no time zone: give it one, such as UTC")
    return moment.isoformat()


def reset() -> Ask[None]:
    """Ask to go back to the start."""
    return Ask("POST", "reset", nothing)


def seed(document: JSONObject) -> Ask[None]:
    """Ask for another world."""
    return Ask("POST", "seed", nothing, document)


def snapshot(name: str | None) -> Ask[Snapshot]:
    """Ask to keep the state."""
    return Ask("POST", "snapshot", Snapshot.read, {} if name is None else {"name": name})


def snapshots() -> Ask[list[Snapshot]]:
    """Ask for what was kept."""
    return Ask("GET", "snapshots", many("snapshots", Snapshot.read))


def restore(state: Snapshot | str) -> Ask[None]:
    """Ask to bring a state back."""
    name = state.name if isinstance(state, Snapshot) else state
    return Ask("POST", "restore", nothing, {"name": name})


def clock() -> Ask[ClockReading]:
    """Ask for the time."""
    return Ask("GET", "clock", ClockReading.read)


def freeze(at: datetime | None) -> Ask[ClockReading]:
    """Ask to stop the clock."""
    return Ask("POST", "clock", ClockReading.read, {"freeze": _utc(at)})


def advance(seconds: float) -> Ask[ClockReading]:
    """Ask to push the clock."""
    return Ask("POST", "clock", ClockReading.read, {"advance": seconds})


def resume() -> Ask[ClockReading]:
    """Ask to let the clock run."""
    return Ask("POST", "clock", ClockReading.read, {"resume": True})


def settings() -> Ask[dict[str, Setting]]:
    """Ask for the switches."""
    return Ask("GET", "settings", _settings)


def change_settings(values: JSONObject) -> Ask[dict[str, Setting]]:
    """Ask to turn switches."""
    return Ask("PATCH", "settings", _settings, values)


def add_fault(rule: JSONObject) -> Ask[Fault]:
    """Ask to spoil requests."""
    return Ask("POST", "faults", Fault.read, rule)


def faults() -> Ask[list[Fault]]:
    """Ask for the faults."""
    return Ask("GET", "faults", many("faults", Fault.read))


def fault(fault: Fault | str) -> Ask[Fault]:
    """Ask for one fault."""
    fault_id = fault.id if isinstance(fault, Fault) else fault

    def read(wire: JSONValue) -> Fault:
        for known in many("faults", Fault.read)(wire):
            if known.id == fault_id:
                return known
        raise EmulatorControlError(f"there is no fault {fault_id}", body=wire)

    return Ask("GET", "faults", read)


def clear_faults() -> Ask[int]:
    """Ask to spoil nothing more."""
    return Ask("DELETE", "faults", whole("removed"))


def remove_fault(fault: Fault | str) -> Ask[None]:
    """Ask to take one fault away."""
    fault_id = fault.id if isinstance(fault, Fault) else fault
    return Ask("DELETE", f"faults/{quote(fault_id, safe='')}", nothing)


def requests(
    since: int, limit: int | None, operation: str | None, account: str | None
) -> Ask[list[RecordedRequest]]:
    """Ask for the journal."""
    return Ask(
        "GET",
        "requests",
        many("requests", RecordedRequest.read),
        query={"since": since, "limit": limit, "operation": operation, "account": account},
    )


def clear_requests() -> Ask[int]:
    """Ask to empty the journal."""
    return Ask("DELETE", "requests", whole("removed"))


def events(since: int, limit: int | None, slug: str | None) -> Ask[list[Event]]:
    """Ask for the event log."""
    return Ask(
        "GET",
        "events",
        many("events", Event.read),
        query={"since": since, "limit": limit, "slug": slug},
    )


def fidelity() -> Ask[list[Behaviour]]:
    """Ask how well founded the emulator is."""
    return Ask("GET", "fidelity", many("behaviours", Behaviour.read))
