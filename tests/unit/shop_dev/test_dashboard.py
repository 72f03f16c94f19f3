"""The dashboard shows what services export: each name and label in a query is one that the code counts under."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest
import yaml
from shop_dev.architecture import MANIFESTS
from shop_dev.dashboard import FILE, PANELS, Panel, dashboard
from shop_sandbox.engines.docker.compose import compose

CHECKOUT = Path(__file__).resolve().parents[3]
OF_PROMETHEUS = {"job", "le", "instance"}
"""Labels that Prometheus itself gives."""


def exported() -> dict[str, set[str]]:
    """Every series that a service may show, with its labels, read from where it is made."""
    found: dict[str, set[str]] = {}
    for file in (CHECKOUT / "services").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            match node.func.attr, node.args:
                case "counter" | "histogram" as kind, [ast.Constant(value=str(name)), _, *labels]:
                    names = {one.value for one in labels if isinstance(one, ast.Constant)}
                    series = [name] if kind == "counter" else [f"{name}_{end}" for end in ("bucket", "count", "sum")]
                    for one in series:
                        found.setdefault(one, set()).update(map(str, names))
                case "gauge", [ast.Constant(value=str(name)), *_]:
                    found.setdefault(name, set()).update(one.arg for one in node.keywords if one.arg)
                case _:
                    continue
    return found


ALL = [panel for members in PANELS.values() for panel in members]


@pytest.mark.parametrize("panel", ALL, ids=lambda panel: panel.title)
def test_each_query_names_a_series_of_the_services_and_labels_that_it_has(panel: Panel) -> None:
    known = exported()
    series = set(re.findall(r"\bshop_[a-z_]+", panel.query))
    assert series
    assert series <= set(known)

    labels = {label for group in re.findall(r"by \(([^)]*)\)", panel.query) for label in re.split(r",\s*", group)}
    labels |= set(re.findall(r"[{,]\s*([a-z_]+)\s*[=!]", panel.query))
    labels |= set(re.findall(r"\{\{([a-z_]+)\}\}", panel.legend))
    assert labels <= OF_PROMETHEUS | {label for one in series for label in known[one]}


@pytest.mark.parametrize("panel", ALL, ids=lambda panel: panel.title)
def test_counters_are_shown_as_rates_and_quantiles_keep_their_bounds(panel: Panel) -> None:
    for series in re.findall(r"\bshop_[a-z_]+(?:_total|_count|_bucket)\b", panel.query):
        assert re.search(rf"rate\({series}", panel.query)
    assert ("histogram_quantile" in panel.query) == ("_bucket" in panel.query) == ("le" in re.findall(r"\w+", panel.query))
    assert panel.query.count("(") == panel.query.count(")")


def test_a_name_that_no_service_exports_is_found() -> None:
    assert "shop_http_requests_total" not in exported()
    assert exported()["shop_http_server_seconds_bucket"] == {"method", "route", "status"}
    assert exported()["shop_breaker_open"] == {"service"}


def test_the_dashboard_that_is_provisioned_is_the_one_of_the_code_and_nothing_covers_anything() -> None:
    assert (CHECKOUT / FILE).read_text() == dashboard()
    taken: set[tuple[int, int]] = set()
    for panel in json.loads(dashboard())["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + dx, place["y"] + dy) for dx in range(place["w"]) for dy in range(place["h"])}
        assert not cells & taken
        taken |= cells


def test_prometheus_looks_at_every_service_where_it_shows_its_metrics() -> None:
    jobs = {one["job_name"]: one for one in yaml.safe_load(compose(CHECKOUT, MANIFESTS).targets)["scrape_configs"]}
    services = {folder.parent.name for folder in CHECKOUT.glob(MANIFESTS[0])}

    assert set(jobs) == {*services, "traces"}
    assert jobs["orders"]["static_configs"] == [{"targets": ["orders:8080"]}]
    assert jobs["edge"]["static_configs"] == [{"targets": ["edge:9090"]}]  # its other port is for visitors
