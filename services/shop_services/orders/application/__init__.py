"""The use cases of orders, and the ports through which they reach the world."""
