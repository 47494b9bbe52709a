"""Move the world of an emulator: the control plane as a typed client, blocking and async.

They reach any emulator by its address: one of this process, of a thread, or of another process.
Every method raises ``EmulatorControlError`` for what the emulator refuses, and when none answers.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TypeVar, Unpack, final

import anyio.to_thread

from wixreseller.models.json import JSONObject
from wixreseller.testing import _asks
from wixreseller.testing._exchange import Ask, exchange
from wixreseller.testing._faults import FaultKind, FaultOptions, to_rule
from wixreseller.testing._values import (
    Behaviour,
    ClockReading,
    Event,
    Fault,
    Operation,
    RecordedRequest,
    Setting,
    Snapshot,
)

__all__ = ["AsyncEmulatorControl", "EmulatorControl"]

T = TypeVar("T")


@final
class EmulatorControl:
    """Control an emulator from blocking code, or from async code if it runs on another thread."""

    __slots__ = ("url",)

    def __init__(self, url: str) -> None:
        self.url: str = url

    def __repr__(self) -> str:
        return f"EmulatorControl({self.url!r})"

    def _ask(self, ask: Ask[T]) -> T:
        return exchange(self.url, ask)

    def reset(self) -> None:
        """Go back to the start: seed, ids to come, settings, rate limit, clock; forget the rest."""
        self._ask(_asks.reset())

    def seed(self, document: JSONObject) -> None:
        """Go to another world, which later resets go back to; its form is that of a seed file."""
        self._ask(_asks.seed(document))

    def snapshot(self, name: str | None = None) -> Snapshot:
        """Keep the state under a name, by default one of its own."""
        return self._ask(_asks.snapshot(name))

    def snapshots(self) -> list[Snapshot]:
        """Give what was kept, in the order of its making."""
        return self._ask(_asks.snapshots())

    def restore(self, state: Snapshot | str) -> None:
        """Bring back a state that was kept; it can be brought back again."""
        self._ask(_asks.restore(state))

    def clock(self) -> ClockReading:
        """Give the emulator's time."""
        return self._ask(_asks.clock())

    def freeze(self, at: datetime | None = None) -> ClockReading:
        """Stop the clock, where it is or at a time, which must have a time zone."""
        return self._ask(_asks.freeze(at))

    def advance(self, seconds: float) -> ClockReading:
        """Push the clock forward: what is due by then has happened when this returns."""
        return self._ask(_asks.advance(seconds))

    def resume(self) -> ClockReading:
        """Let the clock run again, from where it stands."""
        return self._ask(_asks.resume())

    def settings(self) -> dict[str, Setting]:
        """Give every switch by its name, with what is allowed and what it is based on."""
        return self._ask(_asks.settings())

    def change_settings(self, **values: bool | float | str) -> dict[str, Setting]:
        """Turn switches, all of them or none: ``change_settings(delivery_seconds=0)``."""
        return self._ask(_asks.change_settings(values))

    def add_fault(self, kind: FaultKind, **options: Unpack[FaultOptions]) -> Fault:
        """Spoil requests from now on: ``add_fault("drop_after_commit", nth=2)``."""
        return self._ask(_asks.add_fault(to_rule(kind, options)))

    def faults(self) -> list[Fault]:
        """Give every fault with its counts, in the order in which they are asked."""
        return self._ask(_asks.faults())

    def fault(self, fault: Fault | str) -> Fault:
        """Give one fault, or that of an id, with its counts as they are now."""
        return self._ask(_asks.fault(fault))

    def remove_fault(self, fault: Fault | str) -> None:
        """Take away one fault, or that of an id."""
        self._ask(_asks.remove_fault(fault))

    def clear_faults(self) -> int:
        """Take away all faults, and give their number."""
        return self._ask(_asks.clear_faults())

    def requests(
        self,
        *,
        since: int = 0,
        limit: int | None = None,
        operation: Operation | None = None,
        account: str | None = None,
    ) -> list[RecordedRequest]:
        """Give the journal, oldest first: the entries whose number is higher than ``since``."""
        return self._ask(_asks.requests(since, limit, operation, account))

    def clear_requests(self) -> int:
        """Empty the journal, and give the number of its entries."""
        return self._ask(_asks.clear_requests())

    def events(
        self, *, since: int = 0, limit: int | None = None, slug: str | None = None
    ) -> list[Event]:
        """Give what Wix would send to webhooks, oldest first, past the sequence ``since``."""
        return self._ask(_asks.events(since, limit, slug))

    def fidelity(self) -> list[Behaviour]:
        """Give what the emulator does, and how well founded each behaviour is."""
        return self._ask(_asks.fidelity())


@final
class AsyncEmulatorControl:
    """Control an emulator from async code, wherever it runs: the loop is not blocked."""

    __slots__ = ("url",)

    def __init__(self, url: str) -> None:
        self.url: str = url

    def __repr__(self) -> str:
        return f"AsyncEmulatorControl({self.url!r})"

    async def _ask(self, ask: Ask[T]) -> T:
        return await anyio.to_thread.run_sync(partial(exchange, self.url, ask))

    async def reset(self) -> None:
        """Go back to the start: seed, ids to come, settings, rate limit, clock; forget the rest."""
        await self._ask(_asks.reset())

    async def seed(self, document: JSONObject) -> None:
        """Go to another world, which later resets go back to; its form is that of a seed file."""
        await self._ask(_asks.seed(document))

    async def snapshot(self, name: str | None = None) -> Snapshot:
        """Keep the state under a name, by default one of its own."""
        return await self._ask(_asks.snapshot(name))

    async def snapshots(self) -> list[Snapshot]:
        """Give what was kept, in the order of its making."""
        return await self._ask(_asks.snapshots())

    async def restore(self, state: Snapshot | str) -> None:
        """Bring back a state that was kept; it can be brought back again."""
        await self._ask(_asks.restore(state))

    async def clock(self) -> ClockReading:
        """Give the emulator's time."""
        return await self._ask(_asks.clock())

    async def freeze(self, at: datetime | None = None) -> ClockReading:
        """Stop the clock, where it is or at a time, which must have a time zone."""
        return await self._ask(_asks.freeze(at))

    async def advance(self, seconds: float) -> ClockReading:
        """Push the clock forward: what is due by then has happened when this returns."""
        return await self._ask(_asks.advance(seconds))

    async def resume(self) -> ClockReading:
        """Let the clock run again, from where it stands."""
        return await self._ask(_asks.resume())

    async def settings(self) -> dict[str, Setting]:
        """Give every switch by its name, with what is allowed and what it is based on."""
        return await self._ask(_asks.settings())

    async def change_settings(self, **values: bool | float | str) -> dict[str, Setting]:
        """Turn switches, all of them or none: ``change_settings(delivery_seconds=0)``."""
        return await self._ask(_asks.change_settings(values))

    async def add_fault(self, kind: FaultKind, **options: Unpack[FaultOptions]) -> Fault:
        """Spoil requests from now on: ``add_fault("drop_after_commit", nth=2)``."""
        return await self._ask(_asks.add_fault(to_rule(kind, options)))

    async def faults(self) -> list[Fault]:
        """Give every fault with its counts, in the order in which they are asked."""
        return await self._ask(_asks.faults())

    async def fault(self, fault: Fault | str) -> Fault:
        """Give one fault, or that of an id, with its counts as they are now."""
        return await self._ask(_asks.fault(fault))

    async def remove_fault(self, fault: Fault | str) -> None:
        """Take away one fault, or that of an id."""
        await self._ask(_asks.remove_fault(fault))

    async def clear_faults(self) -> int:
        """Take away all faults, and give their number."""
        return await self._ask(_asks.clear_faults())

    async def requests(
        self,
        *,
        since: int = 0,
        limit: int | None = None,
        operation: Operation | None = None,
        account: str | None = None,
    ) -> list[RecordedRequest]:
        """Give the journal, oldest first: the entries whose number is higher than ``since``."""
        return await self._ask(_asks.requests(since, limit, operation, account))

    async def clear_requests(self) -> int:
        """Empty the journal, and give the number of its entries."""
        return await self._ask(_asks.clear_requests())

    async def events(
        self, *, since: int = 0, limit: int | None = None, slug: str | None = None
    ) -> list[Event]:
        """Give what Wix would send to webhooks, oldest first, past the sequence ``since``."""
        return await self._ask(_asks.events(since, limit, slug))

    async def fidelity(self) -> list[Behaviour]:
        """Give what the emulator does, and how well founded each behaviour is."""
        return await self._ask(_asks.fidelity())
