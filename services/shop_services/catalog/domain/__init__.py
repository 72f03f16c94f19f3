"""What products and categories are, in plain Python."""
