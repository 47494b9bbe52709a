"""Draw random programs of calls, run them in a cell of the grid, and judge what the client said."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Final, Literal, TypedDict

import attrs
from hypothesis import strategies as st
from safety_client import ACCOUNT, MARK, World, call_number

from wixreseller import (
    AsyncClient,
    BillingInfo,
    CycleUnit,
    Ensured,
    Package,
    Product,
    errors,
)
from wixreseller.emulator.default_seed import (
    PREMIUM_BASIC,
    PREMIUM_UNLIMITED,
    SITES,
    SUB_ACCOUNTS,
)
from wixreseller.errors import OutcomeUnknownError
from wixreseller.hooks import Hooks, UnknownOutcome
from wixreseller.models import Status
from wixreseller.reconcile import Happened
from wixreseller.testing import FaultKind, FaultOptions, RecordedRequest

YEARLY: Final = BillingInfo.recurring(1, CycleUnit.YEAR)
MONTHLY: Final = BillingInfo.recurring(1, CycleUnit.MONTH)
ORDERS: Final = (
    Product(catalog_product_id=PREMIUM_BASIC, country_code="BR", billing_info=YEARLY),
    Product(catalog_product_id=PREMIUM_UNLIMITED, country_code="BR", billing_info=MONTHLY),
)

# --- the grid -----------------------------------------------------------------------------------

KEY_MODES: Final = ("replay", "conflict", "ignore")
WINDOW: Final = 10.0
"""The settle window, in seconds: the default of the client."""
_SEEDED: Final = 3


@attrs.frozen
class Lag:
    """Say how long a write stays unseen, and by what."""

    seconds: float
    by_get: bool = False

    def __str__(self) -> str:
        if not self.seconds:
            return "none"
        return f"{self.seconds:g} s{', get too' if self.by_get else ''}"


LAGS: Final = (Lag(0.0), Lag(4.0), Lag(4.0, by_get=True), Lag(45.0), Lag(45.0, by_get=True))


@attrs.frozen
class Trouble:
    """Name what goes wrong with a write."""

    name: str
    kind: FaultKind | None = None
    options: FaultOptions = attrs.field(factory=lambda: FaultOptions())
    cancels: Literal["after turns", "after seconds"] | None = None
    """Whether the first call of the step is cancelled as well."""


TROUBLES: Final = (
    Trouble("none"),
    Trouble("drop before", "drop_before_commit"),
    Trouble("drop after", "drop_after_commit"),
    Trouble("reset before", "reset"),
    Trouble("reset after", "reset", {"when": "after_commit"}),
    Trouble("429", "status", {"status": 429, "times": 2}),
    Trouble("429, Retry-After", "status", {"status": 429, "headers": {"Retry-After": "3"}}),
    Trouble("503 before", "status", {"status": 503}),
    Trouble("503 after", "status", {"status": 503, "when": "after_commit"}),
    Trouble("empty 500 after", "empty_500", {"when": "after_commit"}),
    Trouble("HTML 502 before", "html_502"),
    Trouble("HTML 502 after", "html_502", {"when": "after_commit"}),
    Trouble("truncated", "truncate"),
    Trouble("unreadable", "unreadable"),
    Trouble("slow answer", "delay", {"seconds": 60.0}),
    Trouble("slow server", "delay", {"seconds": 33.0, "when": "before_commit"}),
    Trouble("body lost", "strip_delete_body"),
    Trouble("redirect", "redirect", {"location": "/elsewhere"}),
    Trouble("refused", "status", {"status": 428, "code": "PRODUCT_LIMIT_EXCEEDED"}),
    Trouble("cancelled", cancels="after turns"),
    Trouble("cancelled waiting", "delay", {"seconds": 20.0}, cancels="after seconds"),
    Trouble("cancelled looking", "drop_after_commit", cancels="after seconds"),
)
Policy = Literal["look", "raise"]
POLICIES: Final[tuple[Policy, ...]] = ("look", "raise")


@attrs.frozen
class Cell:
    """Say where in the grid a program runs."""

    key_mode: str
    lag: Lag
    policy: Policy


# --- programs -----------------------------------------------------------------------------------

Kind = Literal[
    "create",
    "ensure",
    "cancel",
    "update",
    "assign",
    "unassign",
    "cancel_instance",
    "adjust",
    "resend",
    "resolve",
]
_WRITES: Final[tuple[Kind, ...]] = (
    "create",
    "ensure",
    "cancel",
    "update",
    "assign",
    "unassign",
    "cancel_instance",
    "adjust",
)


@attrs.frozen
class Act:
    """Hold one call: what it does, to which package, with which of its variants."""

    kind: Kind
    target: int
    variant: int


@attrs.frozen
class Step:
    """Hold one call, or two at once, what goes wrong with them, and how long to wait before."""

    acts: tuple[Act, ...]
    trouble: Trouble
    cancel_at: int
    """Turns of the loop, or quarters of a second, after which the first call is cancelled."""
    hits_reads: bool
    pause: float


@attrs.frozen
class Program:
    """Hold what happens in one run."""

    steps: tuple[Step, ...]
    ahead: float
    """Seconds by which the client's calendar is ahead of the server's."""
    token: str


def programs(longest: int = 6) -> st.SearchStrategy[Program]:
    """Draw a program."""
    kinds: tuple[Kind, ...] = ("create", "ensure", "ensure", *_WRITES, "resend", "resolve")
    acts = st.builds(Act, st.sampled_from(kinds), st.integers(0, 3), st.integers(0, 2))
    together = st.one_of(
        acts.map(lambda act: (act,)),
        acts.map(lambda act: (act,)),
        acts.map(lambda act: (act, act)),
        st.tuples(acts, acts),
    )
    steps = st.builds(
        Step,
        together,
        st.sampled_from(TROUBLES),
        st.sampled_from(range(33)),
        st.integers(0, 4).map(lambda chance: chance == 4),
        st.sampled_from((0.0, 0.0, 1.0, 6.0, 60.0)),
    )
    return st.builds(
        Program,
        st.lists(steps, min_size=1, max_size=longest).map(tuple),
        st.sampled_from((0.0, 0.0, 3600.0, -3600.0)),
        st.sampled_from(("ignored", "honoured")),
    )


# --- what came of it ----------------------------------------------------------------------------

Verdict = Literal["done", "failed", "unknown"]
Tally = Counter[tuple[Cell, str, Verdict]]


@attrs.define
class Call:
    """Hold a logical call, and what the client said of it."""

    number: str
    act: Act
    external_id: str | None
    package: Package | None = attrs.field(repr=lambda package: package.id if package else "none")
    verdict: Verdict | None = None
    said: object = None
    resends: Call | None = None
    holds: bool | None = None
    """Whether what it asked for was so, before or after it; ``None`` if that was not looked at."""
    unknowns: list[UnknownOutcome] = attrs.field(factory=list[UnknownOutcome])

    @property
    def root(self) -> Call:
        """The call that was made first, of those with its key."""
        return self if self.resends is None else self.resends.root


class ContradictionError(AssertionError):
    """Say that the client told what the emulator knows to be wrong."""


class Run:
    """Run one program, and judge it."""

    def __init__(self, world: World, cell: Cell, tally: Tally) -> None:
        self._world = world
        self._cell = cell
        self._tally = tally
        self._calls: list[Call] = []
        self._errors: list[tuple[Call, OutcomeUnknownError]] = []
        self._before: list[Package] = []

    async def carry_out(self, program: Program) -> None:
        """Run a program from a clean world, and compare what was said with what is."""
        world, cell = self._world, self._cell
        await world.reset(
            idempotency_mode=cell.key_mode,
            visibility_lag_seconds=cell.lag.seconds,
            visibility_lags_get=cell.lag.by_get,
            consistency_token=program.token,
        )
        for number in range(_SEEDED):
            await world.create(ORDERS[0], external_id=f"seeded-{number}")
        await world.sleep(60.0)
        hooks = Hooks(on_unknown=self._hear)
        async with world.client(ahead=program.ahead, if_unknown=cell.policy, hooks=hooks) as client:
            for step in program.steps:
                await world.sleep(step.pause)
                await self._step(client.for_account(ACCOUNT), step)
            await self._ensure_again(client)
        await world.sleep(120.0)
        self._judge(await world.writes(), await world.packages())

    async def _hear(self, event: UnknownOutcome) -> None:
        for call in self._calls:
            if call.number == call_number.get():
                call.unknowns.append(event)

    # --- doing ----------------------------------------------------------------------------------

    async def _step(self, client: AsyncClient, step: Step) -> None:
        self._before = await self._world.packages()
        calls = [self._call(act) for act in step.acts]
        if step.trouble.kind is not None:
            options: FaultOptions = {**step.trouble.options}
            if step.hits_reads:
                options["times"] = 3
            elif step.acts[0].kind in _OPERATIONS:
                options["operation"] = _OPERATIONS[step.acts[0].kind]  # type: ignore[typeddict-item]
            await self._world.fault(step.trouble.kind, **options)
        tasks = [asyncio.create_task(self._make(client, call)) for call in calls]
        if step.trouble.cancels == "after turns":
            for _ in range(step.cancel_at):
                await asyncio.sleep(0)
        if step.trouble.cancels == "after seconds":
            await asyncio.sleep(step.cancel_at / 4)
        if step.trouble.cancels is not None:
            tasks[0].cancel()
        await asyncio.wait(tasks)
        for task, call in zip(tasks, calls, strict=True):
            if task.cancelled():
                call.verdict = "failed"  # before it began
            else:
                task.result()
        await self._world.clear_faults()
        after = await self._world.packages()
        for call in calls:
            self._settle(call, step, after)

    def _call(self, act: Act) -> Call:
        # An ensured package that got another name would rightly be made anew.
        there = self._before[:_SEEDED] if act.kind == "update" else self._before
        package = there[act.target % len(there)]
        external_id: str | None = None
        if act.kind == "ensure":
            external_id = f"ensured-{act.target % 2}"
        elif act.kind == "create":
            external_id = (None, "created-0", "created-1")[act.variant]
        elif act.kind == "update":
            external_id = f"updated-{act.variant}"
        call = Call(str(len(self._calls)), act, external_id, package)
        self._calls.append(call)
        return call

    async def _make(self, client: AsyncClient, call: Call) -> None:
        call_number.set(call.number)
        try:
            call.said = await self._do(client, call)
            call.verdict = "done"
        except OutcomeUnknownError as error:
            call.said, call.verdict = error, "unknown"
            self._errors.append((call.root, error))
        except errors.WixResellerError as error:
            call.said, call.verdict = error, "failed"
        except asyncio.CancelledError as error:
            # Whoever cancels is told by the hook alone; silence says that nothing was sent.
            call.said, call.verdict = error, "unknown" if call.unknowns else "failed"

    async def _do(self, client: AsyncClient, call: Call) -> object:
        act = call.act
        if act.kind == "resend":
            return await self._resend(client, call)
        if act.kind == "resolve":
            if not self._errors:
                return None
            first, error = self._errors[-1]
            seen = await client.resolve(error)
            call.external_id = error.external_id
            call.resends, call.package = first, first.package
            if not isinstance(seen, Happened):
                raise error
            return seen.package
        return await self._write(client, call, None)

    async def _resend(self, client: AsyncClient, call: Call) -> object:
        if not self._errors:
            return None
        first, error = self._errors[-1]
        call.resends, call.package, call.external_id = first, first.package, first.external_id
        call.act = first.act
        return await self._write(client, call, error.idempotency_key)

    async def _write(self, client: AsyncClient, call: Call, key: str | None) -> object:
        act, package = call.act, call.package
        assert package is not None
        instance_id = package.product_instances[0].instance_id
        packages, instances = client.packages, client.product_instances
        match act.kind:
            case "create":
                order = [ORDERS[act.target % 2]]
                return await packages.create(
                    order, external_id=call.external_id, idempotency_key=key
                )
            case "ensure":
                assert call.external_id is not None
                return await packages.ensure(
                    [ORDERS[0]], external_id=call.external_id, idempotency_key=key
                )
            case "cancel":
                return await packages.cancel(package.id, idempotency_key=key)
            case "update":
                assert call.external_id is not None
                return await packages.update_external_id(
                    package.id, external_id=call.external_id, idempotency_key=key
                )
            case "assign":
                return await instances.assign_to_site(
                    instance_id, site_id=_site(act), idempotency_key=key
                )
            case "unassign":
                return await instances.unassign_from_site(instance_id, idempotency_key=key)
            case "cancel_instance":
                return await instances.cancel(instance_id, idempotency_key=key)
            case _:
                return await instances.adjust_specifications(
                    instance_id, **_ADJUSTMENTS[act.variant], idempotency_key=key
                )

    async def _ensure_again(self, client: AsyncClient) -> None:
        """Ensure once more, with nothing going wrong, whatever was ensured."""
        names = {call.external_id for call in self._calls if call.act.kind == "ensure"}
        self._before = await self._world.packages()
        for target, name in enumerate(("ensured-0", "ensured-1")):
            if name not in names:
                continue
            call = self._call(Act("ensure", target, 0))
            await self._make(client, call)

    # --- judging --------------------------------------------------------------------------------

    def _settle(self, call: Call, step: Step, after: list[Package]) -> None:
        """Count a call, and ask of what it changed whether it is as the client says."""
        if call.act.kind in ("resend", "resolve") and call.resends is None:
            return  # there was nothing to send again
        assert call.verdict is not None
        self._tally[self._cell, step.trouble.name, call.verdict] += 1
        if call.verdict == "done" and call.root.act.kind not in ("create", "ensure"):
            call.holds = any(_is_as_asked(call.root, state) for state in (self._before, after))

    def _judge(self, writes: list[RecordedRequest], packages: list[Package]) -> None:
        commits = Counter(entry.request_headers.get(MARK) for entry in writes if entry.is_committed)
        for call in self._calls:
            own = commits[call.number]
            family = [other for other in self._calls if other.root is call.root]
            times = sum(commits[other.number] for other in family)
            if own > 1:
                raise self._wrong(f"done {own} times by one call", call)
            if own and call.verdict == "failed":
                raise self._wrong("failed, but it happened", call)
            if times > 1 and self._cell.key_mode != "ignore" and call.root.act.kind == "create":
                raise self._wrong(f"done {times} times with one key", call)
            if call.verdict != "done" or call.root.act.kind == "ensure" or times:
                continue
            if call.root.act.kind == "create" or call.holds is False:
                raise self._wrong("done, but it never happened", call)
        for name in ("ensured-0", "ensured-1"):
            ensures = [
                call
                for call in self._calls
                if call.root.act.kind == "ensure" and call.external_id == name
            ]
            if ensures:
                count = sum(commits[call.number] for call in ensures)
                self._judge_ensured(ensures, count, {package.id for package in packages})

    def _judge_ensured(self, ensures: list[Call], count: int, there: set[str]) -> None:
        for call in ensures:
            said = call.said.package if isinstance(call.said, Ensured) else None
            if said is not None and (said.id not in there or not count):
                raise self._wrong("ensured, but there is no such package", call)
        if count > 1 and self._is_promised_once():
            raise self._wrong(f"ensured, and made {count} times", ensures[-1])
        last = ensures[-1]
        # That it is there and differs is no denial.
        differs = isinstance(last.said, errors.ExternalIdConflictError)
        if last.verdict == "failed" and count and not differs:
            raise self._wrong("made, and then denied", last)
        if last.verdict == "done" and not count:
            raise self._wrong("ensured, but never made", last)

    def _wrong(self, what: str, call: Call) -> ContradictionError:
        calls = "\n  ".join(str(call) for call in self._calls)
        return ContradictionError(f"{what} ({self._cell})\n{call}\nall calls:\n  {calls}")

    def _is_promised_once(self) -> bool:
        return self._cell.key_mode != "ignore" or (self._cell.lag.seconds < WINDOW)


_OPERATIONS: Final[dict[str, str]] = {
    "create": "createPackageV2",
    "ensure": "createPackageV2",
    "cancel": "cancelPackage",
    "update": "updatePackageExternalId",
    "assign": "assignProductInstanceToSite",
    "unassign": "unassignProductInstanceFromSite",
    "cancel_instance": "cancelProductInstance",
    "adjust": "adjustProductInstanceSpecifications",
}


def _site(act: Act) -> str:
    return SITES[SUB_ACCOUNTS[0]][act.variant]


class _Adjusting(TypedDict, total=False):
    catalog_product_id: str
    billing_info: BillingInfo


_ADJUSTMENTS: Final[tuple[_Adjusting, ...]] = (
    {"catalog_product_id": PREMIUM_UNLIMITED},
    {"billing_info": MONTHLY},
    {"catalog_product_id": PREMIUM_BASIC, "billing_info": YEARLY},
)


def _is_as_asked(call: Call, state: list[Package]) -> bool:
    """Say whether a state is what a call on a package asked for."""
    assert call.package is not None
    package = next(package for package in state if package.id == call.package.id)
    instance = package.product_instances[0]
    match call.act.kind:
        case "cancel" | "cancel_instance":
            return instance.status == Status.CANCELED
        case "update":
            return package.external_id == call.external_id
        case "assign":
            return instance.site_id == _site(call.act)
        case "unassign":
            return instance.site_id is None
        case _:
            asked = _ADJUSTMENTS[call.act.variant]
            return asked.get("catalog_product_id") in (
                None,
                instance.catalog_product_id,
            ) and asked.get("billing_info") in (None, instance.billing_info)
