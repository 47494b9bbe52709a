"""Every answer that is no success becomes an error by code and status, whatever its body."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wixreseller import _answers, errors
from wixreseller._answers import Response
from wixreseller._operations import CREATE
from wixreseller.models import ErrorCode


def read(
    status: int, body: object = b"", **headers: str
) -> errors.APIError | errors.UnexpectedRedirectError:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response = Response(status=status, headers=named, body=raw)
    return _answers.read_error(response, CREATE, key="k", attempts=1, now=1_000_000_000.0)


def api_error(status: int, body: object = b"", **headers: str) -> errors.APIError:
    error = read(status, body, **headers)
    assert isinstance(error, errors.APIError)
    return error


def application(code: object, **rest: object) -> dict[str, object]:
    return {"message": "no", "details": {"applicationError": {"code": code, **rest}}}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.BadRequestError),
        (401, errors.AuthenticationError),
        (403, errors.PermissionDeniedError),
        (404, errors.NotFoundError),
        (409, errors.ConflictError),
        (418, errors.APIError),
        (428, errors.FailedPreconditionError),
        (429, errors.RateLimitError),
        (500, errors.ServerError),
        (501, errors.ServerError),
        (504, errors.ServerError),
    ],
)
def test_the_status_decides_where_there_is_no_code(
    status: int, kind: type[errors.APIError]
) -> None:
    error = api_error(status, {"message": "", "details": {}})

    assert (kind, status, None) == (type(error), error.status, error.code)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (404, "PRODUCT_NOT_FOUND", errors.NotFoundError),
        (428, "SITE_NOT_FOUND", errors.NotFoundError),
        (428, "NOT_FOUND", errors.NotFoundError),
        (428, "PRODUCT_INSTANCE_NOT_FOUND", errors.FailedPreconditionError),
        (400, "INCOMPATIBLE_PRODUCT", errors.FailedPreconditionError),
        (409, "SOMETHING_NEW", errors.ConflictError),
        (429, "PRODUCT_LIMIT_EXCEEDED", errors.RateLimitError),
        (500, "PRODUCT_NOT_FOUND", errors.ServerError),
    ],
)
def test_a_documented_code_speaks_before_the_status(
    status: int, code: str, kind: type[errors.APIError]
) -> None:
    error = api_error(status, application(code))

    assert (kind, code) == (type(error), error.code)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (application(17), "17"),
        ({"message": "no", "details": {}, "errorCode": -3}, "-3"),
        (application(""), None),
        (application(None), None),
        (application(True), None),
        ({"message": "no"}, None),
        ({"details": []}, None),
        (["no"], None),
    ],
)
def test_a_code_may_be_a_number_or_elsewhere_or_nowhere(body: object, code: str | None) -> None:
    assert code == api_error(400, body).code


def test_field_violations_are_read_as_far_as_they_go() -> None:
    body = {
        "message": "bad\ninput",
        "details": {
            "validationError": {
                "fieldViolations": [
                    {"field": "a", "description": "is bad", "violatedRule": "MAX", "ruleName": "m"},
                    {"field": "b", "description": "is worse"},
                    7,
                ]
            }
        },
    }

    error = api_error(400, body)

    assert (
        errors.FieldViolation(field="a", description="is bad", rule="m"),
        errors.FieldViolation(field="b", description="is worse"),
        errors.FieldViolation(field=""),
    ) == error.field_violations
    assert error.message == "bad\ninput"
    assert "a: is bad" in str(error)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("12", 12.0),
        ("Sun, 09 Sep 2001 01:46:50 GMT", 10.0),
        ("Sun, 09 Sep 2001 01:46:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str, seconds: float | None) -> None:
    assert seconds == api_error(429, Retry_After=header).retry_after


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
def test_a_redirect_is_an_error_of_its_own(status: int) -> None:
    assert isinstance(read(status), errors.UnexpectedRedirectError)


def test_a_body_that_is_not_wixs_is_shown_in_one_line_of_at_most_two_kibibytes() -> None:
    error = api_error(502, b"<html>\n <b>Bad</b>   gateway" + b"x" * 9_000)

    assert "<html> <b>Bad</b> gatewayxx" in str(error)
    assert "\n" not in str(error)
    assert len(str(error)) < 2_200


@given(st.integers(300, 599), st.binary(max_size=200))
def test_no_body_breaks_the_reading_of_an_error(status: int, body: bytes) -> None:
    assert isinstance(read(status, body), errors.WixResellerError)


def test_the_code_of_an_error_compares_with_plain_strings() -> None:
    error = api_error(428, application("PRODUCT_LIMIT_EXCEEDED"))

    assert error.code == "PRODUCT_LIMIT_EXCEEDED"
    assert ErrorCode.PRODUCT_LIMIT_EXCEEDED is error.code
