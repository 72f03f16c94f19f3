"""Contracts of orders."""
