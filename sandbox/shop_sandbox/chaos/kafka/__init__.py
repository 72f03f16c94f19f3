"""Kafka's protocol, as far as a proxy has to understand it: https://kafka.apache.org/protocol."""
