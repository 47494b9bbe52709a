"""Say what can go wrong on purpose, and how it is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypedDict

from wixreseller.models.json import JSONObject, JSONValue
from wixreseller.testing._values import Operation

__all__ = ["FaultKind", "FaultOptions", "When", "to_rule"]

FaultKind = Literal[
    "status",
    "delay",
    "drop_before_commit",
    "drop_after_commit",
    "truncate",
    "reset",
    "html_502",
    "empty_500",
    "unreadable",
    "strip_delete_body",
    "redirect",
    "stale_read",
]
"""What can go wrong on purpose."""

When = Literal["before_commit", "after_commit", "half_way"]
"""Whether a fault strikes before the request is done, after, or in the middle of an assign."""


class FaultOptions(TypedDict, total=False):
    """Say which requests a fault hits, and what those of its kind take besides.

    A fault hits requests of an ``operation``, an ``account`` and an ``external_id``, any where one
    is left out, from the ``nth`` match on (1), ``times`` times (1; ``None``: for ever). ``when``:
    ``status``, ``reset``, ``html_502``, ``empty_500``, ``redirect`` (``before_commit``) and
    ``delay`` (``after_commit``).
    """

    operation: Operation
    account: str
    external_id: str
    nth: int
    times: int | None
    when: When
    status: int
    """Of ``status`` (400 to 599) and ``redirect`` (300 to 399, by default 307)."""
    code: str | int
    """Of ``status``: Wix's application code; without it, the body is that of a system error."""
    message: str
    data: JSONObject
    field_violations: Sequence[Mapping[str, JSONValue]]
    """Of ``status``, instead of ``code``: each with ``field`` and ``description``."""
    headers: Mapping[str, str]
    body: JSONValue
    """Of ``status``: any JSON, instead of Wix's form. Of ``unreadable``: a text that is no JSON."""
    seconds: float
    """Of ``delay``, by the emulator's clock; of ``stale_read`` (60), how old the answer is."""
    bytes: int
    """Of ``truncate``: how much of the body still leaves (half of it)."""
    location: str


_WIRE_NAMES: Final = {"external_id": "externalId", "field_violations": "fieldViolations"}


def to_rule(kind: FaultKind, options: FaultOptions) -> JSONObject:
    """Write a fault as the control plane takes it."""
    given: Mapping[str, object] = options
    rule: dict[str, JSONValue] = {"fault": kind}
    for name, value in given.items():
        rule[_WIRE_NAMES.get(name, name)] = value  # type: ignore[assignment] # as the fields say
    return rule
