"""Carry out orders by the thousand: plan, apply, survive, verify.

``bulk.run`` is the heart, an async iterator of outcomes; :mod:`wixreseller.sync.bulk` holds the
blocking twins of all that takes a client. The command line has no logic of its own. Names are
loaded when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from wixreseller.bulk.applying import apply, resume
    from wixreseller.bulk.auditing import Audit, audit
    from wixreseller.bulk.catalogue import Catalogue, load_catalogue
    from wixreseller.bulk.journal import Journal
    from wixreseller.bulk.journal_sqlite import SqliteJournal
    from wixreseller.bulk.order_source import OrderSource
    from wixreseller.bulk.orders import Order
    from wixreseller.bulk.plan import make_plan
    from wixreseller.bulk.plan_file import PlanFile, PlanHead, write_plan
    from wixreseller.bulk.planning import plan_orders
    from wixreseller.bulk.report import write_report
    from wixreseller.bulk.results import Failed, Ok, Outcome, Unknown
    from wixreseller.bulk.runner import run
    from wixreseller.bulk.stopping import Stop
    from wixreseller.bulk.verifying import verify

__all__ = [
    "Audit",
    "Catalogue",
    "Failed",
    "Journal",
    "Ok",
    "Order",
    "OrderSource",
    "Outcome",
    "PlanFile",
    "PlanHead",
    "SqliteJournal",
    "Stop",
    "Unknown",
    "apply",
    "audit",
    "load_catalogue",
    "make_plan",
    "plan_orders",
    "resume",
    "run",
    "verify",
    "write_plan",
    "write_report",
]

_NAMES: Final = {
    "applying": ("apply", "resume"),
    "auditing": ("Audit", "audit"),
    "catalogue": ("Catalogue", "load_catalogue"),
    "journal": ("Journal",),
    "journal_sqlite": ("SqliteJournal",),
    "order_source": ("OrderSource",),
    "orders": ("Order",),
    "plan": ("make_plan",),
    "plan_file": ("PlanFile", "PlanHead", "write_plan"),
    "planning": ("plan_orders",),
    "report": ("write_report",),
    "results": ("Failed", "Ok", "Outcome", "Unknown"),
    "runner": ("run",),
    "stopping": ("Stop",),
    "verifying": ("verify",),
}
_HOMES: Final = {name: module for module, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
