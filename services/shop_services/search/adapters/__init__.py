"""How search meets HTTP, Kafka and PostgreSQL."""
