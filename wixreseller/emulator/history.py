"""Keep packages as they were, for as long as somebody may still be shown them.

A version is kept for an hour after the change that ended it, or for the time that a query lags
behind, if that is longer.
"""

import attrs

from wixreseller.emulator.fault_rules import MOST_STALE_SECONDS
from wixreseller.emulator.store import Store
from wixreseller.emulator.views import Sql, View, changed_since, unchanged_since

_FEW = 2_000


def horizon_ms(now_ms: int, lag_seconds: float) -> int:
    """Return the time before which nobody can look back."""
    return now_ms - round(max(lag_seconds, MOST_STALE_SECONDS) * 1000)


def views_as_of(store: Store, moment_ms: int) -> list[View]:
    """Return what a read of that moment looks at; the second view only if there is anything in it.

    Where few packages have changed since, they are named: an hour of versions is then not searched.
    """
    now, then = unchanged_since(moment_ms), changed_since(moment_ms)
    found = store.rows(
        f"SELECT version FROM past_packages WHERE until_ms > ? LIMIT {_FEW + 1}",  # noqa: S608
        (moment_ms,),
    )
    if not found:
        return [now]
    if len(found) > _FEW:
        return [now, then]
    named = f"p.version IN ({', '.join(str(version) for (version,) in found)})"
    condition = Sql(f"({named} AND {then.condition.text})", then.condition.values)
    return [now, attrs.evolve(then, condition=condition)]


def keep_all_due(store: Store, oldest_ms: int) -> None:
    """Keep every package of the table ``due`` as it was before the change that is due."""
    ((last,),) = store.rows("SELECT coalesce(max(version), 0) FROM past_packages")
    store.keep_past(
        "JOIN due ON due.package_seq = p.seq WHERE p.updated_ms < due.due_ms AND due.due_ms > ?",
        (oldest_ms,),
        until="due.due_ms",
        after=int(str(last)),
    )


def forget(store: Store, oldest_ms: int) -> None:
    """Drop the versions that nobody can look back to."""
    if store.exists("SELECT 1 FROM past_packages WHERE until_ms <= ?", (oldest_ms,)):
        store.execute(
            "DELETE FROM past_instances WHERE version IN "
            "(SELECT version FROM past_packages WHERE until_ms <= ?)",
            (oldest_ms,),
        )
        store.execute("DELETE FROM past_packages WHERE until_ms <= ?", (oldest_ms,))
