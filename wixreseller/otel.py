"""Trace and measure calls with OpenTelemetry; needs the extra ``wixreseller[otel]``."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from contextvars import Token
from typing import Final
from urllib.parse import urlsplit

try:
    from opentelemetry import context, metrics, trace
except ImportError as _missing:
    raise ImportError(
        "wixreseller.otel needs OpenTelemetry, which is not installed: "
        "pip install 'wixreseller[otel]'"
    ) from _missing

from wixreseller._version import __version__
from wixreseller.errors import APIError, WixResellerError
from wixreseller.hooks import (
    AttemptEnded,
    AttemptStarting,
    CallEnded,
    CallObserver,
    CallStarting,
    Retrying,
)

__all__ = ["Telemetry"]

_SCOPE: Final = "wixreseller"
_Value = str | int | float

# Those of the conventions for durations, and more: a call may wait for minutes for its turn.
_SECONDS: Final = (
    *(0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0),
    *(30.0, 60.0, 120.0, 300.0),
)


def _find_suppression() -> Callable[[], AbstractContextManager[None]]:
    """Give what keeps other instrumentation quiet: it comes with the first of them installed."""
    try:
        from opentelemetry.instrumentation.utils import suppress_instrumentation
    except ImportError:
        return contextlib.nullcontext
    # Not the one for HTTP alone, which most releases of aiohttp's instrumentation do not heed.
    return suppress_instrumentation


_suppression: Final = _find_suppression()


class Telemetry:
    """Give each logical call a span, with a child for each attempt, and count.

    It goes into ``Hooks(observer=Telemetry())``, for one client or several. Without providers the
    global ones are used.

    The span of a call, ``wixreseller create_package`` say, is a child of the caller's. It and its
    attempts carry ids, external id, idempotency key, attempts and waits; never an API key, a body
    or the text of an error. While an attempt runs, OpenTelemetry's own instrumentation of HTTP
    clients is silenced, so that no request has two spans, and no ``traceparent`` goes to Wix.

    Example::

        from wixreseller.otel import Telemetry

        hooks = Hooks(observer=Telemetry())

    Raises:
        ImportError: on import of this module, where OpenTelemetry is not installed.
    """

    def __init__(
        self,
        *,
        tracer_provider: trace.TracerProvider | None = None,
        meter_provider: metrics.MeterProvider | None = None,
    ) -> None:
        self._tracer = trace.get_tracer(_SCOPE, __version__, tracer_provider)
        self._meters = _Meters(metrics.get_meter(_SCOPE, __version__, meter_provider))

    def call_starting(self, event: CallStarting, /) -> CallObserver:
        """Begin the span of a call."""
        return _TracedCall(self._tracer, self._meters, event)


class _Meters:
    """Hold the instruments. Accounts and ids are in spans only: each would be a time series."""

    def __init__(self, meter: metrics.Meter) -> None:
        self.duration = meter.create_histogram(
            "wixreseller.call.duration",
            unit="s",
            description="Duration of logical calls, waits included.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self.limiter_wait = meter.create_histogram(
            "wixreseller.limiter.wait",
            unit="s",
            description="Time that logical calls waited for the rate limit.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self.retries = meter.create_counter(
            "wixreseller.retries",
            unit="{retry}",
            description="Attempts that were made after another had failed.",
        )
        self.unknown_outcomes = meter.create_counter(
            "wixreseller.unknown_outcomes",
            unit="{call}",
            description="Writes that were sent and whose answer was lost.",
        )


class _TracedCall:
    """Hold the spans of one call."""

    def __init__(self, tracer: trace.Tracer, meters: _Meters, event: CallStarting) -> None:
        self._tracer = tracer
        self._meters = meters
        self._operation = event.operation
        address = urlsplit(event.url)
        self._request = _known(
            {
                "http.request.method": event.method,
                "server.address": address.hostname,
                "server.port": address.port or (443 if address.scheme == "https" else 80),
                "url.full": event.url,
            }
        )
        self._subject = _known(
            {
                "wixreseller.operation": event.operation,
                "wixreseller.account_id": event.account_id,
                "wixreseller.package_id": event.package_id,
                "wixreseller.instance_id": event.instance_id,
                "wixreseller.external_id": event.external_id,
                "wixreseller.idempotency_key": event.idempotency_key,
            }
        )
        self._span = tracer.start_span(f"wixreseller {event.operation}", attributes=self._subject)
        self._token = context.attach(trace.set_span_in_context(self._span))
        self._attempt: tuple[trace.Span, Token[context.Context]] | None = None

    def attempt_starting(self, event: AttemptStarting, /) -> None:
        attributes = {**self._request, **self._subject, "wixreseller.attempt": event.attempt}
        if event.attempt > 1:
            attributes["http.request.resend_count"] = event.attempt - 1
        method = str(self._request["http.request.method"])
        span = self._tracer.start_span(method, kind=trace.SpanKind.CLIENT, attributes=attributes)
        # Only the context is taken from these: a generator that was left within them would tidy
        # up wherever it is collected, which need not be where it began.
        with trace.use_span(span), _suppression():
            silent = context.get_current()
        self._attempt = span, context.attach(silent)

    def attempt_ended(self, event: AttemptEnded, /) -> None:
        if self._attempt is None:
            return
        (span, token), self._attempt = self._attempt, None
        context.detach(token)
        if event.status is None:
            _fail(span, event.failure or "cancelled")
            span.set_attribute("wixreseller.phase", event.phase)
        else:
            span.set_attribute("http.response.status_code", event.status)
            if event.status >= 400:
                _fail(span, str(event.status))
        span.set_attributes(_known({"wixreseller.request_id": event.request_id}))
        span.end()

    def retrying(self, event: Retrying, /) -> None:
        kind = {"wixreseller.operation": self._operation, "error.type": _name(event.error)}
        self._meters.retries.add(1, kind)

    def call_ended(self, event: CallEnded, /) -> None:
        # A coroutine that was never finished is closed in another context than it ran in, if not
        # in none: there is nothing to go back to.
        is_abandoned = isinstance(event.error, GeneratorExit)
        if self._attempt is not None:  # the call ended between its beginning and the network
            span, token = self._attempt
            _fail(span, "cancelled" if event.error is None else _name(event.error))
            span.end()
            if not is_abandoned:
                context.detach(token)
        if not is_abandoned:
            context.detach(self._token)
        self._measure(event)
        self._end_span(event)

    def _end_span(self, event: CallEnded) -> None:
        error, span = event.error, self._span
        code = error.code if isinstance(error, APIError) else None
        attributes = {
            "wixreseller.package_id": event.package_id,
            "wixreseller.outcome": event.outcome,
            "wixreseller.attempts": event.attempts,
            "wixreseller.waited": event.waited,
            "wixreseller.limiter_waited": event.paced,
            "wixreseller.request_id": error.request_id
            if isinstance(error, WixResellerError)
            else None,
            "wixreseller.error_code": None if code is None else str(code),
        }
        span.set_attributes(_known(attributes))
        if error is not None and event.outcome != "cancelled":
            _fail(span, _name(error))
        span.end()

    def _measure(self, event: CallEnded) -> None:
        kind = {"wixreseller.operation": self._operation}
        self._meters.limiter_wait.record(event.paced, kind)
        if event.outcome == "unknown":
            self._meters.unknown_outcomes.add(1, kind)
        # Another mapping, for the one that was handed over may have been kept.
        whole = {
            **kind,
            "wixreseller.outcome": event.outcome,
            "error.type": None if event.error is None else _name(event.error),
        }
        self._meters.duration.record(event.seconds, _known(whole))


def _known(values: Mapping[str, _Value | None]) -> dict[str, _Value]:
    return {name: value for name, value in values.items() if value is not None}


def _name(error: BaseException) -> str:
    """Name the class of an error: its text may quote an answer."""
    kind = type(error)
    return f"{kind.__module__}.{kind.__qualname__}"


def _fail(span: trace.Span, kind: str) -> None:
    span.set_attribute("error.type", kind)
    span.set_status(trace.StatusCode.ERROR)
