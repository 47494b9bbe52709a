"""Hold what an examination finds: a mark, what was seen, and what mends it."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Final

import attrs

__all__ = ["Check", "Mark", "doctor_exit_code", "failed", "fine", "skipped", "warned"]

_EXIT_FAILED: Final = 1
_EXIT_REFUSED: Final = 3


class Mark(enum.Enum):
    """Say how a check ended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIPPED = "skipped"


@attrs.frozen(kw_only=True)
class Check:
    """Hold one check."""

    name: str
    mark: Mark
    detail: str
    fix: str | None = None
    """What to do; each warning and each failure has one."""
    is_refusal: bool = False
    """Whether the server refused key or account."""


def fine(name: str, detail: str) -> Check:
    """Say that nothing is to be done."""
    return Check(name=name, mark=Mark.OK, detail=detail)


def warned(name: str, detail: str, fix: str) -> Check:
    """Say that it works, and may not always."""
    return Check(name=name, mark=Mark.WARN, detail=detail, fix=fix)


def failed(name: str, detail: str, fix: str, *, is_refusal: bool = False) -> Check:
    """Say that it does not work."""
    return Check(name=name, mark=Mark.FAIL, detail=detail, fix=fix, is_refusal=is_refusal)


def skipped(name: str, why: str) -> Check:
    """Say that it was not tried."""
    return Check(name=name, mark=Mark.SKIPPED, detail=f"not tried: {why}")


def doctor_exit_code(checks: Iterable[Check]) -> int:
    """Give 3 if the server refused key or account, 1 if anything else failed, else 0."""
    marks = [(check.mark, check.is_refusal) for check in checks]
    if (Mark.FAIL, True) in marks:
        return _EXIT_REFUSED
    return _EXIT_FAILED if (Mark.FAIL, False) in marks else 0
