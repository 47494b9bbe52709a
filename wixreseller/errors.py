"""Hold every error that wixreseller raises.

::

    WixResellerError
    ├─ ConfigurationError (ValueError)     a setting or argument that cannot work; nothing was sent
    ├─ TransportError                      no usable answer, and a write certainly did not happen
    │  ├─ ConnectFailedError
    │  ├─ RequestTimeoutError (TimeoutError)
    │  └─ PacingError                      the limiter refused or would wait too long; never sent
    ├─ OutcomeUnknownError                 a write was sent, its answer lost: it may have happened
    ├─ APIError                            Wix answered with an error
    │  ├─ BadRequestError          400
    │  ├─ AuthenticationError      401
    │  ├─ PermissionDeniedError    403
    │  ├─ NotFoundError            404
    │  ├─ ConflictError            409
    │  ├─ FailedPreconditionError  428     the business rules
    │  ├─ RateLimitError           429
    │  └─ ServerError              5xx     of reads; a write's 5xx is OutcomeUnknownError
    ├─ DecodeError                         a read's 2xx with an unusable body
    ├─ UnexpectedRedirectError
    ├─ ExternalIdConflictError
    ├─ PagingError                         a cursor came back twice
    ├─ InstanceFailedError
    ├─ StillPendingError (TimeoutError)
    ├─ JournalError                        the journal of a bulk run cannot be read or written
    │  └─ JournalHeldError                 another process is writing it
    ├─ ClientClosedError (RuntimeError)
    └─ SyncUsageError (RuntimeError)

All of them pickle, with their attributes, and none ever holds the API key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack

import attrs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from wixreseller.models import ErrorCode, Package
    from wixreseller.models.json import JSONValue

__all__ = [
    "APIError",
    "AuthenticationError",
    "BadRequestError",
    "CallFacts",
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
    "SiteState",
    "StillPendingError",
    "SyncUsageError",
    "TransportError",
    "UnexpectedRedirectError",
    "WixResellerError",
]


SiteState = Literal["old_site", "floating", "new_site", "unknown"]
"""Where an instance is after an assign that failed."""


@attrs.frozen(kw_only=True)
class FieldViolation:
    """Name one field that Wix refused, and why (``details.validationError`` on the wire)."""

    field: str
    """Path of the field, spelt as Wix spells it."""
    description: str = ""
    rule: str | None = None
    """Wix's ``ruleName``, or ``violatedRule`` where that is all there is."""


class CallFacts(TypedDict, total=False):
    """Name what every error knows of the call that raised it."""

    operation: str | None
    idempotency_key: str | None
    request_id: str | None
    attempts: int


def _restore(
    cls: type[WixResellerError], args: tuple[object, ...], state: dict[str, object]
) -> WixResellerError:
    """Rebuild a pickled error without running a constructor whose arguments are keywords."""
    error = cls.__new__(cls)
    error.args = args  # explicitly, because those that are OSErrors too drop what __new__ is given
    error.__dict__.update(state)
    return error


class WixResellerError(Exception):
    """Be the root of all errors: ``except WixResellerError`` catches whatever this library raises.

    ``operation`` is the name of the call (``create_package``), ``attempts`` how often a request
    was handed to the network, ``request_id`` what Wix support asks for.
    """

    def __init__(self, message: str, **facts: Unpack[CallFacts]) -> None:
        super().__init__(message)
        self.operation: str | None = facts.get("operation")
        self.idempotency_key: str | None = facts.get("idempotency_key")
        self.request_id: str | None = facts.get("request_id")
        self.attempts: int = facts.get("attempts", 0)

    def __str__(self) -> str:
        text = str(self.args[0]) if self.args else ""
        if self.operation is None:
            return text
        return f"{text} [request_id={self.request_id or 'none'} attempts={self.attempts}]"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.args, self.__dict__)

    def support_text(self) -> str:
        """Give, as lines of text, what Wix support asks for. Holds no secret and no order data."""
        lines = [
            ("error", type(self).__name__),
            ("operation", self.operation),
            ("request id", self.request_id),
            ("attempts", self.attempts),
            ("idempotency key", self.idempotency_key),
            *self._support_facts(),
        ]
        return "\n".join(f"{name}: {value}" for name, value in lines if value is not None)

    def _support_facts(self) -> list[tuple[str, object]]:
        return []


class ConfigurationError(WixResellerError, ValueError):
    """Report a setting or an argument that cannot work. Nothing was sent.

    ``field`` names the argument; the message says what is allowed.
    """

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class TransportError(WixResellerError):
    """Report that no usable answer came, and that a write certainly did not happen."""


class ConnectFailedError(TransportError):
    """Report that no connection to the server could be made (name look-up, TCP, proxy or TLS)."""


class RequestTimeoutError(TransportError, TimeoutError):
    """Report that time ran out, on a read or before a write was sent. ``phase`` says in what."""

    def __init__(self, message: str, *, phase: str, **facts: Unpack[CallFacts]) -> None:
        super().__init__(message, **facts)
        self.phase = phase


class PacingError(TransportError):
    """Report that the limiter would have made the call wait longer than allowed. Never sent.

    ``retry_after`` is the number of seconds after which a turn is expected.
    """

    def __init__(self, message: str, *, retry_after: float, **facts: Unpack[CallFacts]) -> None:
        super().__init__(message, **facts)
        self.retry_after = retry_after


class OutcomeUnknownError(WixResellerError):
    """Report a write that was sent and whose answer was lost: it may have happened.

    It was not sent again. Find out later with ``client.resolve(error)``, in another process too,
    or send again yourself with the same ``idempotency_key``. ``sent_at`` (an aware UTC datetime)
    is when the first attempt began, by this machine's clock, and ``server_ahead`` how many seconds
    the server's was ahead of it, if an answer had told; ``status`` is the HTTP status if one
    arrived. ``intent`` is what was asked for, in Wix's words. ``site_state`` is set after an
    assign: where the instance is now (``old_site``, ``floating``, ``new_site``, ``unknown``).
    """

    # Of the class, for errors that were pickled when they had none.
    server_ahead: float | None = None

    def __init__(
        self,
        message: str,
        *,
        sent_at: datetime,
        external_id: str | None = None,
        account_id: str | None = None,
        status: int | None = None,
        intent: Mapping[str, JSONValue] | None = None,
        **facts: Unpack[CallFacts],
    ) -> None:
        super().__init__(message, **facts)
        self.sent_at = sent_at
        self.external_id = external_id
        self.account_id = account_id
        self.status = status
        self.intent: dict[str, JSONValue] = dict(intent or {})
        self.site_state: SiteState | None = None

    def _support_facts(self) -> list[tuple[str, object]]:
        return [
            ("status", self.status),
            ("sent at", self.sent_at.isoformat()),
            ("account", self.account_id),
            ("external id", self.external_id),
        ]


class APIError(WixResellerError):
    """Report an error that Wix answered with.

    ``code`` is Wix's application code (``err.code == "PRODUCT_LIMIT_EXCEEDED"``) or ``None``,
    ``details`` the answer's own ``details`` object, ``field_violations`` what a 400 refused,
    ``retry_after`` the seconds of a ``Retry-After`` header. ``site_state`` is set after an assign
    that failed: where the instance is now (``old_site``, ``floating``, ``new_site``, ``unknown``).
    """

    def __init__(
        self,
        text: str,
        *,
        status: int,
        message: str = "",
        code: ErrorCode | None = None,
        details: Mapping[str, JSONValue] | None = None,
        field_violations: Sequence[FieldViolation] = (),
        retry_after: float | None = None,
        **facts: Unpack[CallFacts],
    ) -> None:
        super().__init__(text, **facts)
        self.status = status
        self.message = message
        self.code = code
        self.details: dict[str, JSONValue] = dict(details or {})
        self.field_violations: tuple[FieldViolation, ...] = tuple(field_violations)
        self.retry_after = retry_after
        self.site_state: SiteState | None = None

    def _support_facts(self) -> list[tuple[str, object]]:
        return [("status", self.status), ("code", self.code), ("message", self.message or None)]


class BadRequestError(APIError):
    """Report HTTP 400: a bad or missing parameter; see ``field_violations``."""


class AuthenticationError(APIError):
    """Report HTTP 401: the key is missing, wrong or revoked (or, at times, lacks a permission)."""


class PermissionDeniedError(APIError):
    """Report HTTP 403: the key lacks the permission ``Manage Reseller Packages``."""


class NotFoundError(APIError):
    """Report HTTP 404: there is no such thing in this account."""


class ConflictError(APIError):
    """Report HTTP 409: a conflict with the state, or it exists already.

    In answer to an idempotency key that was sent before, the request of then may have happened.
    """


class FailedPreconditionError(APIError):
    """Report HTTP 428: a business rule of Wix; ``code`` says which."""


class RateLimitError(APIError):
    """Report HTTP 429: too many requests, or a used-up resource."""


class ServerError(APIError):
    """Report HTTP 5xx as the answer to a read."""


class DecodeError(WixResellerError):
    """Report a read's 2xx answer that could not be understood; the message names the path."""


class UnexpectedRedirectError(WixResellerError):
    """Report a 3xx answer. It was not followed: the key goes to no other origin."""

    def __init__(self, message: str, *, status: int, **facts: Unpack[CallFacts]) -> None:
        super().__init__(message, **facts)
        self.status = status


class ExternalIdConflictError(WixResellerError):
    """Report packages of an external id that are not what was asked for.

    ``matches`` are the packages found, ``differences`` sentences that say what differs.
    """

    def __init__(
        self,
        message: str,
        *,
        matches: Sequence[Package] = (),
        differences: Sequence[str] = (),
        **facts: Unpack[CallFacts],
    ) -> None:
        super().__init__(message, **facts)
        self.matches: tuple[Package, ...] = tuple(matches)
        self.differences: tuple[str, ...] = tuple(differences)


class PagingError(WixResellerError):
    """Report a cursor that came back a second time: going on would loop for ever."""

    def __init__(self, message: str, *, cursor: str, **facts: Unpack[CallFacts]) -> None:
        super().__init__(message, **facts)
        self.cursor = cursor


class InstanceFailedError(WixResellerError):
    """Report an instance that ended as ``FAILED`` while waiting for it to settle."""


class StillPendingError(WixResellerError, TimeoutError):
    """Report that an instance was still ``PENDING`` when the time to wait was over."""


class JournalError(WixResellerError):
    """Report that the journal of a bulk run cannot be read or written, and what to do.

    ``path`` is the file. Nothing is sent that the journal could not take note of before.
    """

    def __init__(self, message: str, *, path: str = "") -> None:
        super().__init__(message)
        self.path = path


class JournalHeldError(JournalError):
    """Report that another process is writing the journal; ``holder`` says which."""

    def __init__(self, message: str, *, path: str = "", holder: str = "") -> None:
        super().__init__(message, path=path)
        self.holder = holder


class ClientClosedError(WixResellerError, RuntimeError):
    """Report a call on a client that was closed. Nothing was sent."""


class SyncUsageError(WixResellerError, RuntimeError):
    """Report a blocking call made where it could only dead-lock. Nothing was sent."""
