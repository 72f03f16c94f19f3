"""What is done with carts."""
