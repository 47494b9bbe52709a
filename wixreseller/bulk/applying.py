"""Apply a plan, exactly that plan, through the journal beside it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import TYPE_CHECKING

from wixreseller.bulk.journal_lock import JournalLock
from wixreseller.bulk.journal_sqlite import SqliteJournal, open_journal
from wixreseller.bulk.lookup import calls_of
from wixreseller.bulk.order_source import sha256_of
from wixreseller.bulk.plan_file import PLAN_SHA256, PlanFile
from wixreseller.bulk.results import Outcome
from wixreseller.bulk.runner import MOST_IN_FLIGHT, run
from wixreseller.bulk.stopping import Stop
from wixreseller.errors import ConfigurationError, JournalError
from wixreseller.models import JSONObject

if TYPE_CHECKING:
    from wixreseller.client import AsyncClient

__all__ = ["apply", "check_orders_unchanged", "open_plan_journal", "resume"]


async def apply(
    client: AsyncClient,
    plan: PlanFile,
    *,
    max_concurrency: int = MOST_IN_FLIGHT,
    stop: Stop | None = None,
) -> AsyncGenerator[Outcome, None]:
    """Do what a plan says, and give what became of each order; the journal is made beside it.

    Every order is looked for once more before it is sent. What the plan does not say is not done:
    where the world has changed since, the order fails with ``GONE`` or ``EXTERNAL_ID_CONFLICT``.
    Raises what :func:`~wixreseller.bulk.run` raises, and:

    Raises:
        ConfigurationError: the plan was made against another server.
        JournalHeldError: another process is at it; ``holder`` says which.
        JournalError: it was applied before; :func:`resume` goes on.
    """
    async with open_plan_journal(client, plan, is_new=True) as journal:
        with contextlib.closing(plan.entries()) as entries:
            outcomes = run(
                client, entries, journal=journal, max_concurrency=max_concurrency, stop=stop
            )
            async with contextlib.aclosing(outcomes):
                async for outcome in outcomes:
                    yield outcome


async def resume(
    client: AsyncClient,
    plan: PlanFile,
    *,
    resend_absent: bool = False,
    retry_failed: bool = False,
    max_concurrency: int = MOST_IN_FLIGHT,
    stop: Stop | None = None,
) -> AsyncGenerator[Outcome, None]:
    """Go on with a plan where its journal ends, and give what became of each order.

    What was done is given as it was. What was under way when the run ended is looked for before
    anything is sent; what cannot be seen stays unknown, unless ``resend_absent``: then it is sent
    again with its old idempotency key, once; if that answer is lost too and nothing can be seen, it
    is unknown again. ``retry_failed`` tries again what failed. Raises what
    :func:`~wixreseller.bulk.run` raises, and:

    Raises:
        JournalError: there is no journal, or it is one of another plan.
    """
    async with open_plan_journal(client, plan, is_new=False) as journal:
        with contextlib.closing(plan.entries()) as entries:
            outcomes = run(
                client,
                entries,
                journal=journal,
                resend_absent=resend_absent,
                retry_failed=retry_failed,
                max_concurrency=max_concurrency,
                stop=stop,
            )
            async with contextlib.aclosing(outcomes):
                async for outcome in outcomes:
                    yield outcome


@contextlib.asynccontextmanager
async def open_plan_journal(
    client: AsyncClient, plan: PlanFile, *, is_new: bool
) -> AsyncGenerator[SqliteJournal, None]:
    """Open the journal beside a plan, to apply the plan (``is_new``) or to resume it.

    Raises:
        ConfigurationError: the plan was made against another server.
        JournalHeldError: another process is at it; ``holder`` says which.
        JournalError: there is one although it is to be new, or none although it is not; it is of
            another plan; or it cannot be used.
    """
    path = plan.journal_path
    if is_new and path.exists():
        JournalLock(path).release()  # whoever is at it now is the better answer
        raise JournalError(
            f"the plan {plan.path} was applied before, its journal is {path}: resume it",
            path=str(path),
        )
    if not is_new and not path.exists():
        raise JournalError(
            f"the plan {plan.path} was not applied yet: there is no journal at {path}",
            path=str(path),
        )
    here = calls_of(client).config.base_url
    if plan.head.base_url != here:
        raise ConfigurationError(
            f"the plan {plan.path} was made against {plan.head.base_url}, and this client talks "
            f"to {here}",
            field="plan",
        )
    async with await open_journal(path) as journal:
        await _check_journal(plan, journal)
        yield journal


async def _check_journal(plan: PlanFile, journal: SqliteJournal) -> None:
    facts = await journal.facts()
    if facts.get(PLAN_SHA256) is None:
        described: JSONObject = {
            PLAN_SHA256: plan.sha256,
            "plan": plan.name,
            "orders": plan.head.orders_name,
            "ordersSha256": plan.head.orders_sha256,
        }
        await journal.set_facts(described)
    elif facts[PLAN_SHA256] != plan.sha256:
        raise JournalError(
            f"the journal {journal.path} is of another plan than {plan.path} is now: plan under "
            f"another name, or bring the plan back as it was",
            path=str(journal.path),
        )


def check_orders_unchanged(plan: PlanFile) -> None:
    """Refuse a plan whose order file was changed since; one that is gone is not asked for.

    Raises:
        ConfigurationError: it holds other bytes than those that were planned.
    """
    if plan.head.orders_path is None or not Path(plan.head.orders_path).is_file():
        return
    if sha256_of(Path(plan.head.orders_path)) != plan.head.orders_sha256:
        raise ConfigurationError(
            f"the order file {plan.head.orders_name} was changed after {plan.path} was made of it: "
            f"plan again",
            field="plan",
        )
