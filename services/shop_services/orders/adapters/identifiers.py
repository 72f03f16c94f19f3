"""Ids of orders."""

from __future__ import annotations

from shop_kit.identifiers import is_identifier, new_identifier


def is_order_id(text: str) -> bool:
    """Return whether an order may be called so."""
    return is_identifier("ord", text)


def new_order_id() -> str:
    """Return the id of an order to be."""
    return new_identifier("ord")
