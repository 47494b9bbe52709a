"""Sell Wix from Python: as fast as Wix allows, and never twice.

Names are loaded when they are first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from wixreseller._version import __version__

# The typing module alone would take ten times as long to load as this package does. Type checkers
# know this name wherever it comes from.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from wixreseller import errors
    from wixreseller._changes import (
        AsyncChanges,
        Change,
    )
    from wixreseller._sentinels import (
        NO_TIMEOUT,
        UNSET,
    )
    from wixreseller.client import (
        AsyncClient,
    )
    from wixreseller.errors import (
        APIError,
        AuthenticationError,
        BadRequestError,
        ClientClosedError,
        ConfigurationError,
        ConflictError,
        ConnectFailedError,
        DecodeError,
        ExternalIdConflictError,
        FailedPreconditionError,
        FieldViolation,
        InstanceFailedError,
        JournalError,
        JournalHeldError,
        NotFoundError,
        OutcomeUnknownError,
        PacingError,
        PagingError,
        PermissionDeniedError,
        RateLimitError,
        RequestTimeoutError,
        ServerError,
        StillPendingError,
        SyncUsageError,
        TransportError,
        UnexpectedRedirectError,
        WixResellerError,
    )
    from wixreseller.hooks import (
        AttemptEnded,
        AttemptStarting,
        Hooks,
        Retrying,
        UnknownOutcome,
    )
    from wixreseller.idempotency import (
        derive_idempotency_key,
    )
    from wixreseller.models import (
        BillingInfo,
        BillingType,
        CallMeta,
        CycleDuration,
        CycleUnit,
        ErrorCode,
        Failure,
        FailureCode,
        Package,
        Page,
        PagingMetadata,
        Product,
        ProductInstance,
        Status,
    )
    from wixreseller.pagination import (
        AsyncPager,
    )
    from wixreseller.query import (
        Filter,
        Q,
        Sort,
    )
    from wixreseller.ratelimit import (
        RateLimit,
    )
    from wixreseller.reconcile import (
        Ensured,
        Happened,
        NotSeen,
    )
    from wixreseller.retry import (
        RetryPolicy,
    )
    from wixreseller.sync import (
        Changes,
        Client,
        Pager,
    )

__all__ = [
    "NO_TIMEOUT",
    "UNSET",
    "APIError",
    "AsyncChanges",
    "AsyncClient",
    "AsyncPager",
    "AttemptEnded",
    "AttemptStarting",
    "AuthenticationError",
    "BadRequestError",
    "BillingInfo",
    "BillingType",
    "CallMeta",
    "Change",
    "Changes",
    "Client",
    "ClientClosedError",
    "ConfigurationError",
    "ConflictError",
    "ConnectFailedError",
    "CycleDuration",
    "CycleUnit",
    "DecodeError",
    "Ensured",
    "ErrorCode",
    "ExternalIdConflictError",
    "FailedPreconditionError",
    "Failure",
    "FailureCode",
    "FieldViolation",
    "Filter",
    "Happened",
    "Hooks",
    "InstanceFailedError",
    "JournalError",
    "JournalHeldError",
    "NotFoundError",
    "NotSeen",
    "OutcomeUnknownError",
    "PacingError",
    "Package",
    "Page",
    "Pager",
    "PagingError",
    "PagingMetadata",
    "PermissionDeniedError",
    "Product",
    "ProductInstance",
    "Q",
    "RateLimit",
    "RateLimitError",
    "RequestTimeoutError",
    "RetryPolicy",
    "Retrying",
    "ServerError",
    "Sort",
    "Status",
    "StillPendingError",
    "SyncUsageError",
    "TransportError",
    "UnexpectedRedirectError",
    "UnknownOutcome",
    "WixResellerError",
    "__version__",
    "derive_idempotency_key",
    "errors",
]

_NAMES: Final = {
    "wixreseller._changes": (
        "AsyncChanges",
        "Change",
    ),
    "wixreseller._sentinels": (
        "NO_TIMEOUT",
        "UNSET",
    ),
    "wixreseller.client": ("AsyncClient",),
    "wixreseller.errors": (
        "APIError",
        "AuthenticationError",
        "BadRequestError",
        "ClientClosedError",
        "ConfigurationError",
        "ConflictError",
        "ConnectFailedError",
        "DecodeError",
        "ExternalIdConflictError",
        "FailedPreconditionError",
        "FieldViolation",
        "InstanceFailedError",
        "JournalError",
        "JournalHeldError",
        "NotFoundError",
        "OutcomeUnknownError",
        "PacingError",
        "PagingError",
        "PermissionDeniedError",
        "RateLimitError",
        "RequestTimeoutError",
        "ServerError",
        "StillPendingError",
        "SyncUsageError",
        "TransportError",
        "UnexpectedRedirectError",
        "WixResellerError",
    ),
    "wixreseller.idempotency": ("derive_idempotency_key",),
    "wixreseller.models": (
        "BillingInfo",
        "BillingType",
        "CallMeta",
        "CycleDuration",
        "CycleUnit",
        "ErrorCode",
        "Failure",
        "FailureCode",
        "Package",
        "Page",
        "PagingMetadata",
        "Product",
        "ProductInstance",
        "Status",
    ),
    "wixreseller.pagination": ("AsyncPager",),
    "wixreseller.query": (
        "Filter",
        "Q",
        "Sort",
    ),
    "wixreseller.ratelimit": ("RateLimit",),
    "wixreseller.retry": ("RetryPolicy",),
    "wixreseller.hooks": (
        "AttemptEnded",
        "AttemptStarting",
        "Hooks",
        "Retrying",
        "UnknownOutcome",
    ),
    "wixreseller.reconcile": (
        "Ensured",
        "Happened",
        "NotSeen",
    ),
    "wixreseller.sync": (
        "Changes",
        "Client",
        "Pager",
    ),
}
_HOMES: Final = {name: module for module, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> object:
    import importlib

    if name == "errors":
        return importlib.import_module("wixreseller.errors")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
