"""Logs: one JSON object a line, found by correlation id, and no secrets in them."""

from __future__ import annotations

import io
import json
import logging

import pytest
from shop_kit import context
from shop_kit.logs import JsonLines, mask


@pytest.fixture
def written() -> tuple[logging.Logger, io.StringIO]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines("orders"))
    logger = logging.Logger("test")
    logger.addHandler(handler)
    return logger, stream


def test_a_line_names_the_service_and_the_work_it_belongs_to(written: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = written

    with context.bind(correlation_id="c-1", order_id="o-1"):
        logger.info("placed", extra={"seconds": 0.0123456789012345})

    line = json.loads(stream.getvalue())
    assert (line["service"], line["level"], line["message"]) == ("orders", "info", "placed")
    assert (line["correlation_id"], line["order_id"], line["seconds"]) == ("c-1", "o-1", 0.0123456789012345)


@pytest.mark.parametrize(
    "secret",
    ["4111 1111 1111 1111", "4111111111111111", "tok_visa_debit", "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"],
)
def test_no_card_number_or_token_is_written_wherever_it_stands(written: tuple[logging.Logger, io.StringIO], secret: str) -> None:
    logger, stream = written

    logger.error("failed for %s", secret, exc_info=ValueError(f"declined {secret}"), extra={"given": f"x {secret} y"})

    assert secret not in stream.getvalue()
    json.loads(stream.getvalue())


def test_ids_of_orders_and_traces_are_left_as_they_are() -> None:
    text = "order ord_01J9ZK3V5M8Q2T4W6Y8A0C2E4G trace 4bf92f3577b34da6a3ce929d0e0e4736"

    assert mask(text) == text
