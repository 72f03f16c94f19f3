"""The rules of customers in plain Python."""
