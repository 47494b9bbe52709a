"""Lay the report of a run out as a page."""

from __future__ import annotations

import base64
import hashlib
import math
from datetime import datetime
from pathlib import Path
from typing import Final

import attrs

from wixreseller._version import __version__
from wixreseller.bulk.catalogue import Catalogue
from wixreseller.bulk.lookup import MOST_IN_A_LOOK
from wixreseller.bulk.plan import PlanCounts, seconds_at
from wixreseller.bulk.plan_file import PlanHead
from wixreseller.bulk.report_charts import proportions, sends_chart, totals_chart
from wixreseller.bulk.report_html import Html, Node, element
from wixreseller.bulk.report_numbers import RunNumbers
from wixreseller.bulk.report_parts import (
    accounts_section,
    facts,
    failures_section,
    open_section,
    pace_table,
    pauses_part,
    products_section,
    put_back_part,
    todo_list,
)
from wixreseller.bulk.report_words import duration, many, moment, number, share, window_word
from wixreseller.ratelimit import RateLimit

__all__ = ["OUTCOME_LABELS", "Heading", "page"]

_FEWEST_BARS: Final = 3
_STYLE: Final = Path(__file__).with_name("report.css")

OUTCOME_LABELS: Final = {
    "created": "Created",
    "existing": "Existing",
    "canceled": "Canceled",
    "failed": "Failed",
    "unknown": "Unknown",
    "intent": "Under way",
    "planned": "Not sent",
}


@attrs.frozen(kw_only=True)
class Heading:
    """Say what a report is about, beside the numbers."""

    journal_name: str
    plan_name: str | None = None
    plan: PlanHead | None = None
    planned: PlanCounts | None = None
    made_at: datetime | None = None


def page(
    numbers: RunNumbers, heading: Heading, limit: RateLimit | None, catalogue: Catalogue
) -> str:
    """Write the page. It needs no other file, no script, and no network."""
    style = _STYLE.read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'"
    title = _orders_name(numbers, heading) or heading.journal_name
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        # Else a browser would ask for one.
        element("link", rel="icon", href="data:,"),
        element("title", f"{title} · provisioning report"),
        element("style", Html(style)),
    )
    body = element(
        "body",
        _head(numbers, heading, title),
        element(
            "main",
            _pace_section(numbers, limit),
            _time_section(numbers),
            failures_section(numbers),
            open_section(numbers, heading.plan_name),
            products_section(numbers, catalogue),
            accounts_section(numbers),
            _plan_section(numbers, heading),
        ),
        _foot(heading),
    )
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en').text}\n"


def _orders_name(numbers: RunNumbers, heading: Heading) -> str | None:
    told = heading.plan.orders_name if heading.plan else numbers.facts.get("orders")
    return told if isinstance(told, str) and told else None


# --- what it comes to ---------------------------------------------------------------------------


def _head(numbers: RunNumbers, heading: Heading, title: str) -> Html:
    kind, verdict = _verdict(numbers)
    return element(
        "header",
        element("p", "Provisioning report"),
        element("h1", element("bdi", title)),
        element("p", verdict, class_=f"verdict {kind}"),
        element("ul", *_tiles(numbers), class_="tiles"),
        _proportions(numbers),
        todo_list(numbers, heading.plan_name),
    )


def _verdict(numbers: RunNumbers) -> tuple[str, str]:
    orders, outcomes = numbers.orders, numbers.outcomes
    if not orders:
        return "open", "No order was taken in yet: the journal is empty."
    of_all = f"of {many(orders, 'order')}"
    if outcomes["unknown"]:
        return "open", (
            f"{number(outcomes['unknown'])} {of_all} ended unknown: packages may exist that no "
            f"result names."
        )
    if left := outcomes["intent"] + outcomes["planned"]:
        return "open", f"Not finished: {number(left)} {of_all} have no outcome yet."
    if outcomes["failed"]:
        return "bad", f"{number(outcomes['failed'])} {of_all} failed; all others are done."
    return "good", "The order is done." if orders == 1 else f"All {number(orders)} orders are done."


def _tiles(numbers: RunNumbers) -> list[Html]:
    return [
        element(
            "li",
            element("strong", number(count)),
            element("span", label),
            element("span", share(count, numbers.orders)) if numbers.orders else None,
            class_=name if count else f"{name} zero",
        )
        for name, label in OUTCOME_LABELS.items()
        for count in [numbers.outcomes[name]]
    ]


def _proportions(numbers: RunNumbers) -> Html | None:
    if not numbers.orders:
        return None
    return proportions(
        [(name, label, numbers.outcomes[name]) for name, label in OUTCOME_LABELS.items()]
    )


# --- how it went --------------------------------------------------------------------------------


def _pace_section(numbers: RunNumbers, limit: RateLimit | None) -> Html:
    pace = numbers.pace
    if not numbers.sends:
        return element(
            "section",
            element("h2", "Throughput"),
            element("p", "No request was sent.", class_="empty"),
        )
    each = window_word(pace.window)
    told: list[tuple[str, Node]] = [("Requests sent", number(numbers.sends))]
    if numbers.sent_again:
        told.append(("Sent more than once", many(numbers.sent_again, "order")))
    busiest = f"{number(pace.busiest)} {each}"
    if limit is not None:
        busiest += f", of {number(limit.requests)} that the limit allows"
        told.append(("Busiest", busiest))
        told += _against_limit(numbers, limit)
    else:
        told.append(("Busiest", busiest))
    return element(
        "section",
        element("h2", "Throughput"),
        facts(told),
        *_charts(numbers, limit),
        pace_table(pace),
    )


def _charts(numbers: RunNumbers, limit: RateLimit | None) -> list[Html]:
    pace = numbers.pace
    if len(pace.bars) < _FEWEST_BARS:
        short = f"It took {duration(pace.seconds)}, which is too short for a chart."
        return [element("p", short, class_="muted")]
    return [
        sends_chart(pace, None if limit is None else limit.requests),
        totals_chart(pace, numbers.orders),
    ]


def _against_limit(numbers: RunNumbers, limit: RateLimit) -> list[tuple[str, Node]]:
    looks = math.ceil(numbers.orders / MOST_IN_A_LOOK)
    best = seconds_at(limit, numbers.sends + looks)
    if not best:
        return []
    took = numbers.pace.seconds
    part = share(round(1000 * min(best, took)), round(1000 * took))
    told = (
        f"{duration(best)} at best, with {many(looks, 'look')} before; it took {duration(took)} "
        f"({part} of the limit)"
    )
    return [("Against the limit", told)]


def _time_section(numbers: RunNumbers) -> Html:
    pace, latency = numbers.pace, numbers.latency
    told: list[tuple[str, Node]] = [
        ("First request", moment(numbers.first_send)),
        ("Last request", moment(numbers.last_send)),
        ("Last outcome", moment(numbers.last_outcome)),
    ]
    if pace.start is not None:
        paused = f", and {duration(pace.paused)} of pauses" if pace.pause_count else ""
        told.append(("Took", f"{duration(pace.seconds)}{paused}"))
    if latency is not None:
        told += [
            ("From intent to done, median", duration(latency.median)),
            ("95 of 100 within", duration(latency.high)),
            ("Longest", f"{duration(latency.longest)} (of {many(latency.count, 'order')})"),
        ]
    return element(
        "section",
        element("h2", "Times"),
        facts(told),
        pauses_part(numbers.pace),
        put_back_part(numbers),
    )


# --- what it was --------------------------------------------------------------------------------


def _plan_section(numbers: RunNumbers, heading: Heading) -> Html:
    told: list[tuple[str, Node]] = [("Journal", element("span", heading.journal_name, class_="id"))]
    plan, planned = heading.plan, heading.planned
    digest = plan.orders_sha256 if plan else numbers.facts.get("ordersSha256")
    if heading.plan_name is not None:
        told.append(("Plan", element("span", heading.plan_name, class_="id")))
    if plan is not None:
        told += [
            ("Planned", moment(plan.made_at)),
            ("Planned by", plan.program),
        ]
    if name := _orders_name(numbers, heading):
        told.append(("Order file", element("span", name, class_="id")))
    if isinstance(digest, str):
        told.append(("Its SHA-256", element("span", digest, class_="id")))
    server = plan.base_url if plan else numbers.facts.get("baseUrl")
    if isinstance(server, str):
        told.append(("Server", element("span", server, class_="id")))
    told.append(
        ("Orders", f"{number(numbers.creates)} to create, {number(numbers.cancels)} to cancel")
    )
    if planned is not None:
        counts = (
            f"{number(planned.create)} to create, {number(planned.cancel)} to cancel, "
            f"{number(planned.none)} done already, {number(planned.conflict)} in conflict"
        )
        told.append(("What was planned", counts))
    return element("section", element("h2", "Plan and journal"), facts(told))


def _foot(heading: Heading) -> Html:
    when = "" if heading.made_at is None else f" on {moment(heading.made_at)}"
    return element(
        "footer",
        f"Made by wixreseller {__version__}{when}, of the journal alone: wixreseller provision "
        f"verify compares it with what is there. All times are UTC.",
    )
