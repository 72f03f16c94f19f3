"""Carts: what somebody may buy, before anybody has promised anything."""
