"""Let time do its part: deliveries, slow cancels, expiries.

Whatever is due is written before a request is answered, in the same transaction, so reads and
filters on status agree. The change carries the time it was due, not the time it was noticed.
Guesses: delivery takes a fixed time; an expired one-time instance becomes ``CANCELED``.
"""

import attrs

from wixreseller.emulator.core import Core
from wixreseller.emulator.events import record_all_due
from wixreseller.emulator.history import horizon_ms, keep_all_due
from wixreseller.emulator.records import Billing, Instance, Product
from wixreseller.emulator.store import Store
from wixreseller.emulator.timeline import ADD_ALL_DUE

FAILURE_MESSAGE = "The product could not be delivered."

_DAY_MS = 86_400_000


def settle(core: Core) -> None:
    """Write every change that is due by now."""
    store, now_ms = core.store, core.clock.milliseconds()
    oldest_ms = horizon_ms(now_ms, core.settings.visibility_lag_seconds)
    # Again and again: a jump of the clock may cover a delivery and the expiry that follows it. One
    # moment of each package at a time, so that what it was in between can be shown as well.
    while store.exists("SELECT 1 FROM instances WHERE due_ms <= ?", (now_ms,)):
        store.execute("DELETE FROM due")
        store.execute(
            "INSERT INTO due SELECT package_seq, min(due_ms) FROM instances WHERE due_ms <= ? "
            "GROUP BY package_seq",
            (now_ms,),
        )
        keep_all_due(store, oldest_ms)
        record_all_due(store)
        store.execute(ADD_ALL_DUE)
        _apply_all_due(store)


def _apply_all_due(store: Store) -> None:
    store.execute(
        "UPDATE packages SET updated_ms = max(updated_ms, (SELECT due_ms FROM due "
        "WHERE package_seq = packages.seq)) WHERE seq IN (SELECT package_seq FROM due)"
    )
    store.execute(
        "UPDATE instances SET status = due_status, updated_ms = due_ms, "
        "failure_code = CASE due_status WHEN 'FAILED' THEN due_failure_code END, "
        "failure_message = CASE due_status WHEN 'FAILED' THEN ? END, "
        "due_ms = CASE WHEN due_status IN ('ENABLED', 'AWAITING_ACTION') THEN expires_ms END, "
        "due_status = CASE WHEN due_status IN ('ENABLED', 'AWAITING_ACTION') "
        "AND expires_ms IS NOT NULL THEN 'CANCELED' END, due_failure_code = NULL "
        "WHERE package_seq IN (SELECT package_seq FROM due) AND due_ms = "
        "(SELECT due.due_ms FROM due WHERE due.package_seq = instances.package_seq)",
        (FAILURE_MESSAGE,),
    )


def expiry(core: Core, billing: Billing, from_ms: int) -> int | None:
    """Return when an instance ends by itself: only one that does not renew does."""
    days = core.settings.one_time_days
    return from_ms + round(days * _DAY_MS) if billing.type == "ONE_TIME" and days > 0 else None


def deliver(core: Core, instance: Instance, product: Product) -> Instance:
    """Return the instance as ``PENDING``, with its delivery on the way."""
    delay_ms = round(core.settings.delivery_seconds * 1000)
    failed = product.outcome == "FAILED"
    return attrs.evolve(
        instance,
        status="PENDING",
        due_ms=instance.updated_ms + delay_ms,
        due_status=product.outcome,
        due_failure_code=(product.failure_code or core.settings.failure_code) if failed else None,
    )


def redirect(core: Core, instance: Instance, product: Product) -> Instance:
    """Return an instance whose delivery is under way as one that delivers another product."""
    delivery = deliver(core, instance, product)
    return attrs.evolve(delivery, due_ms=instance.due_ms)


def cancel(core: Core, instance: Instance) -> Instance:
    """Return the instance as canceled, at once or after the delay of the settings."""
    now_ms = core.clock.milliseconds()
    delay_ms = round(core.settings.cancel_delay_seconds * 1000)
    if delay_ms == 0:
        return attrs.evolve(
            instance,
            status="CANCELED",
            updated_ms=now_ms,
            due_ms=None,
            due_status=None,
            due_failure_code=None,
        )
    return attrs.evolve(
        instance,
        updated_ms=now_ms,
        due_ms=now_ms + delay_ms,
        due_status="CANCELED",
        due_failure_code=None,
    )


def is_canceling(instance: Instance) -> bool:
    """Tell whether a slow cancel is under way."""
    return instance.due_status == "CANCELED" and instance.due_ms != instance.expires_ms
