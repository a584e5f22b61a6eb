"""What the channel counts for the metrics page."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

webhooks_refused = Counter(
    "khaacho_webhooks_refused", "Webhook calls with a bad or missing signature.", labelnames=["channel"]
)
messages_received = Counter(
    "khaacho_messages_received", "Inbound messages stored, repetitions left out.", labelnames=["channel"]
)
messages_handled = Counter(
    "khaacho_messages_handled", "Inbound messages worked, by what came of it.", labelnames=["outcome"]
)
messages_sent = Counter(
    "khaacho_messages_sent", "Outbound messages, by what the provider said.", labelnames=["channel", "outcome"]
)
reply_seconds = Histogram(
    "khaacho_reply_seconds",
    "From an inbound message stored to its reply taken by the provider.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60),
)
