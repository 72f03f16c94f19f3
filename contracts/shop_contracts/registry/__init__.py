"""A Schema Registry that speaks Confluent's REST API and keeps its state in the compacted topic `_schemas`."""
