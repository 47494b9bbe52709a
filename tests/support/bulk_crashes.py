"""Draw programs of runs that crash and resume, carry them out, and judge what was said."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Final, Literal

import attrs
from bulk_journals import LoopJournal
from bulk_orders import BASIC, cancel, order
from hypothesis import strategies as st
from safety_client import World

from wixreseller import Package, bulk
from wixreseller.bulk import Order, Outcome
from wixreseller.models import Status
from wixreseller.testing import FaultKind, FaultOptions, RecordedRequest

KEY_MODES: Final = ("replay", "conflict", "ignore")
WINDOW: Final = 10.0
"""The settle window, in seconds: the default of the client."""
LAGS: Final = (0.0, WINDOW / 2, WINDOW * 2)

Target = Literal["createPackageV2", "cancelPackage", "queryPackages"]


@attrs.frozen
class Cell:
    """Say where in the grid a program runs."""

    key_mode: str
    lag: float

    @property
    def is_exact(self) -> bool:
        """Whether an order that is sent again is promised to be carried out exactly once."""
        return self.key_mode == "replay" or self.lag < WINDOW

    @property
    def is_single(self) -> bool:
        """Whether an order that is sent again is promised to be carried out at most once."""
        return self.key_mode != "ignore" or self.lag < WINDOW


@attrs.frozen
class Trouble:
    """Name what goes wrong."""

    name: str
    kind: FaultKind
    options: FaultOptions = attrs.field(factory=lambda: FaultOptions())


TROUBLES: Final = (
    Trouble("drop before", "drop_before_commit"),
    Trouble("drop after", "drop_after_commit"),
    Trouble("reset after", "reset", {"when": "after_commit"}),
    Trouble("500 after", "empty_500", {"when": "after_commit"}),
    Trouble("503 before", "status", {"status": 503}),
    Trouble("truncated", "truncate"),
    Trouble("slow answer", "delay", {"seconds": 60.0}),
    Trouble("slow server", "delay", {"seconds": 33.0, "when": "before_commit"}),
    Trouble("429", "status", {"status": 429, "times": 2}),
    Trouble("refused", "status", {"status": 428, "code": "PRODUCT_LIMIT_EXCEEDED"}),
)


@attrs.frozen
class Fault:
    """Spoil the n-th request of an operation."""

    trouble: Trouble
    operation: Target
    nth: int


Crash = tuple[Literal["turns", "seconds"], int]
"""How long after its beginning a run is cancelled."""


@attrs.frozen
class Attempt:
    """Hold one run: what goes wrong in it, and when its task is cancelled, if it is."""

    faults: tuple[Fault, ...]
    resends: bool
    crash: Crash | None


@attrs.frozen
class Program:
    """Hold the orders, and the runs of them; a last one without any trouble follows."""

    creates: int
    cancels: int
    attempts: tuple[Attempt, ...]
    resends_at_last: bool
    ahead: float
    """Seconds by which the client's calendar is ahead of the server's."""

    @property
    def resends(self) -> bool:
        """Whether anything is sent again."""
        return self.resends_at_last or any(attempt.resends for attempt in self.attempts)


def programs() -> st.SearchStrategy[Program]:
    """Draw a program."""
    creates: tuple[Target, ...] = ("createPackageV2",) * 6
    operations: tuple[Target, ...] = (*creates, "cancelPackage", "queryPackages")
    faults = st.builds(
        Fault, st.sampled_from(TROUBLES), st.sampled_from(operations), st.integers(1, 3)
    ).filter(lambda fault: (fault.trouble.name, fault.operation) != ("refused", "queryPackages"))
    crashes = st.one_of(
        st.none(),
        st.none(),
        st.tuples(st.just("turns"), st.integers(0, 600)),
        st.tuples(st.just("seconds"), st.integers(0, 80)),
    )
    attempts = st.builds(
        Attempt, st.lists(faults, min_size=1, max_size=4).map(tuple), st.booleans(), crashes
    )
    return st.builds(
        Program,
        st.integers(1, 5),
        st.integers(0, 3),
        st.lists(attempts, min_size=1, max_size=3).map(tuple),
        st.booleans(),
        st.sampled_from((0.0, 0.0, 3600.0, -3600.0)),
    )


def small_programs() -> list[Program]:
    """Give every trouble with the only create and the only cancel, sent again and not.

    In half of them the run is cancelled a second later, and goes on at once.
    """
    crashes: tuple[Crash | None, ...] = (None, ("seconds", 1))
    return [
        Program(
            creates=1,
            cancels=1,
            attempts=(
                Attempt(
                    (Fault(trouble, "createPackageV2", 1), Fault(trouble, "cancelPackage", 1)),
                    resends,
                    crash,
                ),
            ),
            resends_at_last=resends,
            ahead=0.0,
        )
        for trouble in TROUBLES
        for resends in (False, True)
        for crash in crashes
    ]


class ContradictionError(AssertionError):
    """Say that a run told what the emulator knows to be wrong."""


class Trial:
    """Carry one program out, and judge it."""

    def __init__(self, world: World, cell: Cell, journal: Path) -> None:
        self._world = world
        self._cell = cell
        self._journal = journal
        self._told: list[dict[str, Outcome]] = []
        self._program: Program | None = None
        self._victims: dict[str, str] = {}
        """The packages to cancel, by the name of the order."""

    async def carry_out(self, program: Program) -> None:
        """Run, crash and resume; then compare what was said with what is."""
        world, cell = self._world, self._cell
        self._program = program
        await world.reset(
            idempotency_mode=cell.key_mode,
            visibility_lag_seconds=cell.lag,
            visibility_lags_get=True,
            consistency_token="ignored",
        )
        asked = await self._orders(program)
        await world.sleep(60.0)
        for attempt in program.attempts:
            await self._attempt(attempt, asked, program.ahead)
            await world.clear_faults()
        self._told.append(await self._run(asked, program.resends_at_last, program.ahead))
        await world.sleep(200.0)
        self._judge(await world.writes(), await world.packages())

    async def _orders(self, program: Program) -> list[Order]:
        for number in range(program.cancels):
            package = await self._world.create(BASIC, external_id=f"old-{number}")
            name = package.id if number % 2 else f"old-{number}"
            self._victims[name] = package.id
        asked = [order(f"new-{number}") for number in range(program.creates)]
        asked += [
            cancel(package_id=name) if name == package_id else cancel(name)
            for name, package_id in self._victims.items()
        ]
        return asked

    async def _attempt(self, attempt: Attempt, asked: list[Order], ahead: float) -> None:
        for fault in attempt.faults:
            options: FaultOptions = {**fault.trouble.options}
            options["operation"], options["nth"] = fault.operation, fault.nth
            await self._world.fault(fault.trouble.kind, **options)
        told: dict[str, Outcome] = {}
        running = asyncio.ensure_future(self._run(asked, attempt.resends, ahead, told))
        if attempt.crash is not None:
            kind, count = attempt.crash
            if kind == "seconds":
                await asyncio.wait({running}, timeout=count)
            else:
                for _ in range(count):
                    await asyncio.sleep(0)
            running.cancel()
        await asyncio.wait({running})
        if not running.cancelled():
            running.result()
        self._told.append(told)

    async def _run(
        self,
        asked: list[Order],
        resends: bool,
        ahead: float,
        told: dict[str, Outcome] | None = None,
    ) -> dict[str, Outcome]:
        """Run as a process of its own would: nothing is remembered but by the journal."""
        told = {} if told is None else told
        async with (
            LoopJournal(self._journal) as journal,
            self._world.client(ahead=ahead) as client,
        ):
            async for outcome in bulk.run(client, asked, journal=journal, resend_absent=resends):
                name = _name(outcome)
                if name in told:
                    raise self._wrong("told twice", name)
                told[name] = outcome
            kept = {
                record.entry.external_id or record.entry.package_id: record.outcome
                async for record in journal.records()
            }
        for name, outcome in told.items():
            if kept.get(name) != outcome:
                raise self._wrong(f"told {outcome}, but kept {kept.get(name)}", name)
        if len(told) != len(asked):
            raise self._wrong(f"{len(asked)} orders, and {len(told)} outcomes", "")
        return told

    # --- judging --------------------------------------------------------------------------------

    def _judge(self, writes: list[RecordedRequest], packages: list[Package]) -> None:
        assert self._program is not None
        commits = Counter(_written(entry) for entry in writes if entry.is_committed)
        by_name = {package.external_id: package for package in packages}
        for number in range(self._program.creates):
            name = f"new-{number}"
            self._judge_create(name, commits[name], by_name.get(name))
        for name, package_id in self._victims.items():
            victim = next(package for package in packages if package.id == package_id)
            self._judge_cancel(name, victim)

    def _judge_create(self, name: str, count: int, package: Package | None) -> None:
        assert self._program is not None
        if count > 1 and not self._program.resends:
            raise self._wrong(f"created {count} times without being asked to", name)
        if count > 1 and self._cell.is_single:
            raise self._wrong(f"created {count} times", name)
        for outcomes in self._told:
            said = outcomes.get(name)
            if said is None:
                continue
            if said.outcome in ("created", "existing") and package is None:
                raise self._wrong(f"{said.outcome}, but there is none", name)
            if said.outcome == "failed" and count:
                raise self._wrong(f"failed, but it was created: {said}", name)
            if said.outcome == "canceled":
                raise self._wrong("canceled, but that was not asked for", name)
        last = self._told[-1][name]
        if last.outcome == "unknown":
            if count and self._cell.lag < WINDOW:
                raise self._wrong("unknown at last, though it can be seen", name)
            if self._program.resends_at_last and self._cell.is_exact:
                raise self._wrong("unknown at last, though it was to be sent again", name)

    def _judge_cancel(self, name: str, victim: Package) -> None:
        statuses = {instance.status for instance in victim.product_instances}
        is_canceled = statuses == {Status.CANCELED}
        for outcomes in self._told:
            said = outcomes.get(name)
            if said is None:
                continue
            if said.outcome == "canceled" and not is_canceled:
                raise self._wrong("canceled, but it lives", name)
            if said.outcome == "failed" and is_canceled:
                raise self._wrong(f"failed, but it was canceled: {said}", name)

    def _wrong(self, what: str, name: str) -> ContradictionError:
        said = "\n  ".join(str(outcomes.get(name)) for outcomes in self._told)
        return ContradictionError(f"{name}: {what} ({self._cell})\n  {said}\n{self._program}")


def _name(outcome: Outcome) -> str:
    return outcome.external_id or outcome.package_id or ""


def _written(entry: RecordedRequest) -> str | None:
    body = entry.request_body
    return str(body.get("externalId")) if isinstance(body, dict) else None
