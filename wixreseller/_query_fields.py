"""Say to type checkers which operators each field of ``Q`` takes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from wixreseller.models import BillingType, CycleUnit, FailureCode, JSONObject, Status
    from wixreseller.query import Filter, Sort

__all__ = [
    "BillingInfoField",
    "CycleDurationField",
    "DateField",
    "FailureField",
    "MembersField",
    "PackageFields",
    "ProductInstancesField",
    "TextField",
]

V_contra = TypeVar("V_contra", contravariant=True)


class TextField(Protocol):
    """A field of the package that holds text: an id."""

    def __eq__(self, value: str) -> Filter:  # type: ignore[override]  # a filter, not a bool
        ...

    def __ne__(self, value: str) -> Filter:  # type: ignore[override]  # a filter, not a bool
        ...

    def __hash__(self) -> int: ...

    def in_(self, values: Iterable[str]) -> Filter:
        """Match any of the values, of which there must be one at least."""
        ...

    def exists(self, value: bool = True) -> Filter:
        """Match packages that have the field; with ``False`` those that have not."""
        ...


class DateField(Protocol):
    """A date of the package; compare it with aware datetimes."""

    def __eq__(self, value: datetime) -> Filter:  # type: ignore[override]  # a filter, not a bool
        ...

    def __ne__(self, value: datetime) -> Filter:  # type: ignore[override]  # a filter, not a bool
        ...

    def __hash__(self) -> int: ...

    def __gt__(self, value: datetime) -> Filter: ...

    def __lt__(self, value: datetime) -> Filter: ...

    def __ge__(self, value: datetime) -> Filter: ...

    def __le__(self, value: datetime) -> Filter: ...

    def asc(self) -> Sort:
        """Sort by the date, oldest first."""
        ...

    def desc(self) -> Sort:
        """Sort by the date, newest first."""
        ...


class MembersField(Protocol[V_contra]):
    """A field of the instances of a package, of which there may be several."""

    def has_some(self, *values: V_contra) -> Filter:
        """Match packages with an instance that has one of the values."""
        ...

    def has_all(self, *values: V_contra) -> Filter:
        """Match packages among whose instances each value is found."""
        ...


class FailureField(MembersField[JSONObject], Protocol):
    """Why instances failed. Wix compares whole objects; prefer the fields below."""

    @property
    def code(self) -> MembersField[FailureCode | str]: ...
    @property
    def message(self) -> MembersField[str]: ...


class CycleDurationField(MembersField[JSONObject], Protocol):
    """Billing cycles of instances. Wix compares whole objects; prefer the fields below."""

    @property
    def unit(self) -> MembersField[CycleUnit | str]: ...
    @property
    def count(self) -> MembersField[int]: ...


class BillingInfoField(MembersField[JSONObject], Protocol):
    """How instances are paid for. Wix compares whole objects; prefer the fields below."""

    @property
    def type(self) -> MembersField[BillingType | str]: ...
    @property
    def cycle_duration(self) -> CycleDurationField: ...


class ProductInstancesField(MembersField[JSONObject], Protocol):
    """The instances of a package. Wix compares whole objects; prefer the fields below."""

    @property
    def instance_id(self) -> MembersField[str]: ...
    @property
    def site_id(self) -> MembersField[str]: ...
    @property
    def catalog_product_id(self) -> MembersField[str]: ...
    @property
    def status(self) -> MembersField[Status | str]: ...
    @property
    def failure(self) -> FailureField: ...
    @property
    def billing_info(self) -> BillingInfoField: ...
    @property
    def created_date(self) -> MembersField[datetime]: ...
    @property
    def updated_date(self) -> MembersField[datetime]: ...
    @property
    def country_code(self) -> MembersField[str]: ...


class PackageFields(Protocol):
    """Every field that packages can be filtered on."""

    @property
    def id(self) -> TextField: ...
    @property
    def account_id(self) -> TextField: ...
    @property
    def external_id(self) -> TextField: ...
    @property
    def created_date(self) -> DateField: ...
    @property
    def updated_date(self) -> DateField: ...
    @property
    def product_instances(self) -> ProductInstancesField: ...
