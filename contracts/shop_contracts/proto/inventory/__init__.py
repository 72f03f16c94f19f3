"""Contracts of inventory."""
