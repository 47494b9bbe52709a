"""Carry out orders: look, write down, send, account for each; many at a time, each once.

What is certain about every order when a run ends, however it ends:

* it was looked for right before it was sent, and its intent was in the journal;
* it was not sent twice, unless the caller asked for that after a look did not find it;
* it has an outcome, or the journal says that nothing was sent, or that it was under way.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from collections.abc import AsyncGenerator, AsyncIterable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from wixreseller.bulk.engine import Engine
from wixreseller.bulk.journal import Entry, Journal
from wixreseller.bulk.journal_sqlite import open_journal
from wixreseller.bulk.orders import Order
from wixreseller.bulk.results import Outcome
from wixreseller.bulk.stopping import Stop
from wixreseller.models import checks

if TYPE_CHECKING:
    from wixreseller.client import AsyncClient

__all__ = ["MOST_IN_FLIGHT", "run"]

T = TypeVar("T")

MOST_IN_FLIGHT: Final = 100


async def run(
    client: AsyncClient,
    orders: Iterable[Order | Entry] | AsyncIterable[Order | Entry],
    *,
    journal: Journal | str | os.PathLike[str] | None = None,
    resend_absent: bool = False,
    retry_failed: bool = False,
    max_concurrency: int = MOST_IN_FLIGHT,
    stop: Stop | None = None,
) -> AsyncGenerator[Outcome, None]:
    """Carry out orders, and give what became of each, as it comes.

    An order to create is looked for by its external id first. What is there already and the same
    is ``existing``; what is there and differs, is dead, or is there more than once, fails with
    ``EXTERNAL_ID_CONFLICT``; else it is created. An order to cancel cancels the package that it
    names. If an answer is lost, reads decide, for as long as the client's ``settle_window``; what
    they do not decide is :class:`~wixreseller.bulk.Unknown`, and is not sent again.

    ``journal`` is the path of a file, made if there is none, in which each intent is on the disk
    before its request leaves. Run again with the same journal and the same orders, however the run
    before ended, and it goes on: what was done is given as it was, what was under way is looked
    for. ``resend_absent`` sends those again, with their old idempotency keys, that a look does not
    find: each once a run, so that one whose answer is lost again may still be unknown at its end.
    ``retry_failed`` tries those again that failed. Without a journal a temporary one is used, so
    that an order cannot come twice.

    ``orders`` is read as far as work has come, so it may be endless, and memory stays constant.
    How many are in flight follows how the server answers, up to ``max_concurrency``; the client's
    rate limit paces. While Wix cannot be reached, it waits and tries again, up to five minutes.

    Closing the iterator early sends nothing more, and finishes what is in flight.

    Raises:
        ConfigurationError: an argument that cannot work, or an order that came twice.
        JournalError: the journal cannot be used; nothing was sent that it does not know of.
        AuthenticationError, PermissionDeniedError: the key was refused.
        PacingError, RateLimitError: the rate limit let nothing more out.
        TransportError, OutcomeUnknownError: no answer came for five minutes.
    """
    most = checks.whole_number(max_concurrency, "max_concurrency")
    async with _opened(journal) as kept:
        engine = Engine(
            client,
            orders,
            kept,
            resend_absent=resend_absent,
            retry_failed=retry_failed,
            max_concurrency=most,
            stop=stop or Stop(),
        )
        async with _at_work(engine):
            while (outcome := await engine.next()) is not None:
                yield outcome


@contextlib.asynccontextmanager
async def _opened(
    journal: Journal | str | os.PathLike[str] | None,
) -> AsyncGenerator[Journal, None]:
    if journal is None:
        with tempfile.TemporaryDirectory(prefix="wixreseller-") as folder:
            async with await open_journal(Path(folder) / "orders.journal") as opened:
                yield opened
    elif isinstance(journal, (str, os.PathLike)):
        async with await open_journal(journal) as opened:
            yield opened
    else:
        yield journal


@contextlib.asynccontextmanager
async def _at_work(engine: Engine) -> AsyncGenerator[None, None]:
    """Let an engine work; when the block ends, nothing more is sent, and what was is finished."""
    # A task of its own, because a generator may hold no cancel scope while others run; it is
    # awaited below, whatever happens.
    work = asyncio.create_task(engine.work())
    try:
        yield
    except asyncio.CancelledError:
        work.cancel()
        raise
    finally:
        engine.halt()
        await _end_of(work)
    work.result()


async def _end_of(task: asyncio.Task[T]) -> None:
    """Wait for a task to end, through cancellations of ours, which are passed on to it."""
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            task.cancel()
            cancelled = error
    if not task.cancelled():
        task.exception()  # so that nobody hears that nobody asked
    if cancelled is not None:
        raise cancelled
