"""Keep in memory what a telemetry tells."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from wixreseller import AsyncClient
from wixreseller.otel import Telemetry

__all__ = ["Connect", "Scene"]

Connect = Callable[..., AsyncClient]
"""Makes a client of a server, watched by the scene; further arguments are the client's."""


class Scene:
    """Hold a telemetry and what it told."""

    def __init__(self) -> None:
        self._spans = InMemorySpanExporter()
        self._metrics = InMemoryMetricReader()
        self.tracers = TracerProvider(shutdown_on_exit=False)
        self.tracers.add_span_processor(SimpleSpanProcessor(self._spans))
        self.meters = MeterProvider([self._metrics], shutdown_on_exit=False)
        self.telemetry = Telemetry(tracer_provider=self.tracers, meter_provider=self.meters)

    @property
    def spans(self) -> Sequence[ReadableSpan]:
        """The spans that ended, in that order."""
        return self._spans.get_finished_spans()

    @property
    def names(self) -> list[str]:
        """Their names."""
        return [span.name for span in self.spans]

    def metric(self, name: str) -> list[tuple[dict[str, object], float]]:
        """Give attributes and sum of each time series of a metric."""
        data = self._metrics.get_metrics_data()
        told: dict[str, Any] = {} if data is None else json.loads(data.to_json())
        return [
            (point["attributes"], point["sum"] if "sum" in point else point["value"])
            for resource in told.get("resource_metrics", [])
            for scope in resource["scope_metrics"]
            for metric in scope["metrics"]
            if metric["name"] == name
            for point in metric["data"]["data_points"]
        ]
