"""Make a plan of an order file: where it goes, what must not be lost by it, what it comes to."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs

from wixreseller.bulk.lookup import calls_of
from wixreseller.bulk.order_source import Checked, OrderSource
from wixreseller.bulk.plan import PlanCounts, PlanRow, make_plan
from wixreseller.bulk.plan_file import PlanFile, PlanHead, is_plan, write_plan
from wixreseller.bulk.status import read_status
from wixreseller.errors import ConfigurationError

if TYPE_CHECKING:
    from wixreseller.client import AsyncClient

__all__ = [
    "AlreadyAppliedError",
    "PlanSummary",
    "UnfinishedError",
    "check_plan_path",
    "free_plan_path",
    "is_for",
    "plan_orders",
    "plan_path_of",
]

_STDIN: Final = "orders"
_STREAMS: Final = ("/dev/stdin", "/dev/fd", "/proc/self/fd")
"""Names of what is another file in the next command."""
_SHOWN: Final = 10


class AlreadyAppliedError(ConfigurationError):
    """Report that a plan stands where another is to be written, and that it has a journal."""


class UnfinishedError(ConfigurationError):
    """Report that orders were begun before and not finished; ``plan`` is the plan to resume."""

    def __init__(self, message: str, *, plan: Path) -> None:
        super().__init__(message, field="plan")
        self.plan = plan


@attrs.frozen(kw_only=True)
class PlanSummary:
    """Tell what a plan comes to."""

    path: Path
    counts: PlanCounts
    rows: int
    """How many rows the order file has."""
    conflicts: tuple[PlanRow, ...]
    """The first that cannot be done."""


def plan_path_of(orders: str) -> Path:
    """Give the path of a plan unless told otherwise: ``orders.plan.json`` beside the orders.

    For standard input (``-``), and for what a shell names by its number, as it does ``<(…)``, it
    is in the working directory.

    Raises:
        ConfigurationError: the path of the orders is that of a folder, without a name.
    """
    source = Path(_STDIN if _is_stream(orders) else orders)
    if not source.name:
        raise ConfigurationError(f"{str(source)!r} is a folder, no order file", field="orders")
    return source.with_name(f"{source.stem}.plan.json")


def check_plan_path(path: Path, *, overwrite: bool) -> None:
    """Refuse to write a plan over another: its journal would be lost, or somebody's work.

    Raises:
        AlreadyAppliedError: there is a plan with a journal; ``overwrite`` does not help.
        ConfigurationError: it has the name of a journal or none, or there is a file that is no
            plan.
        FileExistsError: there is a file.
    """
    if not path.name:
        raise ConfigurationError("a plan needs the name of a file", field="plan")
    journal = path.with_suffix(".journal")
    if journal == path:
        raise ConfigurationError(
            f"a plan cannot be {path}: its journal will have that name", field="plan"
        )
    if journal.exists():
        raise AlreadyAppliedError(
            f"{path} was applied, its journal is {journal}: resume it, or name another plan",
            field="plan",
        )
    if path.exists() and not overwrite:
        raise FileExistsError(str(path))
    if path.exists() and not (path.is_file() and is_plan(path)):
        raise ConfigurationError(
            f"{path} is no plan, so no plan takes its place: name another file", field="plan"
        )


async def free_plan_path(
    orders: str, sha256: str, *, base_url: str, account_id: str | None
) -> Path:
    """Give a path for a plan of orders that no plan has yet: ``orders.plan-2.json`` and so on.

    ``account_id`` is the account of rows that name none.

    Raises:
        UnfinishedError: these orders were begun with a plan of that name, and not finished.
        ConfigurationError: a plan of that name has a journal, and was changed since it was made.
    """
    first = plan_path_of(orders)
    path, number = first, 1
    while path.exists() or path.with_suffix(".journal").exists():
        if path.with_suffix(".journal").exists() and path.exists():
            plan = PlanFile(path)
            is_same = _is_of(plan, orders, sha256) and is_for(plan, base_url, account_id)
            if is_same and (await read_status(plan)).open:
                raise UnfinishedError(
                    f"these orders were begun with the plan {path}, and are not finished",
                    plan=path,
                )
        number += 1
        path = first.with_name(f"{first.stem}-{number}{first.suffix}")
    return path


def _is_of(plan: PlanFile, orders: str, sha256: str) -> bool:
    if plan.head.orders_sha256 == sha256:
        return True
    return not _is_stream(orders) and plan.head.orders_path == _absolute(orders)


def is_for(plan: PlanFile, base_url: str, account_id: str | None) -> bool:
    """Say whether a plan may be about the packages that its orders would be about here.

    At another server they are others; and so they are where all are of the account of rows that
    name none, and that is another one.

    Raises:
        ConfigurationError: the plan was changed since it was made.
    """
    if plan.head.base_url != base_url:
        return False
    if account_id is None:
        return True
    with contextlib.closing(plan.rows()) as rows:
        return any(
            row.entry.account_id.lower() == account_id.lower()
            or any(values.get("account_id") for values in row.rows)
            for row in rows
        )


def _is_stream(orders: str) -> bool:
    path = Path(orders).absolute()
    return orders == "-" or any(path.is_relative_to(stream) for stream in _STREAMS)


def _absolute(orders: str) -> str | None:
    return None if _is_stream(orders) else str(Path(orders).absolute())


def _check_spelling(orders_path: str | None) -> None:
    """Refuse a path that a plan, which is JSON, cannot hold."""
    try:
        (orders_path or "").encode()
    except UnicodeEncodeError as error:
        raise ConfigurationError(
            f"the path of the order file must be UTF-8, and {orders_path!a} is not: rename it",
            field="orders",
        ) from error


async def plan_orders(
    client: AsyncClient,
    source: OrderSource,
    checked: Checked,
    path: Path,
    *,
    orders: str,
    made_at: datetime,
    tell: Callable[[int], None] = lambda _: None,
) -> PlanSummary:
    """Plan the orders of a file that was checked, and write the plan; ``tell`` gets how many.

    Only reads at Wix. Memory stays constant.

    Raises:
        WixResellerError: it could not be looked.
        OrdersChangedError: the file changed since it was checked.
        ConfigurationError: the path of the file is no text.
        OSError: the plan cannot be written.
    """
    config = calls_of(client).config
    orders_path = _absolute(orders)
    _check_spelling(orders_path)
    head = PlanHead(
        made_at=made_at,
        base_url=config.base_url,
        orders_name=source.name,
        orders_path=orders_path,
        orders_sha256=checked.sha256,
    )
    conflicts: list[PlanRow] = []

    async def rows() -> AsyncIterator[PlanRow]:
        done = 0
        async for row in make_plan(client, source):
            if row.action == "conflict" and len(conflicts) < _SHOWN:
                conflicts.append(row)
            done += 1
            tell(done)
            yield row

    counts = await write_plan(path, head, rows())
    return PlanSummary(path=path, counts=counts, rows=checked.rows, conflicts=tuple(conflicts))
