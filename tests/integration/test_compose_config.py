"""Docker Compose itself reads compose.yaml; no daemon is needed for that."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from fakes.docker_here import CHECKOUT, compose_program

pytestmark = pytest.mark.integration


def config(place: Path, *profiles: str, **environment: str) -> Any:
    """The file as Compose understands it."""
    words = [word for profile in profiles for word in ("--profile", profile)]
    command = [*compose_program(place), "--file", str(CHECKOUT / "compose.yaml"), *words, "config", "--format", "json"]
    said = subprocess.run(command, env={"PATH": os.environ["PATH"], **environment}, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    assert "warn" not in said.stderr.lower(), said.stderr
    return json.loads(said.stdout)


def test_compose_takes_the_file_and_the_profiles_hold_what_they_say(tmp_path: Path) -> None:
    infra, shop = config(tmp_path, "infra")["services"], config(tmp_path, "shop")["services"]

    assert set(infra) == {"kafka", "ministack", "postgres", "redis", "schema-registry"}
    assert {"edge", "orders", "provision-topics", *infra} <= set(shop)
    assert "localstack" not in shop


def test_ports_and_the_emulator_are_chosen_by_variables(tmp_path: Path) -> None:
    chosen = config(tmp_path, "shop", "localstack", SHOP_KAFKA_PORT="19999", SHOP_AWS="localstack")["services"]

    (port,) = chosen["kafka"]["ports"]
    assert (port["host_ip"], port["published"], port["target"]) == ("127.0.0.1", "19999", 19092)
    assert chosen["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"].endswith("HOST://127.0.0.1:19999")
    assert chosen["catalog"]["environment"]["AWS_ENDPOINT_URL"] == "http://localstack:4566"
    assert chosen["identity"]["environment"]["AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER"] == "http://ministack:4566"


def test_the_profile_for_looking_on_has_its_settings_mounted_and_listens_on_this_machine_only(tmp_path: Path) -> None:
    seen = config(tmp_path, "shop", "observability", SHOP_OTLP_ENDPOINT="http://collector:4318")["services"]

    assert {"collector", "prometheus", "grafana", "edge"} <= set(seen)
    assert seen["orders"]["environment"]["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://collector:4318"
    for name in ("collector", "prometheus", "grafana"):
        mounted = [volume for volume in seen[name]["volumes"] if volume["type"] == "bind"]
        assert mounted
        assert all(Path(volume["source"]).exists() and volume["read_only"] for volume in mounted)
        assert {port["host_ip"] for port in seen[name].get("ports", [])} <= {"127.0.0.1"}
    assert "grafana" not in config(tmp_path, "shop")["services"]
