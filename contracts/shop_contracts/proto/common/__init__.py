"""What the contracts of all areas share."""
