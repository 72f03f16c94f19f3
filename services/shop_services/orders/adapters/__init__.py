"""How orders meet PostgreSQL, Kafka and HTTP."""
