"""Grafana's dashboard of the shop: what people look at first, of the metrics that the kit gives every service.

Each service is a job of Prometheus, so `job` is its name; `service` is whom a call was to.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

FILE = "infra/observability/dashboards/shop.json"
_SOURCE = {"type": "prometheus", "uid": "prometheus"}
_WIDTH, _HEIGHT, _COLUMNS = 8, 8, 3


@dataclass(frozen=True)
class Panel:
    """A graph: its title, the query in PromQL, how a line is called, and its unit as Grafana names it."""

    title: str
    query: str
    legend: str
    unit: str = "short"


PANELS = {
    "Requests": (
        Panel("Requests a second", "sum by (job) (rate(shop_http_server_seconds_count[1m]))", "{{job}}", "reqps"),
        Panel(
            "95 of 100 requests within",
            "histogram_quantile(0.95, sum by (job, le) (rate(shop_http_server_seconds_bucket[1m])))",
            "{{job}}",
            "s",
        ),
        Panel(
            "Answered with 5xx",
            'sum by (job) (rate(shop_http_server_seconds_count{status=~"5.."}[1m])) / '
            "sum by (job) (rate(shop_http_server_seconds_count[1m]))",
            "{{job}}",
            "percentunit",
        ),
        Panel(
            "gRPC calls a second", "sum by (job, method) (rate(shop_grpc_server_seconds_count[1m]))", "{{job}} {{method}}", "reqps"
        ),
        Panel("Being served", "shop_requests_under_way", "{{job}}"),
        Panel("Shed a second", "sum by (job, priority) (rate(shop_requests_shed_total[1m]))", "{{job}} {{priority}}", "reqps"),
    ),
    "Messages": (
        Panel("Handled a second", "sum by (job, topic) (rate(shop_kafka_handled_total[1m]))", "{{job}} {{topic}}", "cps"),
        Panel(
            "95 of 100 messages within",
            "histogram_quantile(0.95, sum by (job, le) (rate(shop_kafka_handling_seconds_bucket[1m])))",
            "{{job}}",
            "s",
        ),
        Panel("By outcome, a second", "sum by (outcome) (rate(shop_kafka_handled_total[1m]))", "{{outcome}}", "cps"),
        Panel("Waiting in the outbox", "sum by (job) (shop_outbox_waiting)", "{{job}}"),
        Panel("Published a second", "sum by (job, topic) (rate(shop_kafka_published_total[1m]))", "{{job}} {{topic}}", "cps"),
        Panel(
            "Not acknowledged by Kafka, a second", "sum by (job) (rate(shop_kafka_publish_failures_total[1m]))", "{{job}}", "cps"
        ),
        Panel("Taken up and not finished", "shop_kafka_in_flight", "{{job}}"),
        Panel(
            "Into read models, a second", "sum by (projection) (rate(shop_projection_applied_total[1m]))", "{{projection}}", "cps"
        ),
    ),
    "Others": (
        Panel(
            "Calls by outcome",
            "sum by (job, service, outcome) (rate(shop_calls_total[1m]))",
            "{{job}} to {{service}}: {{outcome}}",
            "cps",
        ),
        Panel("Repeated a second", "sum by (job, service) (rate(shop_calls_retried_total[1m]))", "{{job}} to {{service}}", "cps"),
        Panel(
            "No place free, a second", "sum by (job, service) (rate(shop_calls_refused_total[1m]))", "{{job}} to {{service}}", "cps"
        ),
        Panel("Breakers open", "max by (job, service) (shop_breaker_open)", "{{job}} to {{service}}"),
        Panel("Calls to AWS", "sum by (job, operation) (rate(shop_aws_calls_total[1m]))", "{{job}} {{operation}}", "cps"),
        Panel(
            "Refused or away, AWS",
            'sum by (job, operation, outcome) (rate(shop_aws_calls_total{outcome!="ok"}[1m]))',
            "{{job}} {{operation}}: {{outcome}}",
            "cps",
        ),
    ),
}
"""The panels, by row."""


def dashboard() -> str:
    """Return the dashboard as Grafana provisions it."""
    panels: list[dict[str, Any]] = []
    top = 0
    for row, members in PANELS.items():
        panels.append({"id": len(panels) + 1, "type": "row", "title": row, "gridPos": {"x": 0, "y": top, "w": 24, "h": 1}})
        for number, panel in enumerate(members):
            place = {"x": number % _COLUMNS * _WIDTH, "y": top + 1 + number // _COLUMNS * _HEIGHT, "w": _WIDTH, "h": _HEIGHT}
            panels.append(_graph(panel, len(panels) + 1, place))
        top += 1 + -(-len(members) // _COLUMNS) * _HEIGHT
    document = {
        "uid": "shop",
        "title": "Shop",
        "editable": False,
        "schemaVersion": 41,
        "refresh": "5s",
        "time": {"from": "now-15m", "to": "now"},
        "panels": panels,
    }
    return json.dumps(document, indent=1) + "\n"


def _graph(panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    return {
        "id": number,
        "type": "timeseries",
        "title": panel.title,
        "datasource": _SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": [{"refId": "A", "datasource": _SOURCE, "expr": panel.query, "legendFormat": panel.legend}],
    }
