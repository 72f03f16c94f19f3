"""What pricing does, and what it needs for it."""
