"""The rules of payments in plain Python."""
