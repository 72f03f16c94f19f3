"""Stock, reservations that expire, and no oversell."""
