"""What is sought and found, in plain Python."""
