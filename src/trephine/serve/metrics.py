"""What is counted, in Prometheus' text format."""

from __future__ import annotations

from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4


@dataclass
class Metrics:
    """The counts of one server."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        own = self.registry
        self.requests = Counter(
            "trephine_requests",
            "Requests by route and status.",
            ["route", "method", "status"],
            registry=own,
        )
        self.seconds = Histogram(
            "trephine_request_seconds", "Time of requests by route.", ["route"], registry=own
        )
        self.predictions = Counter(
            "trephine_predictions", "Predictions by way and end.", ["way", "end"], registry=own
        )
        self.running = Gauge(
            "trephine_predictions_running", "Predictions from radiographs that run.", registry=own
        )

    def text(self) -> bytes:
        """Return all of it as Prometheus reads it."""
        return generate_latest(self.registry)
