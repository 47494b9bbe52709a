"""Say in a line what a value is: for ``repr``, which people read in logs and consoles.

The whole of a value is in its attributes; a line says which one it is and how it is doing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from wixreseller.models.checks import shorten

if TYPE_CHECKING:
    from wixreseller.models.values import BillingInfo, CycleDuration, ProductInstance

__all__ = [
    "billing",
    "brief_id",
    "count",
    "counts",
    "cycle",
    "line",
    "plain",
    "quoted",
    "whole_id",
]

_LONGEST_ID: Final = 40
_PLAIN: Final = re.compile(r"[\w.:-]{1,40}", re.ASCII)


def line(kind: str, *parts: str | None) -> str:
    """Put the parts that there are into one line: ``<Package … …>``."""
    return f"<{' '.join([kind, *(part for part in parts if part)])}>"


def plain(text: str) -> str:
    """Give a word as it is, and anything else (it came from a server) quoted and cut."""
    return str(text) if _PLAIN.fullmatch(text) else shorten(str(text), _LONGEST_ID)


def whole_id(text: str) -> str:
    """Give an id in full: what one copies from a console to look the thing up."""
    return plain(text)


def brief_id(text: str) -> str:
    """Give an id by its ends, ``0a1b2c3d…89ab``: enough to tell it from the others around it."""
    word = plain(text)
    return word if len(word) <= 16 else f"{word[:8]}…{word[-4:]}"


def quoted(text: str | None) -> str | None:
    """Give a text of the user's in quotes, cut to fit."""
    return None if text is None else shorten(text, _LONGEST_ID)


def count(number: int, noun: str) -> str:
    """Count things: ``no packages``, ``1 package``, ``2 packages``."""
    return f"{number or 'no'} {noun}" + ("" if number == 1 else "s")


def counts(instances: Iterable[ProductInstance]) -> str:
    """Count instances by status: ``2 ENABLED, 1 PENDING``."""
    by_status = Counter(
        "without status" if instance.status is None else plain(instance.status)
        for instance in instances
    )
    return ", ".join(f"{number} {status}" for status, number in by_status.items()) or "no instances"


def cycle(value: CycleDuration) -> str:
    """Say how long a cycle is: ``1 YEAR``."""
    return f"{value.count} {plain(value.unit)}"


def billing(value: BillingInfo | None) -> str | None:
    """Say how something is billed: ``RECURRING every 1 YEAR``."""
    if value is None:
        return None
    kind = "no type" if value.type is None else plain(value.type)
    if value.cycle_duration is None:
        return kind
    return f"{kind} every {cycle(value.cycle_duration)}"
