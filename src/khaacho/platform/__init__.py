"""Mechanism without business words: database, queue, idempotency, audit, events, HTTP, logs."""
