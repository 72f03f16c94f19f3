"""Contracts of catalog."""
