"""`shop-dev graph`, seen from the terminal."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from fakes.command_line import ShopDev

ORDERS = """schemaVersion: 1
service: orders
summary: Orders
owner: checkout
runtime: {python: 'orders:main'}
needs:
  services: [edge]
  databases: [{name: orders}]
"""
EDGE = """schemaVersion: 1
service: edge
summary: The front door
owner: checkout
runtime: {python: 'edge:main'}
needs:
  tables: [{name: sessions, key: {partition: {name: id, type: S}}}]
"""


@pytest.fixture
def described(checkout: Path) -> None:
    for name, text in {"orders": ORDERS, "edge": EDGE}.items():
        (checkout / "services" / name / "service.yaml").write_text(text)
    for name in ("inventory", "payments"):
        (checkout / "services" / name / "service.yaml").unlink()


def test_services_and_what_they_own_are_drawn_for_markdown(shop_dev: ShopDev, described: None) -> None:
    said = shop_dev("graph")

    assert said.status == 0, said.err
    lines = said.out.splitlines()
    assert lines[0] == "flowchart LR"
    assert {line.strip() for line in lines[1:]} == {
        'n0[("orders")]',
        'n1["edge"]',
        'n2["orders"]',
        'n3[("sessions")]',
        "n1 -->|keeps| n3",
        "n2 -->|calls| n1",
        "n2 -->|keeps| n0",
    }


def test_scripts_get_nodes_and_edges(shop_dev: ShopDev, described: None) -> None:
    data = shop_dev("graph", "--json").document()["data"]

    assert {"from": "service:orders", "verb": "calls", "to": "service:edge"} in data["edges"]
    assert json.loads(shop_dev("graph", "--format", "json").out) == data


def test_the_drawing_is_well_formed_and_names_everything(shop_dev: ShopDev, described: None) -> None:
    drawing = ElementTree.fromstring(shop_dev("graph", "--format", "svg").out)  # noqa: S314 - our own

    names = [text.text for text in drawing.iter("{http://www.w3.org/2000/svg}text")]
    assert sorted(filter(None, names)) == ["edge", "orders", "orders", "sessions"]


def test_what_is_wrong_in_a_manifest_is_told_as_everywhere(shop_dev: ShopDev) -> None:
    assert shop_dev("graph", "--json").document()["error"]["code"] == "manifest_invalid"
