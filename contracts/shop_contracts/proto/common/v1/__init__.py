"""Version 1 of what the contracts of all areas share."""
