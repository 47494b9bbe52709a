"""Provision orders: look, create, and account for each, many at a time.

What is certain about every order when a run ends, however it ends:

* no order is sent twice, and none is created without a look for its external id first;
* an order whose request left has an outcome, ``unknown`` if its answer was lost;
* an order without an outcome was not sent.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import TYPE_CHECKING, Final, Literal

import anyio

from wixreseller import errors
from wixreseller.bulk.orders import Order
from wixreseller.bulk.results import Failed, Ok, Outcome, Unknown
from wixreseller.bulk.summary import StopReason, Summary, Tally
from wixreseller.models import Package, checks
from wixreseller.reconcile import differences, ensure_key, is_dead

if TYPE_CHECKING:
    from wixreseller.client import AsyncClient

__all__ = ["DEFAULT_CONCURRENCY", "Stop", "order_key", "provision"]

DEFAULT_CONCURRENCY: Final = 32

_CONFLICT: Final = "EXTERNAL_ID_CONFLICT"


class Stop:
    """Ask a run to take no more orders; the first reason given is the one that counts.

    Looks under way are abandoned (they changed nothing), creates under way are finished.
    Belongs to the event loop that the run is on.
    """

    def __init__(self) -> None:
        self.reason: StopReason | None = None
        self.error: errors.WixResellerError | None = None
        self._lookups: set[anyio.CancelScope] = set()
        self._is_set = False

    def request(
        self, reason: StopReason | None = None, error: errors.WixResellerError | None = None
    ) -> None:
        """Stop the run."""
        if self._is_set:
            return
        self._is_set = True
        self.reason, self.error = reason, error
        for scope in self._lookups:
            scope.cancel()

    @property
    def is_set(self) -> bool:
        """Whether the run takes no more orders."""
        return self._is_set

    @contextlib.contextmanager
    def abandoning(self) -> Generator[None, None, None]:
        """Break off the block when the run is stopped; it must change nothing at Wix."""
        with anyio.CancelScope() as scope:
            self._lookups.add(scope)
            try:
                yield
            finally:
                self._lookups.discard(scope)


async def provision(
    client: AsyncClient,
    orders: Iterable[Order],
    *,
    report: Callable[[Outcome], None],
    concurrency: int = DEFAULT_CONCURRENCY,
    stop: Stop | None = None,
) -> Summary:
    """Make a package of each order that has none yet, ``concurrency`` of them at a time.

    Each order is looked up by its external id first. What is there already and the same is
    ``existing``; what is there and differs, is dead, or is there more than once, fails with
    ``EXTERNAL_ID_CONFLICT``; else it is created. ``report`` gets every outcome as it comes, on
    the event loop. ``orders`` is read as far as work has come, so it may be endless.

    A refused key stops the run, as does a rate limit that lets nothing more out, and
    ``stop.request``. An error of ``report`` or of ``orders`` stops it too, and is raised once the
    creates in flight are finished.

    Raises:
        ConfigurationError: ``concurrency`` is no whole number from 1.
    """
    run = _Run(client, iter(orders), report, stop or Stop())
    count = checks.whole_number(concurrency, "concurrency")
    async with anyio.create_task_group() as group:
        for _ in range(count):
            group.start_soon(run.work)
    if run.failure is not None:
        raise run.failure
    return run.tally.summary(run.stop.reason, run.stop.error)


def order_key(order: Order) -> str:
    """Derive the idempotency key of an order: that of ``ensure``, wherever it is sent."""
    return ensure_key(order.account_id, order.external_id, order.products)


class _Run:
    """Hold what the workers of one run share."""

    def __init__(
        self,
        client: AsyncClient,
        orders: Iterator[Order],
        report: Callable[[Outcome], None],
        stop: Stop,
    ) -> None:
        self.stop = stop
        self.tally = Tally()
        self.failure: Exception | None = None
        self._client = client
        self._orders = orders
        self._report = report

    async def work(self) -> None:
        """Take one order after the other until there are none, or the run is stopped."""
        try:
            while not self.stop.is_set:
                order = next(self._orders, None)
                if order is None:
                    return
                outcome = await self._carry_out(order)
                if outcome is not None:
                    self._note(outcome)
        except Exception as error:  # noqa: BLE001  # raised by provision(), outside the task group
            self.failure = self.failure or error
            self.stop.request()

    def _note(self, outcome: Outcome) -> None:
        self.tally.add(outcome)
        self._report(outcome)

    async def _carry_out(self, order: Order) -> Outcome | None:
        """Give the outcome of an order, or ``None`` if the run was stopped before it was sent."""
        try:
            package = None
            with self.stop.abandoning():
                package = await self._client.packages.find(
                    order.external_id, account_id=order.account_id
                )
            if package is not None:
                return _judge_existing(order, package)
            # A look that was broken off found nothing, but then the run is stopped.
            return None if self.stop.is_set else await self._create(order)
        except errors.WixResellerError as error:
            self._stop_if_hopeless(error)
            return _outcome_of(order, error)

    async def _create(self, order: Order) -> Outcome:
        try:
            package = await self._client.packages.create(
                order.products,
                external_id=order.external_id,
                account_id=order.account_id,
                idempotency_key=order_key(order),
            )
        except anyio.get_cancelled_exc_class():
            # The process is told to end now: the least it can do is to say what it leaves behind.
            self._note(
                Unknown(
                    external_id=order.external_id,
                    account_id=order.account_id,
                    code="CANCELLED",
                    message="the run was ended while this was under way; it may have been sent",
                )
            )
            raise
        return _ok(order, package, "created")

    def _stop_if_hopeless(self, error: errors.WixResellerError) -> None:
        if isinstance(error, (errors.AuthenticationError, errors.PermissionDeniedError)):
            self.stop.request(StopReason.AUTHENTICATION, error)
        elif isinstance(error, (errors.PacingError, errors.RateLimitError)):
            self.stop.request(StopReason.LIMIT, error)


def _ok(order: Order, package: Package, outcome: Literal["created", "existing"]) -> Ok:
    return Ok(
        external_id=order.external_id,
        account_id=order.account_id,
        outcome=outcome,
        package_id=package.id,
        instance_ids=_instance_ids(package),
        request_id=_request_id(package),
    )


def _judge_existing(order: Order, package: Package) -> Outcome:
    """Take an existing package for the one ordered only if it is alive and the same."""
    if is_dead(package):
        problem = "has no instance that is not canceled or failed"
    elif differing := differences(package, order.products):
        problem = f"differs from the order: {'; '.join(differing)}"
    else:
        return _ok(order, package, "existing")
    return Failed(
        external_id=order.external_id,
        account_id=order.account_id,
        code=_CONFLICT,
        message=f"package {package.id} has this external id already and {problem}",
        package_id=package.id,
        instance_ids=_instance_ids(package),
        request_id=_request_id(package),
    )


def _instance_ids(package: Package) -> tuple[str, ...]:
    return tuple(instance.instance_id for instance in package.product_instances)


def _request_id(package: Package) -> str | None:
    return package.meta.request_id if package.meta else None


def _outcome_of(order: Order, error: errors.WixResellerError) -> Failed | Unknown:
    kind = Unknown if isinstance(error, errors.OutcomeUnknownError) else Failed
    return kind(
        external_id=order.external_id,
        account_id=order.account_id,
        code=_code(error),
        message=_message(error),
        request_id=error.request_id,
    )


def _code(error: errors.WixResellerError) -> str:
    """Give Wix's code; else the status; else the error's own name, ``CONNECT_FAILED``."""
    if isinstance(error, errors.APIError):
        return error.code.value if error.code is not None else f"HTTP_{error.status}"
    if isinstance(error, errors.ExternalIdConflictError):
        return _CONFLICT
    words = re.findall(r"[A-Z][a-z]*", type(error).__name__.removesuffix("Error"))
    return "_".join(words).upper()


def _message(error: errors.WixResellerError) -> str:
    """Give Wix's words, or the error's own without request id, which has a place of its own."""
    if not isinstance(error, errors.APIError) or not error.message:
        return str(error.args[0])
    violations = [f"{item.field}: {item.description}" for item in error.field_violations]
    return f"{error.message} ({'; '.join(violations)})" if violations else error.message
