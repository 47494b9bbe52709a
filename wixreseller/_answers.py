"""Read answers without any I/O: response → value or error.

Whatever arrives (an empty body, a proxy's HTML, a truncated or wrongly typed document) becomes a
value or an error of :mod:`wixreseller.errors`, never an exception of a parser.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, cast

from wixreseller import _wire, errors
from wixreseller._frozen import frozen
from wixreseller._operations import Operation
from wixreseller.models import CallMeta, ErrorCode, JSONObject, JSONValue, Package, Page
from wixreseller.retry import parse_retry_after

__all__ = ["Document", "Response", "read_document", "read_error", "read_package", "read_page"]

_EXCERPT_LENGTH: Final = 2048


@frozen(kw_only=True)
class Response:
    """Hold one answer. ``headers`` is looked up without regard to case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_success(self) -> bool:
        """Whether Wix says that the call worked: documented as 200, any 2xx is taken."""
        return 200 <= self.status < 300

    @property
    def is_redirect(self) -> bool:
        """Whether the answer points elsewhere."""
        return 300 <= self.status < 400

    @property
    def request_id(self) -> str | None:
        """What Wix support asks for."""
        return self.headers.get("X-Wix-Request-Id")


# --- response → value ---------------------------------------------------------------------------


def read_package(response: Response, meta: CallMeta) -> Package:
    """Read the package of an answer.

    Raises:
        _wire.WireError: there is none that can be read.
    """
    answer = _object(response.body)
    # Update-external-id answers `updatedPackage` by the schema, `updated_package` by its example.
    for name in ("package", "updatedPackage", "updated_package"):
        if name in answer:
            return _wire.tell(_wire.decode(answer[name], Package, name), meta)
    raise _wire.WireError("is missing", "package")


def read_page(response: Response, meta: CallMeta) -> Page:
    """Read the page of an answer.

    Raises:
        _wire.WireError: it cannot be read.
    """
    answer = _object(response.body)
    if "packages" not in answer:
        raise _wire.WireError("is missing", "packages")
    return _wire.tell(_wire.decode(answer, Page), meta)


@frozen
class Document:
    """Hold the JSON of an answer; ``null`` is an answer too."""

    value: JSONValue


def read_document(response: Response, _: CallMeta) -> Document:
    """Read the JSON of an answer, whatever it is; an answer without a body holds ``None``.

    Raises:
        _wire.WireError: there is a body, and it is not JSON.
    """
    return Document(_wire.loads(response.body) if response.body.strip() else None)


def _object(body: bytes) -> JSONObject:
    answer = _wire.loads(body)
    if not isinstance(answer, dict):
        raise _wire.WireError("is not a JSON object")
    return answer


# --- response → error ---------------------------------------------------------------------------

_BY_STATUS: Final[Mapping[int, type[errors.APIError]]] = {
    400: errors.BadRequestError,
    401: errors.AuthenticationError,
    403: errors.PermissionDeniedError,
    404: errors.NotFoundError,
    409: errors.ConflictError,
    428: errors.FailedPreconditionError,
    429: errors.RateLimitError,
}

# Documents disagree whether a missing thing is a 404 or a 428, so for the statuses that report on
# the state of things the code speaks first. NOT_FOUND is what other Wix APIs say; it is a guess
# for this one. Every other documented code is a business rule.
_STATE_STATUSES: Final = frozenset({400, 404, 409, 428})
_NOT_FOUND_CODES: Final = frozenset(
    {
        ErrorCode.PRODUCT_NOT_FOUND,
        ErrorCode.ACCOUNT_NOT_FOUND,
        ErrorCode.SITE_NOT_FOUND,
        ErrorCode("NOT_FOUND"),
    }
)


def read_error(
    response: Response, operation: Operation, *, key: str | None, attempts: int, now: float
) -> errors.APIError | errors.UnexpectedRedirectError:
    """Make the error of an answer that is no success. ``now`` is POSIX time, for Retry-After."""
    facts: errors.CallFacts = {
        "operation": operation.name,
        "idempotency_key": key,
        "request_id": response.request_id,
        "attempts": attempts,
    }
    if response.is_redirect:
        return errors.UnexpectedRedirectError(
            f"{operation.name}: HTTP {response.status}, a redirect, which is not followed: the "
            f"API key goes to no other address. Is base_url right?",
            status=response.status,
            **facts,
        )
    answer = _lenient_object(response.body)
    message = _text(answer.get("message"))
    details = _mapping(answer.get("details"))
    application = _mapping(details.get("applicationError"))
    code = _code(application.get("code"), answer.get("errorCode"))
    violations = tuple(_violations(_mapping(details.get("validationError"))))
    kind = _kind(response.status, code)
    said = (
        message or _text(application.get("description")) or ("" if answer else _excerpt(response))
    )
    text = f"{operation.name}: HTTP {response.status}"
    if code is not None:
        text += f" {code.value}"
    if said:
        text += f": {said}"
    if violations:
        text += " (" + "; ".join(f"{item.field}: {item.description}" for item in violations) + ")"
    return kind(
        text,
        status=response.status,
        message=message,
        code=code,
        details=details,
        field_violations=violations,
        retry_after=parse_retry_after(response.headers.get("Retry-After"), now),
        **facts,
    )


def _kind(status: int, code: ErrorCode | None) -> type[errors.APIError]:
    if status >= 500:
        return errors.ServerError
    if code is not None and status in _STATE_STATUSES:
        if code in _NOT_FOUND_CODES:
            return errors.NotFoundError
        if code.is_known:
            return errors.FailedPreconditionError
    return _BY_STATUS.get(status, errors.APIError)


def _lenient_object(body: bytes) -> JSONObject:
    try:
        return _mapping(_wire.loads(body))
    except _wire.WireError:
        return {}


def _mapping(value: JSONValue) -> JSONObject:
    return cast("JSONObject", value) if isinstance(value, dict) else {}


def _text(value: JSONValue) -> str:
    return value if isinstance(value, str) else ""


def _code(*candidates: JSONValue) -> ErrorCode | None:
    """Take the first code there is. Wix has sent numbers as well, and a second place for it."""
    for value in candidates:
        if isinstance(value, (str, int)) and not isinstance(value, bool) and value != "":
            return ErrorCode(str(value))
    return None


def _violations(validation: JSONObject) -> list[errors.FieldViolation]:
    found: list[errors.FieldViolation] = []
    listed = validation.get("fieldViolations")
    for item in listed if isinstance(listed, list) else ():
        violation = _mapping(item)
        rule = _text(violation.get("ruleName")) or _text(violation.get("violatedRule"))
        found.append(
            errors.FieldViolation(
                field=_text(violation.get("field")),
                description=_text(violation.get("description")),
                rule=rule or None,
            )
        )
    return found


def _excerpt(response: Response) -> str:
    """Show the start of a body that is not Wix's, on one line."""
    text = response.body[:_EXCERPT_LENGTH].decode("utf-8", "replace")
    return " ".join(text.split())
