"""What services test themselves with: a clock set by hand, an event log in memory, deliveries as Kafka may make them."""
