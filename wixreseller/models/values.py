"""Define the values: what Wix answers with, and what a create sends.

All are frozen and keyword-only. Keys that this version does not know are kept in ``.extra`` and
written back unchanged; ``.extra`` and ``.meta`` take no part in equality or hash. Dates are aware
UTC datetimes. Names and limits follow the schema of the Resellers API.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

import attrs

from wixreseller.errors import ConfigurationError
from wixreseller.models import checks, text
from wixreseller.models.enums import BillingType, CycleUnit, FailureCode, Status
from wixreseller.models.extra import NO_EXTRA, freeze
from wixreseller.models.json import JSONValue

__all__ = [
    "BillingInfo",
    "CallMeta",
    "CycleDuration",
    "Failure",
    "Package",
    "Page",
    "PagingMetadata",
    "Product",
    "ProductInstance",
]


_OVER = frozenset({Status.CANCELED, Status.FAILED})


def _unit(value: CycleUnit | str) -> CycleUnit:
    return checks.open_enum(value, CycleUnit, "cycle_duration.unit")


def _type(value: BillingType | str | None) -> BillingType | None:
    return None if value is None else checks.open_enum(value, BillingType, "billing_info.type")


@attrs.frozen(kw_only=True)
class CallMeta:
    """Tell how a call went: ``.meta`` on what calls return."""

    status: int
    """HTTP status of the answer."""
    request_id: str | None = None
    """``X-Wix-Request-Id``: what Wix support asks for."""
    attempts: int = 1
    """How many requests were handed to the network."""
    waited: float = 0.0
    """Seconds spent waiting for the limiter and between attempts."""
    idempotency_key: str | None = None
    """The key that a write carried."""


@attrs.frozen(kw_only=True)
class CycleDuration:
    """Length of a billing cycle: ``count`` times ``unit``."""

    unit: CycleUnit = attrs.field(converter=_unit)
    count: int
    extra: Mapping[str, JSONValue] = attrs.field(
        default=NO_EXTRA, converter=freeze, eq=False, repr=False
    )

    def __attrs_post_init__(self) -> None:
        checks.cycle_count(self.count)

    def __repr__(self) -> str:
        return text.line("CycleDuration", text.cycle(self))


@attrs.frozen(kw_only=True)
class BillingInfo:
    """How an instance is billed: once, or every cycle.

    Use :meth:`one_time` and :meth:`recurring`. On read, either part may be missing.
    """

    type: BillingType | None = attrs.field(default=None, converter=_type)
    cycle_duration: CycleDuration | None = None
    extra: Mapping[str, JSONValue] = attrs.field(
        default=NO_EXTRA, converter=freeze, eq=False, repr=False
    )

    def __attrs_post_init__(self) -> None:
        if self.cycle_duration is not None:
            checks.instance_of(self.cycle_duration, CycleDuration, "billing_info.cycle_duration")
        if self.type == BillingType.RECURRING and self.cycle_duration is None:
            raise ConfigurationError(
                "billing_info: RECURRING needs cycle_duration (a unit and a count)",
                field="billing_info.cycle_duration",
            )
        if self.type == BillingType.ONE_TIME and self.cycle_duration is not None:
            raise ConfigurationError(
                "billing_info: ONE_TIME takes no cycle_duration",
                field="billing_info.cycle_duration",
            )

    @classmethod
    def recurring(cls, count: int, unit: CycleUnit) -> BillingInfo:
        """Bill every ``count`` units: ``BillingInfo.recurring(1, CycleUnit.YEAR)``."""
        # Nobody can change it, so one does for all that are billed alike: that saves a twentieth
        # of the work of a create.
        is_usual = type(unit) is CycleUnit and type(count) is int
        if is_usual and (shared := _shared.get((unit, count))) is not None:
            return shared
        made = cls(type=BillingType.RECURRING, cycle_duration=CycleDuration(unit=unit, count=count))
        if is_usual and len(_shared) < _MOST_SHARED:
            _shared[unit, count] = made
        return made

    @classmethod
    def one_time(cls) -> BillingInfo:
        """Bill once; the instance expires and does not renew."""
        return cls(type=BillingType.ONE_TIME)

    def __repr__(self) -> str:
        return text.line("BillingInfo", text.billing(self))


_MOST_SHARED: Final = 256
"""How many kinds of billing are remembered; a reseller has a dozen."""
_shared: Final[dict[tuple[CycleUnit, int], BillingInfo]] = {}


@attrs.frozen(kw_only=True)
class Product:
    """What a create orders: one product, which becomes one product instance.

    ``country_code`` (ISO 3166-1 alpha-2) is required by Create Package V2. Without ``site_id``
    the instance is *floating*. ``discount_code`` (at most 25 characters) cannot be added later;
    an invalid one does not fail the call, there is just no discount.
    ``reference_product_instance_id`` names the instance whose purchase makes this one free.

    Raises:
        ConfigurationError: a field that Wix would refuse; the message names it.
    """

    catalog_product_id: str
    country_code: str
    site_id: str | None = None
    billing_info: BillingInfo | None = None
    discount_code: str | None = None
    reference_product_instance_id: str | None = None
    extra: Mapping[str, JSONValue] = attrs.field(
        default=NO_EXTRA, converter=freeze, eq=False, repr=False
    )

    def __attrs_post_init__(self) -> None:
        checks.guid(self.catalog_product_id, "catalog_product_id")
        checks.country_code(self.country_code)
        if self.site_id is not None:
            checks.guid(self.site_id, "site_id")
        if self.discount_code is not None:
            checks.discount_code(self.discount_code)
        if self.reference_product_instance_id is not None:
            checks.guid(self.reference_product_instance_id, "reference_product_instance_id")
        if self.billing_info is not None:
            checks.instance_of(self.billing_info, BillingInfo, "billing_info")

    def __repr__(self) -> str:
        return text.line(
            "Product",
            text.brief_id(self.catalog_product_id),
            self.country_code,
            "floating" if self.site_id is None else f"site={text.brief_id(self.site_id)}",
            text.billing(self.billing_info),
        )


@attrs.frozen(kw_only=True)
class Failure:
    """Why an instance failed."""

    code: FailureCode | None = None
    message: str | None = None
    extra: Mapping[str, JSONValue] = attrs.field(
        default=NO_EXTRA, converter=freeze, eq=False, repr=False
    )

    def __repr__(self) -> str:
        code = None if self.code is None else text.plain(self.code)
        return text.line("Failure", code, text.quoted(self.message))


@attrs.frozen(kw_only=True)
class ProductInstance:
    """One sold product inside a package.

    ``instance_id`` is its own id, not that of the catalogue. Without ``site_id`` it is *floating*:
    paid for and used by no site. ``failure`` comes only with the status ``FAILED``,
    ``expiration_date`` only for what does not renew.
    """

    instance_id: str
    catalog_product_id: str | None = None
    site_id: str | None = None
    status: Status | None = None
    failure: Failure | None = None
    billing_info: BillingInfo | None = None
    country_code: str | None = None
    discount_code: str | None = None
    reference_product_instance_id: str | None = None
    expiration_date: datetime | None = None
    created_date: datetime | None = None
    updated_date: datetime | None = None
    extra: Mapping[str, JSONValue] = attrs.field(
        default=NO_EXTRA, converter=freeze, eq=False, repr=False
    )

    @property
    def is_floating(self) -> bool:
        """Whether it is on no site and could be put on one: paid for, and used by nobody.

        A canceled or failed instance is over, so it does not float even if it is on no site.
        """
        # A site id that could not be read is a site all the same.
        has_site = self.site_id is not None or "siteId" in self.extra
        return not has_site and self.status not in _OVER

    @property
    def is_settled(self) -> bool:
        """Whether it is no longer ``PENDING``, be it enabled, failed, canceled or awaiting action.

        It is what :meth:`~wixreseller.resources.packages.AsyncPackages.wait_until_settled` waits
        for.
        """
        return self.status != Status.PENDING

    def __repr__(self) -> str:
        failure = self.failure
        return text.line(
            "ProductInstance",
            text.whole_id(self.instance_id),
            "without status" if self.status is None else text.plain(self.status),
            None if failure is None or failure.code is None else f"({text.plain(failure.code)})",
            None
            if self.catalog_product_id is None
            else f"product={text.brief_id(self.catalog_product_id)}",
            None if self.site_id is None else f"site={text.brief_id(self.site_id)}",
            "floating" if self.is_floating else None,
        )


@attrs.frozen(kw_only=True)
class Package:
    """A package: what one create sold to one account."""

    id: str
    account_id: str | None = None
    external_id: str | None = None
    product_instances: tuple[ProductInstance, ...] = ()
    created_date: datetime | None = None
    updated_date: datetime | None = None
    parent_account_id: str | None = None
    extra: Mapping[str, JSONValue] = attrs.field(
        default=NO_EXTRA, converter=freeze, eq=False, repr=False
    )
    meta: CallMeta | None = attrs.field(default=None, eq=False, repr=False)

    @property
    def enabled_instances(self) -> tuple[ProductInstance, ...]:
        """Those that the customer can use: status ``ENABLED``."""
        return tuple(item for item in self.product_instances if item.status == Status.ENABLED)

    @property
    def floating_instances(self) -> tuple[ProductInstance, ...]:
        """Those on no site that could be put on one; canceled and failed ones do not count."""
        return tuple(item for item in self.product_instances if item.is_floating)

    @property
    def failed_instances(self) -> tuple[ProductInstance, ...]:
        """Those that never became available: status ``FAILED``; their ``failure`` says why."""
        return tuple(item for item in self.product_instances if item.status == Status.FAILED)

    def __repr__(self) -> str:
        return text.line(
            "Package",
            text.whole_id(self.id),
            text.quoted(self.external_id),
            f"({text.counts(self.product_instances)})",
        )

    def _repr_html_(self) -> str:
        from wixreseller.models import html  # only notebooks need it

        return html.package_table(self)


@attrs.frozen(kw_only=True)
class PagingMetadata:
    """Where a page stands among the results (wire: ``metadata``)."""

    count: int | None = None
    next_cursor: str | None = None
    prev_cursor: str | None = None
    offset: int | None = None
    total: int | None = None
    too_many_to_count: bool | None = None
    has_next: bool | None = None
    extra: Mapping[str, JSONValue] = attrs.field(
        default=NO_EXTRA, converter=freeze, eq=False, repr=False
    )

    def __repr__(self) -> str:
        values = attrs.asdict(self, filter=attrs.filters.exclude("extra", type(None)))
        parts = (f"{name}={checks.shorten(value, 40)}" for name, value in values.items())
        return text.line("PagingMetadata", *parts)


@attrs.frozen(kw_only=True)
class Page:
    """One page of a query: iterate it for its packages."""

    packages: tuple[Package, ...] = ()
    metadata: PagingMetadata = attrs.field(factory=PagingMetadata)
    extra: Mapping[str, JSONValue] = attrs.field(
        default=NO_EXTRA, converter=freeze, eq=False, repr=False
    )
    meta: CallMeta | None = attrs.field(default=None, eq=False, repr=False)

    def __iter__(self) -> Iterator[Package]:
        return iter(self.packages)

    def __len__(self) -> int:
        return len(self.packages)

    def __repr__(self) -> str:
        follows = None if self.metadata.next_cursor is None else "(more follow)"
        return text.line("Page", text.count(len(self), "package"), follows)

    def _repr_html_(self) -> str:
        from wixreseller.models import html  # only notebooks need it

        return html.page_table(self)
