"""Carry out orders by the thousand, blocking: results cross from the loop in batches."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable
from typing import cast

from wixreseller.bulk import runner
from wixreseller.bulk.journal import Entry, Journal
from wixreseller.bulk.orders import Order
from wixreseller.bulk.results import Outcome
from wixreseller.bulk.stopping import Stop
from wixreseller.sync._batches import Batches, Feed
from wixreseller.sync.client import Client

__all__ = ["run"]


def run(
    client: Client,
    orders: Iterable[Order] | Iterable[Entry],
    *,
    journal: Journal | str | os.PathLike[str] | None = None,
    resend_absent: bool = False,
    retry_failed: bool = False,
    max_concurrency: int = runner.MOST_IN_FLIGHT,
) -> Batches[Outcome]:
    """Carry out orders, and give what became of each, as it comes: :func:`wixreseller.bulk.run`.

    All that is said there holds here. ``orders`` is read on the thread that reads the results, up
    to a hundred ahead. To stop early, break off, or close the iterator: nothing more is sent, and
    what is in flight is finished, which ``close()``, or ``with``, waits for. Ctrl-C does the same.
    """
    feed = cast("Feed[Order]", Feed(orders))  # either kind, as it comes
    stop = Stop()
    begin = functools.partial(
        runner.run,
        client._impl,  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # its blocking twin
        feed,
        journal=journal,
        resend_absent=resend_absent,
        retry_failed=retry_failed,
        max_concurrency=max_concurrency,
        stop=stop,
    )
    portal = client._portal  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    return Batches(portal, begin, feed=feed, halt=stop.request)
