"""What inventory does, in terms of ports."""
