"""Say what to do next about an error of a call, in terms of the command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from wixreseller import errors
from wixreseller.models import ErrorCode

__all__ = ["REFUSALS", "next_step"]

_DOCTOR: Final = "'wixreseller doctor' finds out what is in the way"
_CYCLE: Final = "name a cycle that the product has, with --cycle-unit and --cycle-count"
_PRODUCT: Final = "check the product's GUID, or the catalogue that named it"
_INSTANCE: Final = "look at the package, with 'wixreseller packages get'"

REFUSALS: Final[Mapping[ErrorCode, str]] = {
    ErrorCode.PRODUCT_NOT_FOUND: _PRODUCT,
    ErrorCode.ACCOUNT_NOT_FOUND: (
        "check the account: 'wixreseller doctor' says which was named, and by what"
    ),
    ErrorCode.SITE_NOT_FOUND: "check --site: it must be a site of the account of the call",
    ErrorCode.PRODUCT_LIMIT_EXCEEDED: (
        "cancel one of the account's, or take another product; 'wixreseller packages query "
        "--product' lists them"
    ),
    ErrorCode.PRODUCT_SETTINGS_NOT_FOUND: "Wix has to define the product: ask their support",
    ErrorCode.MISSING_BILLING_CYCLE: _CYCLE,
    ErrorCode.INCOMPATIBLE_BILLING_CYCLE: _CYCLE,
    ErrorCode.INVALID_BILLING_CYCLE: _CYCLE,
    ErrorCode.INVALID_PRODUCTS: _PRODUCT,
    ErrorCode.MULTIPLE_PRODUCT_ASSIGNMENTS: "put one of them on another site, or on none",
    ErrorCode.PRODUCT_TYPE_ALREADY_ASSIGNED: (
        "take the other one off its site first, with 'wixreseller instances unassign', or change "
        "it, with 'wixreseller instances adjust'"
    ),
    ErrorCode.PRODUCT_NOT_SUPPORTED_ON_SITE: "sell the site first what the product needs",
    ErrorCode.PRODUCT_INSTANCE_NOT_FOUND: (
        "check the id, and the account: 'wixreseller packages query' lists what there is"
    ),
    ErrorCode.INCOMPATIBLE_PRODUCT_INSTANCE_STATUS: _INSTANCE,
    ErrorCode.INCOMPATIBLE_PRODUCT: "take a product of the same type, or cancel and sell anew",
    ErrorCode.MISSING_PRODUCT_DETAILS: "name a product with --product, or a billing, or both",
}
"""What to do about each application code that Wix documents."""


def next_step(error: Exception) -> str | None:
    """Say what to do about an error; ``None`` where its own words say so."""
    if isinstance(error, errors.OutcomeUnknownError):
        return _after_unknown(error)
    if isinstance(error, errors.APIError):
        return _after_refusal(error)
    if isinstance(error, errors.PacingError):
        return _again(error.retry_after)
    if isinstance(error, errors.TransportError):
        return f"nothing was changed; {_DOCTOR}"
    if isinstance(error, (errors.UnexpectedRedirectError, errors.DecodeError)):
        return f"is that address Wix's, and no portal of the network's? {_DOCTOR}"
    return None


def _after_unknown(error: errors.OutcomeUnknownError) -> str:
    look = "look first what is there, with 'wixreseller packages query'"
    if error.operation == "update_package_external_id" or error.idempotency_key is None:
        # The one write that Wix takes no key for.
        return look
    return f"{look}; to send it again, add --idempotency-key {error.idempotency_key}"


def _after_refusal(error: errors.APIError) -> str | None:
    if error.code is not None and (step := REFUSALS.get(error.code)) is not None:
        return step
    if isinstance(error, errors.AuthenticationError):
        return "'wixreseller doctor' says which key was sent, and where it came from"
    if isinstance(error, errors.PermissionDeniedError):
        return (
            "the key needs the permission Manage Reseller Packages, and an account that it "
            "serves: 'wixreseller doctor' says which account was named, and by what"
        )
    if isinstance(error, errors.NotFoundError):
        return (
            "'wixreseller packages query' lists what there is; what belongs to another account "
            "is found with --account GUID"
        )
    if isinstance(error, errors.ConflictError):
        return "look what is there, with 'wixreseller packages query'"
    if isinstance(error, (errors.RateLimitError, errors.ServerError)):
        return _again(error.retry_after)
    return None


def _again(seconds: float | None) -> str:
    when = "in a minute" if seconds is None else f"in {max(1, round(seconds))} s"
    return f"nothing was changed: run it again {when}"
