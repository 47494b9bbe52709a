"""Say what an audit finds: kinds of findings, what each means exactly, and how it is written down.

Where Wix's documents are silent, a kind is a guess, and says so.
"""

from __future__ import annotations

import csv
import enum
import io
from collections.abc import Mapping
from typing import Final

import attrs
import orjson

from wixreseller.bulk.catalogue import EMPTY, Catalogue
from wixreseller.models import BillingInfo

__all__ = [
    "FINDING_COLUMNS",
    "AuditSummary",
    "Finding",
    "FindingKind",
    "audit_exit_code",
    "to_csv_line",
    "to_json_line",
]


class FindingKind(enum.StrEnum):
    """What is wrong. The order is that in which reports show them."""

    FLOATING = "floating"
    DUPLICATE = "duplicate"
    HALF_CANCELED = "half_canceled"
    FAILED = "failed"
    PENDING = "pending"
    ORPHAN = "orphan"
    STRANGER = "stranger"

    @property
    def meaning(self) -> str:
        """What it says, exactly, of the package or instance."""
        return _MEANINGS[self]

    @property
    def is_guess(self) -> bool:
        """Whether it rests on something that Wix does not document."""
        return self in _GUESSES


_MEANINGS: Final[Mapping[FindingKind, str]] = {
    FindingKind.FLOATING: (
        "enabled, on no site, has billing and no reference instance that makes it free: paid for "
        "and used by nobody (a guess: Wix shows no prices)"
    ),
    FindingKind.DUPLICATE: (
        "a live package whose external id an older live package of the same account has"
    ),
    FindingKind.HALF_CANCELED: (
        "still enabled, in a package of which another instance is canceled: a cancel of the whole "
        "package would have left none (a guess: packages have no status, perhaps only that one "
        "instance was to go)"
    ),
    FindingKind.FAILED: "an instance that never was available",
    FindingKind.PENDING: "an instance that has been pending, unchanged, for too long",
    FindingKind.ORPHAN: "a live package that no order of the file asks for",
    FindingKind.STRANGER: "an order of the file that has no live package",
}
_GUESSES: Final = frozenset({FindingKind.FLOATING, FindingKind.HALF_CANCELED})


@attrs.frozen(kw_only=True)
class Finding:
    """Name one thing that costs money for nothing, or that someone should look at.

    ``package_id`` is absent where an order has no package, ``instance_id`` and what follows it
    where the finding is about a whole package.
    """

    kind: FindingKind
    detail: str
    account_id: str | None = None
    package_id: str | None = None
    external_id: str | None = None
    instance_id: str | None = None
    catalog_product_id: str | None = None
    billing_info: BillingInfo | None = None

    @property
    def is_guess(self) -> bool:
        """Whether it rests on something that Wix does not document."""
        return self.kind.is_guess


@attrs.frozen(kw_only=True)
class AuditSummary:
    """Count what an audit has read and found so far."""

    packages: int = 0
    instances: int = 0
    live: int = 0
    """Packages with an instance that is neither canceled nor failed."""
    findings: Mapping[FindingKind, int] = attrs.field(factory=dict[FindingKind, int])
    is_complete: bool = False
    """Whether everything was read."""

    @property
    def total(self) -> int:
        """How many findings there are."""
        return sum(self.findings.values())


def audit_exit_code(summary: AuditSummary) -> int:
    """Give the exit code of an audit that was not broken off: 1 with findings, 0 without."""
    return 1 if summary.total else 0


FINDING_COLUMNS: Final = (
    "kind",
    "guess",
    "account_id",
    "external_id",
    "package_id",
    "instance_id",
    "catalog_product_id",
    "product",
    "detail",
)
"""The columns of the CSV, and the keys of the NDJSON. ``product`` is the catalogue's name."""


def to_json_line(finding: Finding, catalogue: Catalogue = EMPTY) -> bytes:
    """Write a finding as one line of NDJSON; what there is not is ``null``."""
    return orjson.dumps(_record(finding, catalogue), option=orjson.OPT_APPEND_NEWLINE)


def to_csv_line(finding: Finding | None, catalogue: Catalogue = EMPTY) -> bytes:
    """Write a finding as one line of CSV; ``None`` gives the header."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    if finding is None:
        writer.writerow(FINDING_COLUMNS)
    else:
        record = _record(finding, catalogue)
        record["guess"] = "yes" if finding.is_guess else ""
        writer.writerow("" if value is None else value for value in record.values())
    # Before Python 3.13 the writer quotes only those line breaks that are in its terminator.
    return text.getvalue()[:-2].encode() + b"\n"


def _record(finding: Finding, catalogue: Catalogue) -> dict[str, str | bool | None]:
    values = (
        finding.kind.value,
        finding.is_guess,
        finding.account_id,
        finding.external_id,
        finding.package_id,
        finding.instance_id,
        finding.catalog_product_id,
        catalogue.name_of(finding.catalog_product_id, finding.billing_info),
        finding.detail,
    )
    return dict(zip(FINDING_COLUMNS, values, strict=True))
