"""Judge one order afterwards: what was asked, what the journal says of it, what is there. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from wixreseller._compare import compare, is_dead
from wixreseller.bulk.journal import Entry, Record, State
from wixreseller.bulk.results import Failed, Ok
from wixreseller.bulk.verdicts import CONFLICT, products_of
from wixreseller.bulk.verify_findings import Mismatch, MismatchKind
from wixreseller.models import Package, ProductInstance, Status

__all__ = ["judge", "judge_renamed", "package_named", "refusal_of"]

_UNSENT: Final = ("planned",)
_OPEN: Final = ("intent", "unknown")
_OF_FIELD: Final[Mapping[str, MismatchKind]] = {
    "catalog_product_id": MismatchKind.WRONG_PRODUCT,
    "site_id": MismatchKind.WRONG_SITE,
    "billing_info": MismatchKind.WRONG_BILLING,
}


def refusal_of(entry: Entry, record: Record | None) -> str | None:
    """Give code and message of an order that, as plan or journal say, was not carried out."""
    if record is not None and isinstance(record.outcome, Failed):
        return f"{record.outcome.code}: {record.outcome.message}"
    if entry.expects == "conflict" and (record is None or record.state == "planned"):
        return entry.note or CONFLICT
    return None


def package_named(entry: Entry, record: Record | None) -> str | None:
    """Give the package that an order made or found, as plan or journal say."""
    if record is not None and isinstance(record.outcome, Ok):
        return record.outcome.package_id
    return entry.package_id if entry.expects == "done" else None


def judge(
    entry: Entry, record: Record | None, found: Sequence[Package], *, has_journal: bool
) -> Iterator[Mismatch]:
    """Say what is not as it should be, given every package that has the id of an order.

    A ``record`` that is missing says the same as one in the state ``planned``.
    """
    state = _state(entry, record, has_journal=has_journal)
    rules = _judge_cancel if entry.operation == "cancel" else _judge_create
    yield from rules(entry, record, state, found)


def _state(entry: Entry, record: Record | None, *, has_journal: bool) -> State | None:
    """Give what a journal says; what a plan found done, and nobody touched, is done."""
    if record is not None and record.state != "planned":
        return record.state
    if entry.expects == "conflict":
        return "failed"
    if entry.expects == "done":
        return "done"
    return "planned" if has_journal else None


def judge_renamed(entry: Entry, package: Package) -> Iterator[Mismatch]:
    """Say what is not as it should be where the package is there, but not under its external id."""
    detail = f"package {package.id} has the external id {package.external_id!r} now"
    yield _about(MismatchKind.WRONG_EXTERNAL_ID, package, detail)
    yield from _against_order(entry, package)


# --- creates ------------------------------------------------------------------------------------


def _judge_create(
    entry: Entry, record: Record | None, state: State | None, found: Sequence[Package]
) -> Iterator[Mismatch]:
    live = [package for package in found if not is_dead(package)]
    # Of several dead ones, that which the journal names tells most.
    subject = live or _named_first(found, package_named(entry, record))[:1]
    if state == "failed":
        if not _is_in_the_way(entry, record):
            made = [package for package in found if not _is_canceled(package)]
            yield from _done_against(MismatchKind.FAILED_BUT_DONE, made)
        return
    if not subject:
        yield _absent(entry, record, state)
        return
    yield from _against_journal(entry, record, state, subject)
    if len(live) > 1:
        yield Mismatch(
            kind=MismatchKind.DUPLICATE,
            detail=f"{len(live)} live packages have this external id: {_ids(live)}",
            package_ids=tuple(package.id for package in live),
        )
    for package in subject:
        yield from _against_order(entry, package)
    yield from _twins(package for package in found if package not in subject)


def _is_in_the_way(entry: Entry, record: Record | None) -> bool:
    """Say whether an order failed because of the very packages that are there."""
    if record is None or record.outcome is None:
        return entry.expects == "conflict"
    return record.outcome.code == CONFLICT


def _absent(entry: Entry, record: Record | None, state: State | None) -> Mismatch:
    if state in _UNSENT:
        detail = "it was not sent yet"
        return Mismatch(kind=MismatchKind.NOT_SENT, detail=detail)
    if state in _OPEN:
        detail = f"the journal says {state!r}, and no package of the external id can be seen"
        return Mismatch(kind=MismatchKind.UNKNOWN_NOT_DONE, detail=detail)
    named = package_named(entry, record)
    detail = "no package of the external id can be seen"
    ids = () if named is None else (named,)
    return Mismatch(kind=MismatchKind.MISSING, detail=detail, package_ids=ids)


def _against_journal(
    entry: Entry, record: Record | None, state: State | None, subject: Sequence[Package]
) -> Iterator[Mismatch]:
    if state in _UNSENT:
        yield from _done_against(MismatchKind.NOT_SENT_BUT_DONE, subject)
    elif state in _OPEN:
        yield from _done_against(MismatchKind.UNKNOWN_DONE, subject)
    named = package_named(entry, record)
    if named is not None and named.lower() not in {package.id.lower() for package in subject}:
        yield Mismatch(
            kind=MismatchKind.OTHER_PACKAGE,
            detail=f"the journal names package {named}, and there is {_ids(subject)}",
            package_ids=(named, *(package.id for package in subject)),
        )


def _done_against(kind: MismatchKind, packages: Sequence[Package]) -> Iterator[Mismatch]:
    if packages:
        yield Mismatch(
            kind=kind,
            detail=f"there {'are' if len(packages) > 1 else 'is'} {_ids(packages)}",
            package_ids=tuple(package.id for package in packages),
        )


def _against_order(entry: Entry, package: Package) -> Iterator[Mismatch]:
    for difference in compare(package, products_of(entry)):
        kind = _OF_FIELD.get(difference.field, MismatchKind.DIFFERENT)
        if kind is MismatchKind.WRONG_SITE and difference.actual is None:
            kind = MismatchKind.FLOATING
        yield _about(kind, package, difference.text)
    for instance in package.product_instances:
        if instance.status == Status.FAILED:
            yield _about(MismatchKind.FAILED, package, _failure(instance))
        elif instance.status == Status.CANCELED:
            yield _about(MismatchKind.CANCELED, package, f"{_name(instance)} is canceled")
        elif instance.status == Status.PENDING:
            yield _about(MismatchKind.PENDING, package, f"{_name(instance)} is pending")
        elif instance.status == Status.AWAITING_ACTION:
            detail = f"{_name(instance)} awaits an action"
            yield _about(MismatchKind.AWAITING_ACTION, package, detail)


def _twins(packages: Iterable[Package]) -> Iterator[Mismatch]:
    for package in packages:
        word = "canceled" if _is_canceled(package) else "failed"
        detail = f"package {package.id} of the same external id is {word}"
        yield _about(MismatchKind.DEAD_TWIN, package, detail)


# --- cancels ------------------------------------------------------------------------------------


def _judge_cancel(
    entry: Entry, record: Record | None, state: State | None, found: Sequence[Package]
) -> Iterator[Mismatch]:
    live = [package for package in found if not is_dead(package)]
    is_done = bool(found) and not live
    if state == "failed":
        canceled = [package for package in found if _is_canceled(package)]
        if is_done and canceled:
            yield from _done_against(MismatchKind.FAILED_BUT_DONE, canceled)
    elif state in _UNSENT:
        kind = MismatchKind.NOT_SENT_BUT_DONE if is_done else MismatchKind.NOT_SENT
        yield Mismatch(kind=kind, detail="it is canceled" if is_done else "it was not sent yet")
    elif state in _OPEN:
        kind = MismatchKind.UNKNOWN_DONE if is_done else MismatchKind.UNKNOWN_NOT_DONE
        now = "is canceled" if is_done else "lives" if live else "cannot be seen"
        yield Mismatch(
            kind=kind,
            detail=f"the journal says {state!r}, and the package {now}",
            package_ids=tuple(package.id for package in found),
        )
    elif not found:
        named = package_named(entry, record) or entry.package_id
        detail = f"package {named} cannot be seen" if named else "no such package can be seen"
        ids = () if named is None else (named,)
        yield Mismatch(kind=MismatchKind.MISSING, detail=detail, package_ids=ids)
    else:
        for package in live:
            rest = [item for item in package.product_instances if not _is_over(item)]
            names = ", ".join(_name(item) for item in rest)
            yield _about(MismatchKind.NOT_CANCELED, package, f"these live: {names}")


# --- words --------------------------------------------------------------------------------------


def _about(kind: MismatchKind, package: Package, detail: str) -> Mismatch:
    return Mismatch(kind=kind, detail=detail, package_ids=(package.id,))


def _named_first(packages: Sequence[Package], named: str | None) -> Sequence[Package]:
    return sorted(packages, key=lambda package: package.id.lower() != (named or "").lower())


def _is_canceled(package: Package) -> bool:
    # What failed before never was available, and may keep its status when the rest is canceled.
    statuses = {instance.status for instance in package.product_instances}
    return Status.CANCELED in statuses and is_dead(package)


def _is_over(instance: ProductInstance) -> bool:
    return instance.status in (Status.CANCELED, Status.FAILED)


def _failure(instance: ProductInstance) -> str:
    failure = instance.failure
    code = None if failure is None or failure.code is None else failure.code.value
    message = None if failure is None else failure.message
    reason = ": ".join(part for part in (code, message) if part) or "Wix gives no reason"
    return f"{_name(instance)} failed: {reason}"


def _name(instance: ProductInstance) -> str:
    return f"instance {instance.instance_id} of product {instance.catalog_product_id}"


def _ids(packages: Sequence[Package]) -> str:
    noun = "package" if len(packages) == 1 else "packages"
    return f"{noun} {', '.join(package.id for package in packages)}"
