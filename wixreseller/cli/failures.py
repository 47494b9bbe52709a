"""Say in one line what went wrong, and give the exit code that goes with it."""

from __future__ import annotations

import click

__all__ = ["CommandError", "InputError", "exit_code_of", "explain"]


class CommandError(click.ClickException):
    """Say that a command did not do what was asked: exit code 1. ``then`` says what to do next."""

    def __init__(self, message: str, *, then: str | None = None) -> None:
        super().__init__(message)
        self.then = then


class InputError(CommandError):
    """Refuse options or input of the user's: exit code 2, nothing was sent."""

    exit_code = 2


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
    """Put an error into one line; what to do about it is told by ``next_steps``."""
    return " ".join(str(error).split())
