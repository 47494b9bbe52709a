"""Errors form one tree, survive pickling, and say what support asks for."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime

import pytest

from wixreseller import ErrorCode, Package, errors

FACTS: errors.CallFacts = {
    "operation": "create_package",
    "idempotency_key": "k-1",
    "request_id": "r-1",
    "attempts": 2,
}
GUID = "0a1b2c3d-0000-4000-8000-0123456789ab"
API_ERRORS = [
    errors.APIError,
    errors.BadRequestError,
    errors.AuthenticationError,
    errors.PermissionDeniedError,
    errors.NotFoundError,
    errors.ConflictError,
    errors.FailedPreconditionError,
    errors.RateLimitError,
    errors.ServerError,
]
ERRORS: list[errors.WixResellerError] = [
    errors.ConfigurationError("bad", field="api_key"),
    errors.TransportError("lost", **FACTS),
    errors.ConnectFailedError("no", **FACTS),
    errors.RequestTimeoutError("late", phase="connecting", **FACTS),
    errors.PacingError("busy", retry_after=3.5, **FACTS),
    errors.OutcomeUnknownError(
        "lost", sent_at=datetime(2026, 1, 2, tzinfo=UTC), external_id="x", status=502, **FACTS
    ),
    *[
        kind(
            "no",
            status=400,
            message="no",
            code=ErrorCode("NEW_CODE"),
            details={"a": 1},
            field_violations=[errors.FieldViolation(field="f", description="d", rule="r")],
            retry_after=1.0,
            **FACTS,
        )
        for kind in API_ERRORS
    ],
    errors.DecodeError("odd", **FACTS),
    errors.UnexpectedRedirectError("moved", status=302, **FACTS),
    errors.ExternalIdConflictError(
        "two", matches=[Package(id=GUID)], differences=["site"], **FACTS
    ),
    errors.PagingError("loop", cursor="c", **FACTS),
    errors.InstanceFailedError("failed", **FACTS),
    errors.StillPendingError("pending", **FACTS),
    errors.JournalError("full", path="night.journal"),
    errors.JournalHeldError("held", path="night.journal", holder="process 7"),
    errors.ClientClosedError("closed"),
    errors.SyncUsageError("dead-lock"),
]


def test_every_error_class_is_tried_here() -> None:
    public = {
        value
        for name in errors.__all__
        if isinstance(value := getattr(errors, name), type) and issubclass(value, Exception)
    }

    assert public == {type(error) for error in ERRORS} | {errors.WixResellerError}


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_pickles_and_copies_with_all_it_knows(error: errors.WixResellerError) -> None:
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):  # noqa: S301
        assert type(error) is type(again)
        assert error.__dict__ == again.__dict__
        assert str(error) == str(again)


def test_an_unknown_outcome_that_was_pickled_without_a_clock_has_none() -> None:
    error = errors.OutcomeUnknownError("gone", sent_at=datetime(2026, 1, 1, tzinfo=UTC))
    error.__dict__.pop("server_ahead", None)
    again = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert again.server_ahead is None


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_of_a_call_ends_with_request_id_and_attempts(
    error: errors.WixResellerError,
) -> None:
    if error.operation is not None:
        assert str(error).endswith("[request_id=r-1 attempts=2]")


def test_a_call_that_got_no_request_id_says_so() -> None:
    error = errors.TransportError("lost", operation="get_package", attempts=1)

    assert str(error) == "lost [request_id=none attempts=1]"


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (errors.ConfigurationError, ValueError),
        (errors.RequestTimeoutError, TimeoutError),
        (errors.StillPendingError, TimeoutError),
        (errors.ClientClosedError, RuntimeError),
        (errors.SyncUsageError, RuntimeError),
    ],
)
def test_errors_that_python_has_a_word_for_are_that_as_well(
    error: type[Exception], builtin: type[Exception]
) -> None:
    assert issubclass(error, builtin)
    assert issubclass(error, errors.WixResellerError)


def test_support_text_holds_what_support_asks_for() -> None:
    error = errors.OutcomeUnknownError(
        "lost",
        sent_at=datetime(2026, 1, 2, tzinfo=UTC),
        external_id="sub-1",
        account_id=GUID,
        status=502,
        **FACTS,
    )

    assert [
        "error: OutcomeUnknownError",
        "operation: create_package",
        "request id: r-1",
        "attempts: 2",
        "idempotency key: k-1",
        "status: 502",
        "sent at: 2026-01-02T00:00:00+00:00",
        f"account: {GUID}",
        "external id: sub-1",
    ] == error.support_text().splitlines()


def test_the_tree_in_the_module_docstring_names_every_error() -> None:
    drawn = errors.__doc__ or ""

    for error in ERRORS:
        assert type(error).__name__ in drawn
