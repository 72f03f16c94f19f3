"""What search does, in terms of ports."""
