"""Settings: a value from the environment, or every fault at once."""

from __future__ import annotations

import msgspec
import pytest
from shop_kit.settings import KafkaSettings, RuntimeSettings, SettingsInvalid, read_settings


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    runtime: RuntimeSettings
    kafka: KafkaSettings
    hold_seconds: float = 900.0


def test_groups_are_read_from_one_flat_environment() -> None:
    environ = {"KAFKA_BOOTSTRAP_SERVERS": "k:1", "SCHEMA_REGISTRY_URL": "http://r", "PORT": "8080", "HOLD_SECONDS": "1.5"}

    found = read_settings(Settings, environ)

    assert (found.kafka.kafka_bootstrap_servers, found.runtime.port, found.hold_seconds) == ("k:1", 8080, 1.5)


def test_all_faults_are_listed_together_with_a_guess_at_what_was_meant() -> None:
    with pytest.raises(SettingsInvalid) as caught:
        read_settings(Settings, {"KAFKA_BOOTSTRAP_SERVER": "k:1", "PORT": "http", "LOG_LEVEL": "loud"})

    faults = "\n".join(caught.value.faults)
    assert len(caught.value.faults) == 4
    assert "KAFKA_BOOTSTRAP_SERVERS is not set (did you mean KAFKA_BOOTSTRAP_SERVER?)" in faults
    assert "SCHEMA_REGISTRY_URL is not set" in faults
    assert "PORT: " in faults
    assert "LOG_LEVEL: " in faults


def test_a_fault_does_not_show_the_value_which_may_be_a_secret() -> None:
    with pytest.raises(SettingsInvalid) as caught:
        read_settings(RuntimeSettings, {"PORT": "hunter2"})

    assert "hunter2" not in str(caught.value)
