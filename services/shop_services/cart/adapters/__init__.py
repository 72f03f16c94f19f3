"""How carts meet HTTP, DynamoDB, Redis and pricing."""
