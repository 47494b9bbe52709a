"""Say in one line what went wrong, and give the exit code that goes with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wixreseller import errors

__all__ = ["exit_code_of", "explain"]


def exit_code_of(error: Exception) -> int | None:
    """Give the exit code for an error of a single call; ``None`` for one that is a bug of ours."""
    from wixreseller import errors

    if isinstance(error, (errors.ConfigurationError, errors.JournalError)):
        return 2
    if isinstance(error, (errors.AuthenticationError, errors.PermissionDeniedError)):
        return 3
    if isinstance(error, errors.OutcomeUnknownError):
        return 4
    if isinstance(error, (errors.PacingError, errors.RateLimitError)):
        return 5
    if isinstance(error, (errors.WixResellerError, OSError)):
        return 1
    return None


def explain(error: Exception) -> str:
    """Put an error into one line, with what to do where that is certain."""
    from wixreseller import errors

    text = " ".join(str(error).split())
    if isinstance(error, errors.OutcomeUnknownError) and error.idempotency_key is not None:
        return f"{text}{_how_to_resend(error)}"
    return text


def _how_to_resend(error: errors.OutcomeUnknownError) -> str:
    if error.operation == "update_package_external_id":
        # The one write that Wix takes no key for.
        return ""
    return f"; to send it again, add --idempotency-key {error.idempotency_key}"
