"""Carry out orders by the thousand: plan, apply, survive, verify.

``bulk.run`` is the heart, an async iterator; the command line has no logic of its own.
"""

from wixreseller.bulk.orders import Order
from wixreseller.bulk.results import Failed, Ok, Outcome, Unknown
from wixreseller.bulk.runner import run

__all__ = ["Failed", "Ok", "Order", "Outcome", "Unknown", "run"]
