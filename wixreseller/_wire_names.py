"""Read the names that Wix's older documents use as today's, and flatten what is nested.

Documents disagree about these names, so all are read; what is written is always the first.
"""

from __future__ import annotations

from typing import Any, Final, cast

__all__ = [
    "MISSING",
    "Raw",
    "WireError",
    "adopt_billing_aliases",
    "adopt_paging_alias",
    "describe",
    "flatten_cursors",
]

Raw = dict[str, Any]

MISSING: Final = object()


class WireError(ValueError):
    """Report JSON that cannot be read as the value asked for; ``path`` says where."""

    def __init__(self, problem: str, path: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.path = path

    def __str__(self) -> str:
        return f"{self.path or 'the answer'} {self.problem}"

    def below(self, step: str) -> WireError:
        """Give the same error, seen from one step further out."""
        joint = "" if not self.path or self.path.startswith("[") else "."
        return WireError(self.problem, f"{step}{joint}{self.path}")


def describe(value: object) -> str:
    if value is MISSING or value is None:
        return "is missing"
    return f"has the wrong type ({type(value).__name__})"


def adopt_billing_aliases(raw: Raw) -> Raw:
    if "billingInfo" in raw:
        return raw
    if "paymentInfo" in raw:
        rest = dict(raw)
        rest["billingInfo"] = rest.pop("paymentInfo")
        return rest
    contract = raw.get("contractDetails")
    if isinstance(contract, dict) and "billingInfo" in contract:
        remainder = dict(cast("Raw", contract))
        rest = {**raw, "billingInfo": remainder.pop("billingInfo"), "contractDetails": remainder}
        if not remainder:
            del rest["contractDetails"]
        return rest
    return raw


def flatten_cursors(raw: Raw) -> Raw:
    cursors = raw.get("cursors")
    if not isinstance(cursors, dict) or not cursors:
        return raw
    flat = {key: value for key, value in raw.items() if key != "cursors"}
    rest = dict(cast("Raw", cursors))
    for wire, name in (("next", "nextCursor"), ("prev", "prevCursor")):
        if (cursor := rest.pop(wire, None)) is not None:
            if type(cursor) is not str:
                # Read as absent, it would end the listing early and hide what is left.
                raise WireError(describe(cursor), f"cursors.{wire}")
            flat[name] = cursor
    return {**flat, "cursors": rest} if rest else flat


def adopt_paging_alias(raw: Raw) -> Raw:
    if "metadata" in raw or "pagingMetadata" not in raw:
        return raw
    rest = dict(raw)
    rest["metadata"] = rest.pop("pagingMetadata")
    return rest
