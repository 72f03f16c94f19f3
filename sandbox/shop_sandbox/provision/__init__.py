"""Making what manifests ask for: topics, schemas, tables, queues, buckets, databases, parameters, secrets."""
