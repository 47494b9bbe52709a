"""Add a run up from its journal: counts, times and what stands out, never a row for each order.

SQLite does the adding up, on the journal's thread and in one transaction, so that all numbers are
of one moment. What is kept has a bound, however many orders there are.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import attrs
import orjson

from wixreseller import _wire
from wixreseller.bulk.report_windows import Pace, pace_of
from wixreseller.models import BillingInfo

__all__ = [
    "MOST_LISTED",
    "FailureCode",
    "FailureMessage",
    "Latency",
    "OpenOrder",
    "RunNumbers",
    "Sold",
    "add_up",
]

MOST_LISTED: Final = 50
"""How many orders whose outcome is open are listed one by one."""
_MOST_CODES: Final = 40
_MOST_MESSAGES: Final = 3
_MOST_EXAMPLES: Final = 3
_MOST_NAMES: Final = 30


@attrs.frozen(kw_only=True)
class FailureMessage:
    """Hold one message with which orders failed, how many, and who for example."""

    message: str
    count: int
    examples: tuple[str, ...]
    """External ids, or package ids where there is none."""


@attrs.frozen(kw_only=True)
class FailureCode:
    """Hold one code with which orders failed, and its commonest messages."""

    code: str
    count: int
    messages: tuple[FailureMessage, ...]


@attrs.frozen(kw_only=True)
class OpenOrder:
    """Hold an order that may have been carried out, and nobody knows."""

    number: int
    operation: str
    external_id: str
    account_id: str
    package_id: str | None
    state: str
    code: str | None
    message: str | None
    request_id: str | None
    key: str
    first_sent: float | None


@attrs.frozen(kw_only=True)
class Sold:
    """Count orders of one product, billed in one way, or of one account."""

    name: str
    billing_info: BillingInfo | None = None
    ordered: int
    done: int
    failed: int
    open: int
    """Unknown, under way, or not sent."""


@attrs.frozen(kw_only=True)
class Latency:
    """Hold the seconds from the intents of orders to their being done."""

    count: int
    median: float
    high: float
    """95 of 100 took no longer."""
    longest: float


@attrs.frozen(kw_only=True)
class RunNumbers:
    """Hold what a report shows of a run. Times are POSIX seconds."""

    facts: Mapping[str, object]
    orders: int
    outcomes: Mapping[str, int]
    """How many orders were created, existed, were canceled, failed, are unknown, under way
    (``intent``) or not sent (``planned``)."""
    creates: int
    cancels: int
    sends: int
    """Requests whose intent was written down."""
    sent_again: int
    """Orders with more than one."""
    put_back: Mapping[str, int]
    """How often a request certainly came to nothing, by code, and its order was planned again."""
    first_send: float | None
    last_send: float | None
    last_outcome: float | None
    latency: Latency | None
    pace: Pace
    failures: Sequence[FailureCode]
    failure_codes: int
    """How many codes there are; only the commonest are held."""
    open_orders: Sequence[OpenOrder]
    products: Sequence[Sold]
    product_count: int
    accounts: Sequence[Sold]
    account_count: int


_MOMENTS: Final = """
SELECT min(CASE state WHEN 'intent' THEN at END), max(CASE state WHEN 'intent' THEN at END),
    max(CASE WHEN state IN ('done', 'failed', 'unknown') THEN at END)
FROM transitions
"""


def add_up(connection: sqlite3.Connection, window: float) -> RunNumbers:
    """Read a journal; ``window`` is that of the rate limit, in seconds.

    Raises:
        sqlite3.Error: it cannot be read.
    """
    outcomes = _outcomes(connection)
    creates, cancels, sends, again = connection.execute(
        "SELECT total(operation = 'create'), total(operation = 'cancel'), total(sends), "
        "total(sends > 1) FROM orders"
    ).fetchone()
    first_send, last_send, last_outcome = connection.execute(_MOMENTS).fetchone()
    failures, failure_codes = _failures(connection)
    products, product_count = _products(connection)
    accounts, account_count = _accounts(connection)
    return RunNumbers(
        facts={
            name: orjson.loads(value)
            for name, value in connection.execute("SELECT name, value FROM facts")
        },
        orders=sum(outcomes.values()),
        outcomes=outcomes,
        creates=int(creates),
        cancels=int(cancels),
        sends=int(sends),
        sent_again=int(again),
        put_back=_put_back(connection),
        first_send=first_send,
        last_send=last_send,
        last_outcome=last_outcome,
        latency=_latency(connection),
        pace=pace_of(connection, window),
        failures=failures,
        failure_codes=failure_codes,
        open_orders=_open_orders(connection),
        products=products,
        product_count=product_count,
        accounts=accounts,
        account_count=account_count,
    )


def _outcomes(connection: sqlite3.Connection) -> Mapping[str, int]:
    # An order that is sent again keeps the outcome that it had until it has another.
    counted = connection.execute(
        "SELECT CASE state WHEN 'done' THEN outcome ELSE state END, count(*) FROM orders GROUP BY 1"
    )
    names = ("created", "existing", "canceled", "failed", "unknown", "intent", "planned")
    return {**dict.fromkeys(names, 0), **dict(counted)}


def _put_back(connection: sqlite3.Connection) -> Mapping[str, int]:
    return Counter(
        dict(
            connection.execute(
                "SELECT note, count(*) FROM transitions WHERE state = 'planned' "
                "AND note IS NOT NULL AND note <> 'again' GROUP BY note ORDER BY 2 DESC LIMIT ?",
                (_MOST_CODES,),
            )
        )
    )


def _latency(connection: sqlite3.Connection) -> Latency | None:
    rows = connection.execute(
        """
        WITH steps AS (
            SELECT state, at - lag(at) OVER steps AS seconds, lag(state) OVER steps AS before
            FROM transitions WINDOW steps AS (PARTITION BY number ORDER BY id)
        ), answered AS (
            SELECT seconds, row_number() OVER (ORDER BY seconds) AS place, count(*) OVER () AS many
            FROM steps WHERE state = 'done' AND before = 'intent'
        )
        SELECT seconds, place, many FROM answered
        WHERE place IN ((many + 1) / 2, (many * 95 + 99) / 100, many)
        """
    ).fetchall()
    if not rows:
        return None
    many: int = rows[0][2]
    by_place = {place: max(0.0, seconds) for seconds, place, _ in rows}
    return Latency(
        count=many,
        median=by_place[(many + 1) // 2],
        high=by_place[(many * 95 + 99) // 100],
        longest=by_place[many],
    )


def _failures(connection: sqlite3.Connection) -> tuple[Sequence[FailureCode], int]:
    codes = connection.execute(
        "SELECT coalesce(code, ''), count(*), count(*) OVER () FROM orders WHERE state = 'failed' "
        "GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ?",
        (_MOST_CODES,),
    ).fetchall()
    failures = [
        FailureCode(code=code, count=count, messages=_messages(connection, code))
        for code, count, _ in codes
    ]
    return failures, codes[0][2] if codes else 0


def _messages(connection: sqlite3.Connection, code: str) -> tuple[FailureMessage, ...]:
    commonest = connection.execute(
        "SELECT coalesce(message, ''), count(*), min(number) FROM orders "
        "WHERE state = 'failed' AND coalesce(code, '') = ? GROUP BY 1 ORDER BY 2 DESC, 3 LIMIT ?",
        (code, _MOST_MESSAGES),
    ).fetchall()
    return tuple(
        FailureMessage(
            message=message, count=count, examples=_examples(connection, code, message, first)
        )
        for message, count, first in commonest
    )


def _examples(
    connection: sqlite3.Connection, code: str, message: str, first: int
) -> tuple[str, ...]:
    rows = connection.execute(
        "SELECT CASE external_id WHEN '' THEN coalesce(package_id, '') ELSE external_id END "
        "FROM orders WHERE state = 'failed' AND number >= ? AND coalesce(code, '') = ? "
        "AND coalesce(message, '') = ? ORDER BY number LIMIT ?",
        (first, code, message, _MOST_EXAMPLES),
    )
    return tuple(name for (name,) in rows)


def _open_orders(connection: sqlite3.Connection) -> Sequence[OpenOrder]:
    rows = connection.execute(
        "SELECT number, operation, external_id, account_id, package_id, state, code, message, "
        "request_id, key, first_sent FROM orders WHERE state IN ('unknown', 'intent') "
        "ORDER BY number LIMIT ?",
        (MOST_LISTED,),
    )
    names = [field.name for field in attrs.fields(OpenOrder)]
    return [OpenOrder(**dict(zip(names, row, strict=True))) for row in rows]


_BY_STATE: Final = (
    "count(*), total(state = 'done'), total(state = 'failed'), "
    "total(state IN ('unknown', 'intent', 'planned')), count(*) OVER ()"
)


def _products(connection: sqlite3.Connection) -> tuple[Sequence[Sold], int]:
    rows = connection.execute(
        f"SELECT json_extract(product.value, '$.catalogProductId'), "  # noqa: S608  # our own
        f"json_extract(product.value, '$.billingInfo'), {_BY_STATE} "
        "FROM orders, json_each(orders.products) AS product "
        "GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT ?",
        (_MOST_NAMES,),
    ).fetchall()
    sold = [
        attrs.evolve(_sold(product, counts), billing_info=_billing(billing))
        for product, billing, *counts in rows
    ]
    return sold, rows[0][-1] if rows else 0


def _accounts(connection: sqlite3.Connection) -> tuple[Sequence[Sold], int]:
    rows = connection.execute(
        f"SELECT account, {_BY_STATE} FROM orders "  # noqa: S608  # our own
        "GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ?",
        (_MOST_NAMES,),
    ).fetchall()
    return [_sold(account, counts) for account, *counts in rows], rows[0][-1] if rows else 0


def _sold(name: str, counts: Sequence[float]) -> Sold:
    ordered, done, failed, left, _ = counts
    return Sold(name=name, ordered=int(ordered), done=int(done), failed=int(failed), open=int(left))


def _billing(told: str | None) -> BillingInfo | None:
    return None if told is None else _wire.decode(orjson.loads(told), BillingInfo)
