"""Metrics and traces beside the shop in containers: an OpenTelemetry collector, Prometheus, and Grafana with its dashboards.

Their settings lie in `infra/observability`. What Prometheus looks at is made from the manifests.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from shop_sandbox.engines.docker import compose_form as form
from shop_sandbox.engines.docker.images import COLLECTOR, GRAFANA, PROMETHEUS, Image
from shop_sandbox.resources.model import PythonRuntime, Resource

FOLDER = "infra/observability"
TARGETS = f"{FOLDER}/prometheus.yaml"
OTLP_PORT = 4318
_TRACES_AS_METRICS = 8889
_PROMETHEUS_PORT, _GRAFANA_PORT = 9090, 3000
_HEADER = "# Made by `just reference` from the manifests; do not edit.\n"


def is_wanted(checkout: Path) -> bool:
    """Return whether a checkout has settings for these containers."""
    return (checkout / FOLDER).is_dir()


def containers() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the containers of the profile, as Compose writes them."""
    yield (
        "collector",
        {
            **_seen(COLLECTOR, "collector.yaml:/etc/otelcol-contrib/config.yaml"),
            # Without a health check: its image has no other program to ask it with, and Prometheus says whether it is up.
            "deploy": form.at_most(256),
        },
    )
    yield (
        "prometheus",
        {
            **_seen(PROMETHEUS, "prometheus.yaml:/etc/prometheus/prometheus.yml"),
            "volumes": [_mounted("prometheus.yaml:/etc/prometheus/prometheus.yml"), "prometheus:/prometheus"],
            "ports": [form.published("prometheus", _PROMETHEUS_PORT, 9095)],
            "healthcheck": form.health(("wget", "-q", "-O", "/dev/null", f"http://127.0.0.1:{_PROMETHEUS_PORT}/-/ready")),
            "deploy": form.at_most(512),
        },
    )
    yield (
        "grafana",
        {
            **_seen(GRAFANA),
            "environment": {"GF_AUTH_ANONYMOUS_ENABLED": "true", "GF_ANALYTICS_REPORTING_ENABLED": "false"},
            "volumes": [
                _mounted("datasources.yaml:/etc/grafana/provisioning/datasources/shop.yaml"),
                _mounted("dashboards.yaml:/etc/grafana/provisioning/dashboards/shop.yaml"),
                _mounted("dashboards:/var/lib/grafana/dashboards"),
            ],
            "ports": [form.published("grafana", _GRAFANA_PORT, _GRAFANA_PORT)],
            "depends_on": {"prometheus": {"condition": "service_healthy"}},
            "healthcheck": form.health(("wget", "-q", "-O", "/dev/null", f"http://127.0.0.1:{_GRAFANA_PORT}/api/health")),
            "deploy": form.at_most(512),
        },
    )


def _seen(image: Image, *files: str) -> dict[str, Any]:
    return {
        "image": str(image),
        "profiles": ["observability"],
        "volumes": [_mounted(one) for one in files],
        "restart": "unless-stopped",
    }


def _mounted(file: str) -> str:
    return f"./{FOLDER}/{file}:ro"


def targets(graph: Mapping[str, Resource], ports: Mapping[str, int]) -> str:
    """Return what Prometheus looks at: each Python service under its own name, and the collector.

    A service whose port is for visitors shows its metrics at its port for operations.
    """
    jobs: list[dict[str, Any]] = [
        {"job_name": name, "static_configs": [{"targets": [f"{name}:{ports.get(f'{name}.operations', ports[name])}"]}]}
        for name, resource in sorted(graph.items())
        if resource.is_service and isinstance(resource.runtime, PythonRuntime) and name in ports
    ]
    jobs.append({"job_name": "traces", "static_configs": [{"targets": [f"collector:{_TRACES_AS_METRICS}"]}], "honor_labels": True})
    return _HEADER + form.as_yaml({"global": {"scrape_interval": "5s", "evaluation_interval": "5s"}, "scrape_configs": jobs})
