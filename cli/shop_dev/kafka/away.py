"""Kafka's silence, as the user is told of it."""

from __future__ import annotations

from shop_kit.errors import Unavailable

from shop_dev.errors import CliCode, ShopDevError


def away(error: Unavailable) -> ShopDevError:
    """Return the error (kafka_away) for a Kafka that does not answer."""
    return ShopDevError(CliCode.KAFKA_AWAY, f"{error}.")
