"""What payments does, in terms of ports."""
