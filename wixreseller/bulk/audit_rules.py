"""Judge packages: each rule says what of a package costs money for nothing, from its fields alone.

:class:`~wixreseller.bulk.findings.FindingKind` says which rules are guesses.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from wixreseller.bulk.findings import Finding, FindingKind
from wixreseller.models import BillingInfo, Package, ProductInstance, Status

__all__ = ["duplicate", "failed", "floating", "half_canceled", "pending"]


def floating(package: Package) -> Iterator[Finding]:
    """Find enabled instances on no site that have billing and no reference to be free by."""
    for instance in package.enabled_instances:
        # Billing that could not be read is billing all the same.
        is_billed = instance.billing_info is not None or "billingInfo" in instance.extra
        if instance.is_floating and is_billed and instance.reference_product_instance_id is None:
            detail = f"{_billing(instance.billing_info)}; on no site"
            if instance.updated_date is not None:
                detail += f", last changed {_moment(instance.updated_date)}"
            yield _about(FindingKind.FLOATING, package, instance, detail)


def half_canceled(package: Package, now: datetime) -> Iterator[Finding]:
    """Find enabled instances beside canceled ones; expired ones do not count as canceled."""
    canceled = [
        instance
        for instance in package.product_instances
        if instance.status == Status.CANCELED and not _has_expired(instance, now)
    ]
    if not canceled:
        return
    whole = len(package.product_instances)
    for instance in package.enabled_instances:
        detail = f"{len(canceled)} of {whole} instances of its package are canceled"
        yield _about(FindingKind.HALF_CANCELED, package, instance, detail)


def _has_expired(instance: ProductInstance, now: datetime) -> bool:
    # What was bought once ends by itself, and nobody canceled it.
    return instance.expiration_date is not None and instance.expiration_date <= now


def failed(package: Package) -> Iterator[Finding]:
    """Find instances that never were available."""
    for instance in package.failed_instances:
        failure = instance.failure
        code = None if failure is None or failure.code is None else failure.code.value
        message = None if failure is None else failure.message
        detail = ": ".join(part for part in (code, message) if part) or "Wix gives no reason"
        yield _about(FindingKind.FAILED, package, instance, detail)


def pending(package: Package, now: datetime, too_long: timedelta) -> Iterator[Finding]:
    """Find instances that are pending and were not updated for too long."""
    for instance in package.product_instances:
        if instance.status != Status.PENDING:
            continue
        # An adjust may make an old instance pending anew, so its creation is not what counts.
        since = instance.updated_date or instance.created_date or package.created_date
        if since is not None and now - since > too_long:
            detail = f"for {_duration(now - since)}, since {_moment(since)}"
            yield _about(FindingKind.PENDING, package, instance, detail)


def duplicate(package: Package, first: Package) -> Finding:
    """Say that a package has the external id of an older one."""
    detail = f"package {first.id} has this external id too"
    if first.created_date is not None:
        detail += f", since {_moment(first.created_date)}"
    return _about(FindingKind.DUPLICATE, package, None, detail)


def _about(
    kind: FindingKind, package: Package, instance: ProductInstance | None, detail: str
) -> Finding:
    return Finding(
        kind=kind,
        detail=detail,
        account_id=package.account_id,
        package_id=package.id,
        external_id=package.external_id,
        instance_id=None if instance is None else instance.instance_id,
        catalog_product_id=None if instance is None else instance.catalog_product_id,
        billing_info=None if instance is None else instance.billing_info,
    )


def _billing(billing: BillingInfo | None) -> str:
    if billing is None or billing.type is None:
        return "billed"
    cycle = billing.cycle_duration
    return (
        str(billing.type) if cycle is None else f"{billing.type}, every {cycle.count} {cycle.unit}"
    )


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _duration(length: timedelta) -> str:
    if length.days >= 2:
        return f"{length.days} days"
    hours, seconds = divmod(int(length.total_seconds()), 3600)
    return f"{hours} h {seconds // 60} min" if hours else f"{seconds // 60} min"
