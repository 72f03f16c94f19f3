"""Kafka for services: a producer with asyncio futures, and a consumer that keeps the order of each key."""
