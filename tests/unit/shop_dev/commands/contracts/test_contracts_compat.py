"""`shop-dev contracts compat`: both verdicts, one exit status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fakes.command_line import ShopDev

OLD = 'syntax = "proto3";\npackage shop.cases.v1;\nmessage Order {\n  int32 gross = 1;\n}\n'


def files(folder: Path, new: str) -> tuple[str, str]:
    (folder / "old.proto").write_text(OLD, encoding="utf-8")
    (folder / "new.proto").write_text(new, encoding="utf-8")
    return str(folder / "old.proto"), str(folder / "new.proto")


def test_a_change_both_accept_ends_with_0(shop_dev: ShopDev, tmp_path: Path) -> None:
    said = shop_dev("contracts", "compat", *files(tmp_path, OLD.replace("}", "  string note = 2;\n}")))

    assert said.status == 0
    assert said.out == "confluent BACKWARD             compatible\nhouse                          compatible\n"


def test_a_rename_is_refused_by_the_house_alone_and_shown_with_its_proof(shop_dev: ShopDev, tmp_path: Path) -> None:
    said = shop_dev("contracts", "compat", *files(tmp_path, OLD.replace("gross", "net")))

    assert said.status == 1
    assert said.out.splitlines()[:2] == [
        "confluent BACKWARD             compatible",
        "house                          not compatible (2 refusals)",
    ]
    assert said.out.splitlines()[-6:] == [
        "house: FIELD_SAME_NAME  #/Order/1  (backward)",
        "  before  int32 gross = 1",
        "  after   int32 net = 1",
        "  Number 1 was gross and is net: the bytes fit, and mean something else; JSON and code do not fit.",
        '  proof   old writes shop.cases.v1.Order {"gross": 150} as the bytes 08 96 01',
        '          new reads  {"net": 150}',
    ]
    assert "refused by house rules" in said.err


@pytest.mark.parametrize(
    ("mode", "new", "status"),
    [
        ("BACKWARD", OLD.replace("gross", "net"), 0),
        ("full", OLD.replace("gross", "net"), 0),
        ("FULL", OLD.replace("int32", "string"), 1),
        ("NONE", OLD.replace("int32", "string"), 0),
        ("BACKWARD", f"{OLD}message Line {{}}\n", 0),
        ("FORWARD", f"{OLD}message Line {{}}\n", 1),
        ("HOUSE", OLD.replace("gross", "net"), 1),
        ("HOUSE", f"{OLD}message Line {{}}\n", 0),
    ],
)
def test_the_mode_says_who_decides(shop_dev: ShopDev, tmp_path: Path, mode: str, new: str, status: int) -> None:
    assert shop_dev("contracts", "compat", *files(tmp_path, new), "--mode", mode).status == status


def test_the_document_holds_both_reports(shop_dev: ShopDev, tmp_path: Path) -> None:
    document = shop_dev("contracts", "compat", *files(tmp_path, OLD.replace("int32", "string")), "--json").document()

    assert document["status"] == "failed"
    assert document["error"]["code"] == "contract_incompatible"
    data = document["data"]
    assert (data["compatible"], data["decidedBy"]) == (False, ["confluent", "house"])
    assert data["confluent"]["level"] == "BACKWARD"
    (difference,) = data["confluent"]["differences"]
    assert {key: difference[key] for key in ("id", "path", "breaking", "before", "after")} == {
        "id": "FIELD_SCALAR_KIND_CHANGED",
        "path": "#/Order/1",
        "breaking": True,
        "before": "int32 gross = 1",
        "after": "string gross = 1",
    }
    assert difference["proof"]["written"] == '{"gross": 150}'
    assert [finding["id"] for finding in data["house"]["differences"]] == ["FIELD_WIRE_JSON_COMPATIBLE_TYPE"]


def test_a_file_that_does_not_compile_is_wrong_use_with_file_and_line(shop_dev: ShopDev, tmp_path: Path) -> None:
    old, new = files(tmp_path, 'syntax = "proto3";\nmessage Order {\n  int32 = 1;\n}\n')

    said = shop_dev("contracts", "compat", old, new)

    assert said.status == 2
    assert f"{new}:3:9: Expected field name." in said.err
    assert "Traceback" not in said.err


def test_a_file_that_is_not_there_is_wrong_use(shop_dev: ShopDev, tmp_path: Path) -> None:
    old, _ = files(tmp_path, OLD)

    said = shop_dev("contracts", "compat", old, str(tmp_path / "none.proto"), "--json")

    assert said.status == 2
    assert said.document()["error"]["code"] == "proto_invalid"


def test_an_import_is_looked_for_where_the_option_says(shop_dev: ShopDev, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "money.proto").write_text('syntax = "proto3"; message Money {}', encoding="utf-8")
    new = OLD.replace("package", 'import "money.proto";\npackage').replace("}", "  Money total = 2;\n}")
    old, changed = files(tmp_path, new)

    assert shop_dev("contracts", "compat", old, changed).status == 2
    assert shop_dev("contracts", "compat", old, changed, "-I", str(tmp_path / "elsewhere")).status == 0


MANIFEST = """\
schemaVersion: 1
service: {name}
summary: One of the services of this test
owner: tests
runtime:
  command: ["{name}"]
needs:
  topics:
    {topics}
deploy:
  target: fargate
  cpu: 256
  memoryMiB: 512
slo:
  availabilityPercent: 99.9
  latencyP95Ms: 300
"""


def test_the_services_that_consume_the_topic_are_named(shop_dev: ShopDev, checkout: Path, tmp_path: Path) -> None:
    schema = checkout / "proto" / "order.proto"
    schema.parent.mkdir()
    schema.write_text(OLD, encoding="utf-8")
    produced = "produces: [{name: shop.orders, schema: proto/order.proto, message: shop.cases.v1.Order}]"
    topics = {
        "edge": "consumes: [{name: shop.orders, group: edge}]",
        "orders": produced,
        "inventory": "consumes: [{name: shop.orders, group: inventory}]",
        "payments": "consumes: []",
    }
    for name, needs in topics.items():
        (checkout / "services" / name / "service.yaml").write_text(MANIFEST.format(name=name, topics=needs), encoding="utf-8")
        (checkout / "services" / name / name).touch()
    (tmp_path / "new.proto").write_text(OLD.replace("gross", "net"), encoding="utf-8")

    document = shop_dev("contracts", "compat", str(schema), str(tmp_path / "new.proto"), "--json").document()

    assert document["warnings"] == []
    assert {tuple(finding["consumers"]) for finding in document["data"]["house"]["differences"]} == {("edge", "inventory")}


def test_manifests_that_cannot_be_read_cost_the_names_and_not_the_verdict(
    shop_dev: ShopDev, checkout: Path, tmp_path: Path
) -> None:
    (checkout / "services" / "edge" / "service.yaml").write_text("service: [", encoding="utf-8")

    document = shop_dev("contracts", "compat", *files(tmp_path, OLD.replace("gross", "net")), "--json").document()

    assert document["data"]["compatible"] is False
    assert document["warnings"][0].startswith("Consumers are not named")


TEXT = {"type": "string"}
JSON_OLD = {"type": "object", "properties": {"id": TEXT}}
AVRO_OLD = {"type": "record", "name": "Order", "fields": [{"name": "id", "type": "long"}]}


def text_files(folder: Path, ending: str, old: object, new: object) -> tuple[str, str]:
    for name, schema in (("old", old), ("new", new)):
        (folder / f"{name}{ending}").write_text(json.dumps(schema), encoding="utf-8")
    return str(folder / f"old{ending}"), str(folder / f"new{ending}")


def test_a_json_schema_is_judged_and_a_refusal_shown_on_a_document(shop_dev: ShopDev, tmp_path: Path) -> None:
    new = {"type": "object", "properties": {"id": TEXT, "note": TEXT}}
    paths = text_files(tmp_path, ".json", JSON_OLD, new)

    said = shop_dev("contracts", "compat", *paths)

    assert said.status == 1
    assert said.out.splitlines()[:2] == [
        "confluent BACKWARD             not compatible (1 refusal)",
        "house                          compatible",
    ]
    assert "confluent: OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL  #/properties/note  (backward)" in said.out
    assert "new reads  nothing: " in said.out
    assert shop_dev("contracts", "compat", *paths, "--policy", "lenient").status == 0
    assert shop_dev("contracts", "compat", *paths, "--mode", "HOUSE").status == 0


def test_an_avro_schema_is_judged_and_a_refusal_shown_on_bytes(shop_dev: ShopDev, tmp_path: Path) -> None:
    new = {"type": "record", "name": "Order", "fields": [{"name": "id", "type": "int"}]}

    said = shop_dev("contracts", "compat", *text_files(tmp_path, ".avsc", AVRO_OLD, new))

    assert said.status == 1
    assert "confluent: TYPE_MISMATCH  #/fields/0/type  (backward)" in said.out
    assert "  proof   old writes the record" in said.out


def test_what_a_schema_refers_to_is_found_beside_it(shop_dev: ShopDev, tmp_path: Path) -> None:
    (tmp_path / "shop.Money.avsc").write_text(json.dumps({"type": "record", "name": "shop.Money", "fields": []}), encoding="utf-8")
    (tmp_path / "money.json").write_text(json.dumps({"definitions": {"cents": {"type": "integer"}}}), encoding="utf-8")
    order = {"type": "record", "name": "shop.Order", "fields": [{"name": "total", "type": "Money"}]}
    json_order = {"properties": {"total": {"$ref": "money.json#/definitions/cents"}}}

    assert shop_dev("contracts", "compat", *text_files(tmp_path, ".avsc", order, order)).status == 0
    assert shop_dev("contracts", "compat", *text_files(tmp_path, ".json", json_order, json_order)).status == 0


@pytest.mark.parametrize("text", ["{", '{"type": "text"}', '{"$ref": "gone.json"}', "[" * 100_000])
def test_what_is_no_schema_is_wrong_use(shop_dev: ShopDev, tmp_path: Path, text: str) -> None:
    paths = text_files(tmp_path, ".json", JSON_OLD, JSON_OLD)
    Path(paths[1]).write_text(text, encoding="utf-8")

    said = shop_dev("contracts", "compat", *paths)

    assert said.status == 2
    assert f"{paths[1]} cannot be read as a schema" in said.err


def test_two_kinds_of_schema_are_not_compared(shop_dev: ShopDev, tmp_path: Path) -> None:
    avro, _ = text_files(tmp_path, ".avsc", AVRO_OLD, AVRO_OLD)
    other, _ = text_files(tmp_path, ".json", JSON_OLD, JSON_OLD)

    assert "of different kinds" in shop_dev("contracts", "compat", avro, other).err
