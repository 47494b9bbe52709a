"""Sell and cancel in the background, in tasks that may run twice and act once."""

import os
from pathlib import Path
from typing import Any

from celery import Celery, Task
from wixreseller import (
    BillingInfo,
    Client,
    CycleUnit,
    Happened,
    Product,
    RateLimit,
    derive_idempotency_key,
    errors,
)

app = Celery("shop")
app.config_from_object("celeryconfig")

LOOK_AFTER = float(os.environ.get("LOOK_AFTER", "60"))  # seconds

# Made before the worker forks: it connects to nothing until the first call, and each
# child then has connections of its own. The file makes all of them keep to one limit.
# A worker has time: it waits for its turn, in total for five minutes.
wix = Client(rate_limit=RateLimit(shared=Path("wix-limit.db")), deadline=300.0)

PLANS = {
    "basic": Product(
        catalog_product_id="c0000000-0000-4000-8000-000000000001",
        country_code="BR",
        billing_info=BillingInfo.recurring(1, CycleUnit.YEAR),
    ),
}


class WixTask(Task):
    """A task that may run twice, and is tried again if it surely did nothing."""

    # Acknowledged when it is done: if the worker dies, another one gets it. So tasks
    # run twice, now and then, and each of those below can stand it.
    acks_late = True
    reject_on_worker_lost = True

    # What certainly did not happen may be tried again: it was not sent, or it was
    # throttled, or looking failed before anything was sent (a ServerError is a read's).
    autoretry_for = (errors.TransportError, errors.RateLimitError, errors.ServerError)
    retry_backoff = 2
    retry_backoff_max = 600
    max_retries = 10

    def on_failure(
        self, exc: Exception, task_id: str, args: Any, kwargs: Any, einfo: Any
    ) -> None:
        """Look later, where nobody knows whether it happened. Nothing is sent again."""
        if isinstance(exc, errors.OutcomeUnknownError):
            find_out.apply_async((exc,), countdown=LOOK_AFTER)


@app.task(base=WixTask)
def sell(order_id: str, account_id: str, plan: str) -> str:
    """Sell an order, once, and give the package's id.

    `ensure` looks for the order's id first. Its idempotency key is derived from
    account, order and content: a second run carries the same, on whichever worker.
    """
    packages = wix.for_account(account_id).packages
    return packages.ensure([PLANS[plan]], external_id=order_id).package.id


@app.task(base=WixTask)
def cancel(order_id: str, account_id: str) -> str:
    """Cancel what was sold for an order, under a key derived from the order."""
    packages = wix.for_account(account_id).packages
    package = packages.find(order_id)
    if package is None:
        raise LookupError(f"order {order_id}: not sold, or not visible yet")
    key = derive_idempotency_key("cancel", account_id, order_id)
    return packages.cancel(package.id, idempotency_key=key).id


@app.task(bind=True, base=WixTask, serializer="pickle")
def find_out(self: Task, error: errors.OutcomeUnknownError) -> str:
    """Look whether it happened. The error holds all that is needed; this only reads.

    Not to be seen is no proof that it did not happen, so it looks again, ten times.
    Then the task fails, and a person decides. To run `sell` once more is the right way
    to send it again: that looks as well, and carries the same key.
    """
    seen = wix.resolve(error)
    if not isinstance(seen, Happened):
        raise self.retry(countdown=LOOK_AFTER)
    return seen.package.id
