"""The rules of stock in plain Python."""
