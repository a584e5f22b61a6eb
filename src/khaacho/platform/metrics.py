"""Every figure we publish at /metrics, on one page; docs/running.md lists the same names.

Each process serves its own. Where several web processes share one port they write to a common folder
(PROMETHEUS_MULTIPROC_DIR, set by the web server before they start), and any of them answers for all.
"""

from __future__ import annotations

import os

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

MULTIPROCESS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

# Bounds lie on the targets of the product (20, 50, 100 ms), so that a p95 can be read off without interpolation.
SECONDS_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5, 10, 30)

HTTP_SECONDS = Histogram(
    "khaacho_http_request_seconds",
    "From the first byte of a request to the first byte of its answer.",
    ["method", "route", "status"],
    buckets=SECONDS_BOUNDS,
)
REFUSALS = Counter("khaacho_refusals_total", "Requests refused, by error code.", ["code"])
ORDERS_PLACED = Counter("khaacho_orders_placed_total", "Orders placed.", ["payment_mode"])
PLACEMENT_SECONDS = Histogram(
    "khaacho_order_placement_seconds", "From asking for an order to its commit.", buckets=SECONDS_BOUNDS
)
MESSAGES = Counter("khaacho_messages_total", "Messages in and out.", ["direction", "channel", "outcome"])
REPLY_SECONDS = Histogram(
    "khaacho_reply_seconds", "From a message's arrival to its reply leaving.", buckets=SECONDS_BOUNDS
)
SIGNATURE_FAILURES = Counter(
    "khaacho_webhook_signature_failures_total", "Webhook calls whose signature did not match.", ["channel"]
)
JOBS = Counter(
    "khaacho_jobs_total", "Jobs run; 'retried' will run again, 'failed' waits for a person.", ["job", "outcome"]
)
JOB_SECONDS = Histogram("khaacho_job_seconds", "How long a job ran.", ["job"], buckets=SECONDS_BOUNDS)
SCHEDULED_RUNS = Counter("khaacho_scheduled_runs_total", "Runs at a cron time.", ["job", "outcome"])
QUEUE_JOBS = Gauge(
    "khaacho_queue_jobs", "Jobs in the queue; 'failed' are the dead letters.", ["state"], multiprocess_mode="mostrecent"
)
QUEUE_AGE_SECONDS = Gauge(
    "khaacho_queue_age_seconds", "How long the oldest due job has waited.", multiprocess_mode="mostrecent"
)
RECONCILIATION_DIFFERENCES = Gauge(
    "khaacho_reconciliation_differences",
    "What the last reconciliation of this process found wrong: differences of checks and breaches of the chain.",
    multiprocess_mode="mostrecent",
)


def render_metrics() -> bytes:
    """The page a Prometheus server reads."""
    if MULTIPROCESS_FOLDER not in os.environ:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)
