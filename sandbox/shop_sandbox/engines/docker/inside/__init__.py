"""Programs of our own that run inside containers."""
