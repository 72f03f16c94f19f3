"""What the catalog does, in terms of ports."""
