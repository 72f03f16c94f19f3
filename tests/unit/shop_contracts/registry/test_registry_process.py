from __future__ import annotations

import json
import logging

import pytest
from shop_contracts.registry.__main__ import Configuration, Misconfigured, configuration_from
from shop_contracts.registry.json_logs import JsonLines


def test_a_broker_is_all_that_must_be_configured() -> None:
    assert configuration_from({"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092"}) == Configuration(
        bootstrap_servers="127.0.0.1:9092", port=8081, listen_fd=None, topic="_schemas", log_level="INFO"
    )


def test_everything_can_be_configured() -> None:
    environ = {
        "KAFKA_BOOTSTRAP_SERVERS": "k:1",
        "PORT": "0",
        "SHOP_LISTEN_FD": "7",
        "SHOP_REGISTRY_TOPIC": "_theirs",
        "SHOP_LOG_LEVEL": "debug",
        "LISTEN_ADDRESS": "::1",
    }

    assert configuration_from(environ) == Configuration("k:1", 0, 7, "_theirs", "DEBUG", "::1")


def test_all_that_is_wrong_is_named_at_once() -> None:
    with pytest.raises(Misconfigured) as raised:
        configuration_from({"PORT": "http", "SHOP_LISTEN_FD": "-1", "SHOP_LOG_LEVEL": "loud"})

    for part in ("KAFKA_BOOTSTRAP_SERVERS is missing", "PORT is 'http'", "SHOP_LISTEN_FD is '-1'", "SHOP_LOG_LEVEL is 'LOUD'"):
        assert part in str(raised.value)


def test_a_log_line_is_one_json_object_with_what_was_passed_along() -> None:
    record = logging.LogRecord("registry", logging.INFO, __file__, 1, "read %s", ("it",), None)
    record.records, record.cause = 3, ValueError("odd")

    line = json.loads(JsonLines().format(record))

    assert line["message"] == "read it"
    assert (line["level"], line["service"], line["records"], line["cause"]) == ("info", "schema-registry", 3, "ValueError('odd')")
    assert "\n" not in JsonLines().format(record)
