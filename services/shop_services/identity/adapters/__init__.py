"""DynamoDB, Cognito, Kafka and HTTP around identity."""
