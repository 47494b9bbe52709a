"""Say what verifying finds: kinds, what each means exactly, and how it is written down."""

from __future__ import annotations

import csv
import enum
import io
from collections.abc import Mapping, Sequence
from typing import Final, Literal

import attrs
import orjson

from wixreseller.bulk.journal import State
from wixreseller.bulk.order_columns import Operation

__all__ = [
    "VERIFIED_COLUMNS",
    "Mismatch",
    "MismatchKind",
    "Verdict",
    "VerifiedRow",
    "VerifySummary",
    "to_csv_line",
    "to_json_line",
    "verify_exit_code",
]

Verdict = Literal["ok", "failed_as_recorded", "wrong"]
"""What a row comes to: as it was ordered; not carried out, as plan or journal say; something is
not as it should be."""


class MismatchKind(enum.StrEnum):
    """What is not as it should be. The order is that in which reports show them."""

    DUPLICATE = "duplicate"
    MISSING = "missing"
    WRONG_EXTERNAL_ID = "wrong_external_id"
    WRONG_PRODUCT = "wrong_product"
    WRONG_SITE = "wrong_site"
    FLOATING = "floating"
    WRONG_BILLING = "wrong_billing"
    DIFFERENT = "different"
    FAILED = "failed"
    CANCELED = "canceled"
    NOT_CANCELED = "not_canceled"
    OTHER_PACKAGE = "other_package"
    FAILED_BUT_DONE = "failed_but_done"
    UNKNOWN_DONE = "unknown_done"
    UNKNOWN_NOT_DONE = "unknown_not_done"
    NOT_SENT_BUT_DONE = "not_sent_but_done"
    NOT_SENT = "not_sent"
    PENDING = "pending"
    AWAITING_ACTION = "awaiting_action"
    DEAD_TWIN = "dead_twin"

    @property
    def meaning(self) -> str:
        """What it says, exactly, of an order."""
        return _MEANINGS[self]

    @property
    def is_information(self) -> bool:
        """Whether a row with it is as it should be all the same."""
        return self in _INFORMATION


_MEANINGS: Final[Mapping[MismatchKind, str]] = {
    MismatchKind.DUPLICATE: "several live packages have the external id of one order",
    MismatchKind.MISSING: "it should be there, and no package of the external id can be seen",
    MismatchKind.WRONG_EXTERNAL_ID: (
        "the package that the journal names is there, under another external id"
    ),
    MismatchKind.WRONG_PRODUCT: "an instance that was ordered is not there, or one that was not is",
    MismatchKind.WRONG_SITE: "an instance is on another site than was ordered",
    MismatchKind.FLOATING: "an instance was ordered for a site, and is on none",
    MismatchKind.WRONG_BILLING: "an instance is billed otherwise than was ordered",
    MismatchKind.DIFFERENT: "an instance differs from the order in its country or reference",
    MismatchKind.FAILED: "an instance that was ordered never was available",
    MismatchKind.CANCELED: "an instance that was ordered was canceled since",
    MismatchKind.NOT_CANCELED: "it should be canceled, and lives",
    MismatchKind.OTHER_PACKAGE: "the journal names another package than the one that lives",
    MismatchKind.FAILED_BUT_DONE: "the journal says that it failed, and it was carried out",
    MismatchKind.UNKNOWN_DONE: (
        "the journal does not know, and it was carried out: resume writes that down"
    ),
    MismatchKind.UNKNOWN_NOT_DONE: (
        "the journal does not know, and it cannot be seen: resume with --resend-absent sends it "
        "again, with the key that it had"
    ),
    MismatchKind.NOT_SENT_BUT_DONE: "the journal says that it was not sent, and it is done",
    MismatchKind.NOT_SENT: "the journal says that it was not sent: resume sends it",
    MismatchKind.PENDING: "an instance is not yet available; for information",
    MismatchKind.AWAITING_ACTION: "a provider or the customer must act; for information",
    MismatchKind.DEAD_TWIN: (
        "another package of the external id is canceled or failed; for information"
    ),
}
_INFORMATION: Final = frozenset(
    {MismatchKind.PENDING, MismatchKind.AWAITING_ACTION, MismatchKind.DEAD_TWIN}
)


@attrs.frozen(kw_only=True)
class Mismatch:
    """Name one thing about an order that is not as it should be, or that is good to know."""

    kind: MismatchKind
    detail: str
    package_ids: tuple[str, ...] = ()
    """The packages that it is about: of a duplicate, all of them."""


@attrs.frozen(kw_only=True)
class VerifiedRow:
    """Hold what verifying makes of one order of a plan."""

    number: int
    """Place in the plan, from 0."""
    lines: tuple[int, ...] = ()
    """The lines of the order file on which its rows begin, from 1."""
    operation: Operation
    account_id: str
    external_id: str
    """Empty for a cancel that names only a package."""
    state: State | None = None
    """What the journal says, or ``None`` where it says nothing."""
    package_ids: tuple[str, ...] = ()
    """The packages that were found for it, dead ones included."""
    refusal: str | None = None
    """Code and message of an order that was not carried out, as plan or journal say."""
    mismatches: tuple[Mismatch, ...] = ()

    @property
    def findings(self) -> Sequence[Mismatch]:
        """What is not as it should be."""
        return [item for item in self.mismatches if not item.kind.is_information]

    @property
    def notes(self) -> Sequence[Mismatch]:
        """What is good to know, and as it should be."""
        return [item for item in self.mismatches if item.kind.is_information]

    @property
    def verdict(self) -> Verdict:
        """What it comes to."""
        if self.findings:
            return "wrong"
        return "ok" if self.refusal is None else "failed_as_recorded"


@attrs.frozen(kw_only=True)
class VerifySummary:
    """Count what verifying found: ``VerifySummary() + row + row``."""

    ok: int = 0
    failed_as_recorded: int = 0
    wrong: int = 0
    kinds: Mapping[MismatchKind, int] = attrs.field(factory=dict[MismatchKind, int])
    """In how many rows there is each, information included."""

    def __add__(self, row: VerifiedRow) -> VerifySummary:
        """Count one more."""
        kinds = self.kinds
        if row.mismatches:
            met = {item.kind for item in row.mismatches}
            kinds = {
                kind: count
                for kind in MismatchKind
                if (count := self.kinds.get(kind, 0) + (kind in met))
            }
        counted = getattr(self, row.verdict) + 1
        return attrs.evolve(self, kinds=kinds, **{row.verdict: counted})

    @property
    def rows(self) -> int:
        """How many orders there are."""
        return self.ok + self.failed_as_recorded + self.wrong


def verify_exit_code(summary: VerifySummary) -> int:
    """Give the exit code of a verification that came to its end: 0, or 1 for anything amiss.

    0 says that every order is as it was asked. An order that failed, and is recorded so, is not;
    what is information only counts as in order.
    """
    return 1 if summary.wrong or summary.failed_as_recorded else 0


VERIFIED_COLUMNS: Final = (
    "line",
    "operation",
    "external_id",
    "account_id",
    "verdict",
    "journal",
    "findings",
    "notes",
    "package_ids",
    "detail",
)
"""The columns of the CSV, and the keys of the NDJSON."""


def to_json_line(row: VerifiedRow) -> bytes:
    """Write a row as one line of NDJSON; what there is not is ``null``, or an empty list."""
    record = {
        "line": row.lines[0] if row.lines else None,
        "operation": row.operation,
        "external_id": row.external_id,
        "account_id": row.account_id,
        "verdict": row.verdict,
        "journal": row.state,
        "findings": [_record(item) for item in row.findings],
        "notes": [_record(item) for item in row.notes],
        "package_ids": row.package_ids,
        "detail": row.refusal,
    }
    return orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)


def _record(item: Mismatch) -> dict[str, object]:
    return {"kind": item.kind.value, "detail": item.detail, "package_ids": item.package_ids}


def to_csv_line(row: VerifiedRow | None) -> bytes:
    """Write a row as one line of CSV; ``None`` gives the header.

    Kinds and package ids have a space between them, details a semicolon.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    if row is None:
        writer.writerow(VERIFIED_COLUMNS)
    else:
        details = [item.detail for item in row.mismatches]
        writer.writerow(
            (
                row.lines[0] if row.lines else "",
                row.operation,
                row.external_id,
                row.account_id,
                row.verdict,
                row.state or "",
                " ".join(dict.fromkeys(item.kind.value for item in row.findings)),
                " ".join(dict.fromkeys(item.kind.value for item in row.notes)),
                " ".join(row.package_ids),
                "; ".join([row.refusal, *details] if row.refusal else details),
            )
        )
    # Before Python 3.13 the writer quotes only those line breaks that are in its terminator.
    return text.getvalue()[:-2].encode() + b"\n"
