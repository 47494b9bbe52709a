"""Say in a few words what is in the way of a run, while it tries again."""

from __future__ import annotations

from collections.abc import Callable

from wixreseller.cli.progress import describe_duration
from wixreseller.hooks import Hooks, Retrying, UnknownOutcome

__all__ = ["Troubles"]


class Troubles:
    """Pass on what the client of a run meets: its hooks are made before there is a view."""

    def __init__(self) -> None:
        self.hooks: Hooks = Hooks(on_retry=self._retrying, on_unknown=self._unknown)
        self._tell: Callable[[str], None] | None = None

    def show_in(self, tell: Callable[[str], None]) -> None:
        """Say from now on how each trouble shows."""
        self._tell = tell

    def _say(self, text: str) -> None:
        if self._tell is not None:
            self._tell(text)

    def _retrying(self, event: Retrying) -> None:
        soon = "" if event.delay < 1 else f" in {describe_duration(event.delay)}"
        self._say(f"{event.error}; trying again{soon}")

    def _unknown(self, event: UnknownOutcome) -> None:
        error = event.error
        order = "" if error.external_id is None else f" of {error.external_id}"
        # First what is wrong: a narrow terminal cuts the end off.
        answer = "no answer" if error.status is None else f"HTTP {error.status}"
        self._say(f"{answer} to {error.operation}{order}; looking whether it was done")
