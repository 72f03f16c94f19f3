"""What the services share: HTTP, Kafka, outbox, inbox, idempotency, tracing, resilience."""
