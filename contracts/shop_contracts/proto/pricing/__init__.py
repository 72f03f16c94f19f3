"""Contracts of pricing."""
