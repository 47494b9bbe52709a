"""Hold what is known of one logical call while it runs, and make its errors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from wixreseller import _answers, errors
from wixreseller._answers import Response
from wixreseller._clock import Clock
from wixreseller._guard import Progress
from wixreseller._operations import Request
from wixreseller._wire import WireError, make_meta
from wixreseller.models import CallMeta

if TYPE_CHECKING:
    from wixreseller.hooks import CallObserver

__all__ = ["LogicalCall"]


class LogicalCall:
    """Count attempts and waits, and know how far the latest attempt got."""

    attempts: int = 0
    throttled: int = 0
    """How many of the attempts ended in a throttling 429."""
    paced: float = 0.0
    """Seconds spent waiting for the limiter."""
    delayed: float = 0.0
    """Seconds spent waiting between attempts."""
    failure: str | None = None
    """What kept the answer of the latest attempt away."""
    observer: CallObserver | None = None
    """Who watches it."""
    queued_at: float | None = None
    """Since when it has been waiting for the limiter; only noted where somebody watches."""
    _first_sent_at: float | None = None

    def __init__(
        self,
        request: Request,
        clock: Clock,
        before_sending: Callable[[Request], Awaitable[None]] | None = None,
    ) -> None:
        self.request = request
        self.before_sending = before_sending
        self.progress: Progress = Progress()
        self._clock = clock

    @property
    def name(self) -> str:
        """The operation, as errors and logs call it."""
        return self.request.operation.name

    @property
    def waited(self) -> float:
        """Seconds spent waiting for the limiter and between attempts."""
        return self.paced + self.delayed

    @property
    def may_have_happened(self) -> bool:
        """Whether it is a write of which a byte may have left."""
        return self.request.operation.is_write and self.progress.phase.may_have_sent

    def begin_attempt(self, now: float) -> None:
        """Count an attempt, and note when the first began; in POSIX seconds."""
        self.attempts += 1
        self.failure = None
        if self._first_sent_at is None:
            self._first_sent_at = now

    def meta(self, response: Response) -> CallMeta:
        """Tell how the call went."""
        return make_meta(
            status=response.status,
            request_id=response.request_id,
            attempts=self.attempts,
            waited=self.waited,
            idempotency_key=self.request.idempotency_key,
        )

    # --- errors ---------------------------------------------------------------------------------

    def lost(self, reason: str) -> str:
        """Say what became of an attempt without an answer."""
        return f"{reason}, while {self.progress.phase.value}"

    def gave_up(self, reason: str, *, timed_out: bool) -> errors.WixResellerError:
        """Make the error of a call that ends without an answer, by how far it got."""
        if self.may_have_happened:
            return self.unknown(self.lost(reason), None)
        text = f"{self.name}: {self.lost(reason)}"
        if timed_out:
            phase = self.progress.phase.value
            return errors.RequestTimeoutError(text, phase=phase, **self._facts())
        if self.progress.phase.may_have_sent:
            return errors.TransportError(text, **self._facts())
        return errors.ConnectFailedError(text, **self._facts())

    def too_late(self, seconds: float) -> errors.PacingError:
        """Make the error of a call that the limiter would have made wait too long."""
        return errors.PacingError(
            f"{self.name}: the rate limit would have it wait {seconds:.1f} s, which is longer "
            f"than max_wait; it was not sent",
            retry_after=seconds,
            **self._facts(),
        )

    def refused(self, response: Response) -> errors.APIError | errors.UnexpectedRedirectError:
        """Make the error of an answer that is no success."""
        return _answers.read_error(
            response,
            self.request.operation,
            key=self.request.idempotency_key,
            attempts=self.attempts,
            now=self._clock.posix(),
        )

    def unreadable(self, response: Response, problem: WireError) -> errors.DecodeError:
        """Make the error of a success that cannot be read."""
        error = errors.DecodeError(
            f"{self.name}: HTTP {response.status}, but the answer cannot be read: {problem}",
            **self._facts(response),
        )
        error.__cause__ = problem
        return error

    def unknown(self, reason: str, response: Response | None) -> errors.OutcomeUnknownError:
        """Make the error of a write that may have happened."""
        request, sent_at = self.request, self._first_sent_at
        if sent_at is None:
            sent_at = self._clock.posix()
        return errors.OutcomeUnknownError(
            f"{self.name}: it was sent, but {reason}. It may have happened, and was not sent "
            f"again: read the state before you do",
            sent_at=datetime.fromtimestamp(sent_at, UTC),
            external_id=request.external_id,
            account_id=request.account_id,
            status=None if response is None else response.status,
            intent=request.told_intent(),
            **self._facts(response),
        )

    def _facts(self, response: Response | None = None) -> errors.CallFacts:
        return {
            "operation": self.name,
            "idempotency_key": self.request.idempotency_key,
            "request_id": None if response is None else response.request_id,
            "attempts": self.attempts,
        }
