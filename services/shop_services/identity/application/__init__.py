"""What identity does, in terms of ports."""
