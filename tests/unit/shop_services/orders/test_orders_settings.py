"""Settings of orders that do not go together are refused at the start."""

from __future__ import annotations

import pytest
from shop_kit.settings import SettingsInvalid, read_settings
from shop_services.orders.bootstrap import OrdersSettings

ENVIRONMENT = {
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092",
    "SCHEMA_REGISTRY_URL": "http://127.0.0.1:8081",
    "DATABASE_URL": "postgresql:///orders",
}


def test_the_defaults_go_together() -> None:
    assert read_settings(OrdersSettings, ENVIRONMENT).checkout_patience_seconds == 90


@pytest.mark.parametrize("patience, sweep", [("180", "1"), ("179", "1"), ("170", "10"), ("600", "1")])
def test_stock_is_not_held_shorter_than_an_order_may_take(patience: str, sweep: str) -> None:
    impatient = {"RESERVATION_SECONDS": "180", "CHECKOUT_PATIENCE_SECONDS": patience, "SWEEP_EVERY_SECONDS": sweep}

    with pytest.raises(SettingsInvalid, match="RESERVATION_SECONDS is 180"):
        read_settings(OrdersSettings, {**ENVIRONMENT, **impatient})


def test_stock_that_is_held_a_little_longer_will_do() -> None:
    just_enough = {"RESERVATION_SECONDS": "180", "CHECKOUT_PATIENCE_SECONDS": "178", "SWEEP_EVERY_SECONDS": "1"}

    assert read_settings(OrdersSettings, {**ENVIRONMENT, **just_enough}).reservation_seconds == 180
