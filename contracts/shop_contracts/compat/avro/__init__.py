"""Compatibility of Avro schemas: whether a reader's schema resolves whatever a writer's schema wrote."""
