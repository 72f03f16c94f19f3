"""How the catalog meets HTTP, DynamoDB, S3 and Kafka."""
