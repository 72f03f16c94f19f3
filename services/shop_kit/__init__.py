"""What the shop's services share: settings, HTTP, Kafka, outbox and inbox, idempotency, telemetry, resilience.

A service is composed in its `bootstrap` from these parts; nothing here knows any service.
"""
