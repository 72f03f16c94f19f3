"""HTTP, DynamoDB and webhooks around the stand-in."""
