"""Inert descriptions of what a sandbox consists of. Nothing here starts anything."""
