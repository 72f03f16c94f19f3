"""Working models of Kafka, DynamoDB, PostgreSQL and the payment provider, as the services' clients see them."""
