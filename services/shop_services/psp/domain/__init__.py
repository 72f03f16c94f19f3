"""What a card scheme would decide, in plain Python."""
