"""DynamoDB, Kafka, HTTP and the payment provider around payments."""
