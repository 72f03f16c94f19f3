"""`shop-dev dlq`: messages that a group could not handle."""
