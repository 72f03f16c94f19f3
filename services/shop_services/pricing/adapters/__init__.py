"""DynamoDB, Kafka, gRPC and HTTP around pricing."""
