"""`shop-dev contracts …`: schemas judged without a registry."""
