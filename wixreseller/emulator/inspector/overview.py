"""Tell what stands at the head of the page: the time, how full the rate limits are, the world."""

from wixreseller.emulator.clock import to_wire
from wixreseller.emulator.jsonvalue import Json, JsonObject
from wixreseller.emulator.panel import show_settings
from wixreseller.emulator.parts import Parts
from wixreseller.emulator.store import Store

# A loose world may have any number of each; a person chooses from a few.
_MOST = 500
_MOST_GAUGES = 20


def show_overview(parts: Parts) -> JsonObject:
    """Return clock, rate limit and journal in numbers; small enough to be sent at every change."""
    clock, journal = parts.core.clock, parts.journal
    return {
        "clock": {"now": to_wire(clock.milliseconds()), "frozen": clock.is_frozen},
        "limits": show_limits(parts),
        "requests": {"last": journal.last, "kept": len(journal)},
        "faults": sum(not placed.is_spent for placed in parts.faults.all()),
        "switched": _switched(parts),
    }


def show_limits(parts: Parts) -> JsonObject:
    """Return the rate limit, and how much of it each caller has used; no key is told."""
    limiter, settings = parts.limiter, parts.core.settings
    limit = limiter.limit
    gauges: list[Json] = [
        {
            "caller": _caller(parts.core.store, settings.rate_limit_scope, gauge.caller),
            "used": gauge.used,
            "refused": gauge.refused,
        }
        for gauge in limiter.gauges(settings.rate_limit_kind)[:_MOST_GAUGES]
    ]
    return {
        "count": None if limit is None else limit.count,
        "seconds": None if limit is None else limit.seconds,
        "kind": settings.rate_limit_kind,
        "scope": settings.rate_limit_scope,
        "refused": limiter.refused,
        "gauges": gauges,
    }


def show_world(store: Store) -> JsonObject:
    """Return what there is to choose from: accounts, products, sites; of keys only their number."""
    accounts: list[Json] = [
        {"id": str(account), "parentId": None if parent is None else str(parent)}
        for account, parent in store.rows(
            "SELECT id, parent_id FROM accounts ORDER BY parent_id, id LIMIT ?", (_MOST,)
        )
    ]
    products: list[Json] = [
        {"id": str(product), "name": str(name), "type": str(kind)}
        for product, name, kind in store.rows(
            "SELECT id, name, type FROM products ORDER BY id LIMIT ?", (_MOST,)
        )
    ]
    sites: list[Json] = [
        {"id": str(site), "accountId": str(account)}
        for site, account in store.rows(
            "SELECT id, account_id FROM sites ORDER BY account_id, id LIMIT ?", (_MOST,)
        )
    ]
    ((keys,),) = store.rows("SELECT count(*) FROM api_keys")
    return {
        "accounts": accounts,
        "products": products,
        "sites": sites,
        "apiKeys": int(str(keys)),
    }


def _switched(parts: Parts) -> int:
    """Return how many switches do not stand as they do by default, the rate limit included."""
    shown = show_settings(parts)["settings"]
    settings = shown if isinstance(shown, list) else []
    return sum(isinstance(it, dict) and it["value"] != it["default"] for it in settings)


def _caller(store: Store, scope: str, caller: str) -> str:
    if scope != "key":
        return f"{scope} {caller}"
    rows = store.rows("SELECT account_id FROM api_keys WHERE key = ?", (caller,))
    return f"key of account {rows[0][0]!s}" if rows else "a key"
