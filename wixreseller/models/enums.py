"""Define the open enums: the API is in preview, so a value not listed here must break nobody."""

from __future__ import annotations

import enum

__all__ = ["BillingType", "CycleUnit", "ErrorCode", "FailureCode", "OpenEnum", "Status"]


class OpenEnum(enum.StrEnum):
    """Be a string enum that keeps a value it does not know.

    ``Status("SOMETHING_NEW")`` equals ``"SOMETHING_NEW"``, keeps it in ``.value``, writes it back
    unchanged, pickles and copies; only :attr:`is_known` tells it apart.
    """

    @classmethod
    def _missing_(cls, value: object) -> OpenEnum | None:
        if not isinstance(value, str):
            return None
        unknown = str.__new__(cls, value)
        unknown._name_ = value
        unknown._value_ = value
        return unknown

    def __reduce_ex__(self, proto: object) -> tuple[type[OpenEnum], tuple[str]]:
        # Python 3.11 pickles members by name, which an unknown value has none of.
        return type(self), (str(self.value),)

    @property
    def is_known(self) -> bool:
        """Whether this version of the library lists the value."""
        return type(self).__members__.get(self.name) is self


class Status(OpenEnum):
    """State of a product instance (wire: ``status``)."""

    PENDING = "PENDING"
    """Not yet available to the customer."""
    ENABLED = "ENABLED"
    """Usable. Some answers are documented to say ``ACTIVE``, which is read as this."""
    CANCELED = "CANCELED"
    FAILED = "FAILED"
    """Never was available; see ``ProductInstance.failure``."""
    AWAITING_ACTION = "AWAITING_ACTION"
    """A provider or the customer must act."""


class FailureCode(OpenEnum):
    """Why an instance has the status ``FAILED`` (wire: ``failure.code``)."""

    UNKNOWN = "UNKNOWN"
    DELIVERY_TIMEOUT = "DELIVERY_TIMEOUT"
    EXTERNAL_FAILURE = "EXTERNAL_FAILURE"


class BillingType(OpenEnum):
    """How an instance is paid for (wire: ``billingInfo.type``)."""

    UNKNOWN = "UNKNOWN"
    ONE_TIME = "ONE_TIME"
    RECURRING = "RECURRING"


class CycleUnit(OpenEnum):
    """Unit of a billing cycle (wire: ``billingInfo.cycleDuration.unit``)."""

    UNKNOWN = "UNKNOWN"
    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    YEAR = "YEAR"


class ErrorCode(OpenEnum):
    """Wix's application codes that are documented for create and adjust."""

    PRODUCT_NOT_FOUND = "PRODUCT_NOT_FOUND"
    """On create, adjust, 404: the product id is not in the catalog."""
    ACCOUNT_NOT_FOUND = "ACCOUNT_NOT_FOUND"
    """On create, 404: there is no such account as the call names."""
    SITE_NOT_FOUND = "SITE_NOT_FOUND"
    """On create, adjust, assign, 404: the site is missing, or of another account."""
    PRODUCT_LIMIT_EXCEEDED = "PRODUCT_LIMIT_EXCEEDED"
    """On create, adjust, 428: too many subscriptions of this product."""
    PRODUCT_SETTINGS_NOT_FOUND = "PRODUCT_SETTINGS_NOT_FOUND"
    """On create, adjust, 428: the product is not fully defined at Wix."""
    MISSING_BILLING_CYCLE = "MISSING_BILLING_CYCLE"
    """On create, adjust, 428: the product has several cycles, and none was given."""
    INCOMPATIBLE_BILLING_CYCLE = "INCOMPATIBLE_BILLING_CYCLE"
    """On create, adjust, 428: the cycle is not one of this product's."""
    INVALID_BILLING_CYCLE = "INVALID_BILLING_CYCLE"
    """On create, adjust, 428: the cycle is not one of any product's."""
    INVALID_PRODUCTS = "INVALID_PRODUCTS"
    """On create, adjust, 428: product ids that are not supported."""
    MULTIPLE_PRODUCT_ASSIGNMENTS = "MULTIPLE_PRODUCT_ASSIGNMENTS"
    """On create, adjust, 428: products that cannot go to one site together."""
    PRODUCT_TYPE_ALREADY_ASSIGNED = "PRODUCT_TYPE_ALREADY_ASSIGNED"
    """On create, adjust, 428: the site already has a product of that type."""
    PRODUCT_NOT_SUPPORTED_ON_SITE = "PRODUCT_NOT_SUPPORTED_ON_SITE"
    """On create, adjust, 428: the site lacks what the product needs, a Premium plan say."""
    PRODUCT_INSTANCE_NOT_FOUND = "PRODUCT_INSTANCE_NOT_FOUND"
    """On adjust, 428: there is no such instance in this account."""
    INCOMPATIBLE_PRODUCT_INSTANCE_STATUS = "INCOMPATIBLE_PRODUCT_INSTANCE_STATUS"
    """On adjust, 428: the status of the instance forbids the change."""
    INCOMPATIBLE_PRODUCT = "INCOMPATIBLE_PRODUCT"
    """On adjust, 428: the new product is of another product type."""
    MISSING_PRODUCT_DETAILS = "MISSING_PRODUCT_DETAILS"
    """On adjust, 428: the cycle, the product or the billing is missing."""
