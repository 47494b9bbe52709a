"""Offer the calls on product instances."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wixreseller import _operations
from wixreseller._calls import Calls
from wixreseller._first_use import LateModule
from wixreseller._sentinels import UNSET, Seconds, Unset
from wixreseller.errors import ConfigurationError
from wixreseller.models import BillingInfo, Package, checks

if TYPE_CHECKING:
    from wixreseller import _writes, reconcile
else:
    reconcile = LateModule("wixreseller.reconcile", globals())
    _writes = LateModule("wixreseller._writes", globals())

__all__ = ["AsyncProductInstances"]


class AsyncProductInstances:
    """Move, change and cancel single instances; ``client.product_instances``.

    Each call answers with the whole package that holds the instance. Arguments that all calls
    share are described at :class:`~wixreseller.resources.packages.AsyncPackages`. In the examples
    ``instance`` is one of a package, and ``site_id`` names a site of its account.
    """

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def assign_to_site(
        self,
        instance_id: str,
        *,
        site_id: str,
        idempotency_key: str | None = None,
        account_id: str | None = None,
        timeout: Seconds | Unset = UNSET,
        deadline: Seconds | Unset = UNSET,
    ) -> Package:
        """Put an instance on a site of the account, or move it there from another.

        If the call fails, the instance may be on the old site or on none: ``site_state`` of the
        error says where it is then, read back.

        Example::

            moved = await client.product_instances.assign_to_site(
                instance.instance_id, site_id=site_id
            )

        Raises:
            NotFoundError: the account has no such instance or site.
            OutcomeUnknownError: it was sent and the answer was lost.
        """
        request = _operations.assign_product_instance_to_site(
            self._calls.account(account_id),
            self._calls.key(idempotency_key),
            checks.guid(instance_id, "instance_id"),
            checks.guid(site_id, "site_id"),
        )
        return await reconcile.assign(self._calls, request, self._calls.times(timeout, deadline))

    async def unassign_from_site(
        self,
        instance_id: str,
        *,
        idempotency_key: str | None = None,
        account_id: str | None = None,
        timeout: Seconds | Unset = UNSET,
        deadline: Seconds | Unset = UNSET,
    ) -> Package:
        """Take an instance off its site: it floats, and is paid for all the same.

        Example::

            floating = await client.product_instances.unassign_from_site(instance.instance_id)

        Raises:
            NotFoundError: the account has no such instance.
            OutcomeUnknownError: it was sent and the answer was lost.
        """
        request = _operations.unassign_product_instance_from_site(
            self._calls.account(account_id),
            self._calls.key(idempotency_key),
            checks.guid(instance_id, "instance_id"),
        )
        return await _writes.write(self._calls, request, self._calls.times(timeout, deadline))

    async def cancel(
        self,
        instance_id: str,
        *,
        idempotency_key: str | None = None,
        account_id: str | None = None,
        timeout: Seconds | Unset = UNSET,
        deadline: Seconds | Unset = UNSET,
    ) -> Package:
        """Cancel one instance. The customer loses access at once, for good.

        Example::

            package = await client.product_instances.cancel(instance.instance_id)

        Raises:
            NotFoundError: the account has no such instance.
            OutcomeUnknownError: it was sent and the answer was lost.
        """
        request = _operations.cancel_product_instance(
            self._calls.account(account_id),
            self._calls.key(idempotency_key),
            checks.guid(instance_id, "instance_id"),
        )
        return await _writes.write(self._calls, request, self._calls.times(timeout, deadline))

    async def adjust_specifications(
        self,
        instance_id: str,
        *,
        catalog_product_id: str | None = None,
        billing_info: BillingInfo | None = None,
        discount_code: str | None = None,
        idempotency_key: str | None = None,
        account_id: str | None = None,
        timeout: Seconds | Unset = UNSET,
        deadline: Seconds | Unset = UNSET,
    ) -> Package:
        """Change an instance's product (an up- or downgrade) or its billing.

        At least one of ``catalog_product_id`` (of the same product type) and ``billing_info`` is
        needed. ``discount_code`` (at most 25 characters) counts only with a new product.

        Example::

            monthly = BillingInfo.recurring(1, CycleUnit.MONTH)
            adjusted = await client.product_instances.adjust_specifications(
                instance.instance_id, billing_info=monthly
            )

        Raises:
            ConfigurationError: neither was given, or one that Wix would refuse.
            NotFoundError, FailedPreconditionError: a business rule; ``code`` says which.
            OutcomeUnknownError: it was sent and the answer was lost.
        """
        if catalog_product_id is None and billing_info is None:
            raise ConfigurationError(
                "adjust_specifications needs catalog_product_id or billing_info, or both",
                field="catalog_product_id",
            )
        request = _operations.adjust_product_instance_specifications(
            self._calls.account(account_id),
            self._calls.key(idempotency_key),
            checks.guid(instance_id, "instance_id"),
            catalog_product_id=checks.optional_guid(catalog_product_id, "catalog_product_id"),
            billing_info=None
            if billing_info is None
            else checks.instance_of(billing_info, BillingInfo, "billing_info"),
            discount_code=checks.discount_code(discount_code),
        )
        return await _writes.write(self._calls, request, self._calls.times(timeout, deadline))
