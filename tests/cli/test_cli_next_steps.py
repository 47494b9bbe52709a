"""What errors of the command line say to do next."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from wixreseller import errors
from wixreseller.cli.next_steps import REFUSALS, next_step
from wixreseller.models import ErrorCode


def test_every_application_code_that_wix_documents_has_a_next_step() -> None:
    assert set(ErrorCode) == set(REFUSALS)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (errors.AuthenticationError("no", status=401), "'wixreseller doctor' says which key was"),
        (errors.PermissionDeniedError("no", status=403), "the permission Manage Reseller Packages"),
        (errors.NotFoundError("no", status=404), "'wixreseller packages query' lists what there"),
        (errors.ConflictError("no", status=409), "look what is there, with"),
        (errors.RateLimitError("no", status=429, retry_after=7.2), "run it again in 7 s"),
        (errors.ServerError("no", status=503), "nothing was changed: run it again in a minute"),
        (errors.PacingError("no", retry_after=0.1), "nothing was changed: run it again in 1 s"),
        (errors.ConnectFailedError("no"), "nothing was changed; 'wixreseller doctor' finds out"),
        (errors.DecodeError("no"), "is that address Wix's"),
        (errors.UnexpectedRedirectError("no", status=302), "is that address Wix's"),
        (
            errors.NotFoundError("no", status=404, code=ErrorCode.SITE_NOT_FOUND),
            "check --site: it must be a site of the account of the call",
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_an_error_of_a_call_says_what_to_do_next(error: Exception, expected: str) -> None:
    assert expected in (next_step(error) or "")


def test_after_an_unknown_outcome_it_says_to_look_before_sending_again_with_the_same_key() -> None:
    sent_at = datetime(2026, 3, 1, tzinfo=UTC)
    unknown = errors.OutcomeUnknownError(
        "lost", sent_at=sent_at, operation="create_package", idempotency_key="k-1"
    )
    assert (
        "look first what is there, with 'wixreseller packages query'; to send it again, add "
        "--idempotency-key k-1"
    ) == next_step(unknown)
    keyless = errors.OutcomeUnknownError(
        "lost", sent_at=sent_at, operation="update_package_external_id", idempotency_key="k-1"
    )
    assert "look first what is there, with 'wixreseller packages query'" == next_step(keyless)


def test_what_says_itself_what_to_do_gets_no_second_advice() -> None:
    assert next_step(errors.ConfigurationError("country_code must be …")) is None
