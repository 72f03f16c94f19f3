"""DynamoDB, Kafka and HTTP around inventory."""
