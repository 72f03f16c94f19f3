"""Schemas, in the real registry, looked at with Confluent's own client."""

from __future__ import annotations

import json

import pytest
from confluent_kafka.schema_registry import SchemaRegistryClient
from fakes.provisioning import Bench

pytestmark = pytest.mark.integration

NEEDS = """\
  topics:
    produces:
      - {name: sales.{x}, schema: contracts/sales_{x}/v1/sales.proto, message: sales_{x}.v1.Sale}
      - {name: refunds.{x}, schema: contracts/sales_{x}/v1/refunds.proto, message: sales_{x}.v1.Refund}
"""
MONEY = 'syntax = "proto3";\npackage common_{x};\nmessage Money { int64 minor_units = 1; }\n'
SALES = """\
syntax = "proto3";
package sales_{x}.v1;
import "common_{x}/money.proto";
import "google/protobuf/timestamp.proto";
// A sale, once it is paid.
message Sale {
  string id = 1;
  common_{x}.Money price = 2;
  google.protobuf.Timestamp at = 3;
}
"""
REFUNDS = """\
syntax = "proto3";
package sales_{x}.v1;
import "common_{x}/money.proto";
message Refund { common_{x}.Money price = 1; }
"""


@pytest.fixture
def shop(bench: Bench) -> Bench:
    bench.needs(NEEDS)
    for name, text in (("common_{x}/money", MONEY), ("sales_{x}/v1/sales", SALES), ("sales_{x}/v1/refunds", REFUNDS)):
        write(bench, name, text)
    return bench


def write(bench: Bench, name: str, text: str) -> None:
    bench.write(f"contracts/{name}.proto".replace("{x}", bench.x), text.replace("{x}", bench.x))


def registry(bench: Bench) -> SchemaRegistryClient:
    return SchemaRegistryClient({"url": bench.environment["SCHEMA_REGISTRY_URL"]})


def test_a_second_run_changes_nothing(shop: Bench) -> None:
    first, second = shop.provision("schemas"), shop.provision("schemas")

    assert (first.status, first.refused) == (second.status, second.refused) == (0, "")
    assert first.outcomes == {
        ("schema", f"common_{shop.x}/money.proto", "made"),
        ("schema", f"sales.{shop.x}-value", "made"),
        ("schema", f"refunds.{shop.x}-value", "made"),
    }
    assert second.outcomes == {(kind, name, "unchanged") for kind, name, _ in first.outcomes}


def test_a_schema_is_registered_with_its_imports_as_references(shop: Bench) -> None:
    shop.provision("schemas")

    found = registry(shop).get_latest_version(f"sales.{shop.x}-value")

    assert found.schema.schema_type == "PROTOBUF"
    assert "message Sale" in (found.schema.schema_str or "")
    assert [(one.name, one.subject, one.version) for one in found.schema.references or []] == [
        (f"common_{shop.x}/money.proto", f"common_{shop.x}/money.proto", 1)
    ]


def test_a_compatible_change_becomes_the_next_version(shop: Bench) -> None:
    shop.provision("schemas")
    write(shop, "sales_{x}/v1/sales", SALES.replace("at = 3;", "at = 3;\n  string till = 4;"))

    second = shop.provision("schemas")

    assert ("schema", f"sales.{shop.x}-value", "made") in second.outcomes
    assert ("schema", f"refunds.{shop.x}-value", "unchanged") in second.outcomes
    assert registry(shop).get_latest_version(f"sales.{shop.x}-value").version == 2


def test_an_incompatible_change_is_refused_and_says_what_to_do(shop: Bench) -> None:
    shop.provision("schemas")
    write(shop, "sales_{x}/v1/sales", SALES.replace("string id = 1;", "int64 id = 1;"))

    told = shop.provision("schemas")

    assert told.status == 1
    assert told.refused.startswith(f"schema sales.{shop.x}-value: ")
    refused, hint = told.refused.splitlines()
    assert "incompatible with version 1: " in refused
    assert "int64" in refused
    assert hint.startswith("  hint: make the change compatible, or give it a new version (`v2`) on a topic of its own; ")
    assert "/versions/1 && shop-dev restart provision-schemas`" in hint
    assert registry(shop).get_latest_version(f"sales.{shop.x}-value").version == 1


def test_a_file_that_is_no_protobuf_is_refused(shop: Bench) -> None:
    write(shop, "sales_{x}/v1/sales", SALES.replace("string id = 1;", "string id = ;"))

    told = shop.provision("schemas")

    assert told.status == 1
    assert told.refused.startswith(f"schema sales.{shop.x}-value: ")
    assert told.refused.endswith("\n  hint: correct the file; `shop-dev contracts check` shows the place\n")


def test_an_import_that_is_not_there_is_told_with_its_importer(shop: Bench) -> None:
    write(shop, "sales_{x}/v1/refunds", REFUNDS.replace("money.proto", "coins.proto"))

    told = shop.provision("schemas")

    assert told.refused == (
        f"schema refunds.{shop.x}-value: contracts/sales_{shop.x}/v1/refunds.proto imports 'common_{shop.x}/coins.proto',"
        " and there is no such file\n"
        "  hint: imports are looked for in the folders above the file, up to the checkout\n"
    )


def test_files_that_import_each_other_are_refused(shop: Bench) -> None:
    write(shop, "common_{x}/money", MONEY.replace("message", 'import "common_{x}/coins.proto";\nmessage'))
    write(shop, "common_{x}/coins", 'syntax = "proto3";\nimport "common_{x}/money.proto";\n')

    told = shop.provision("schemas")

    money, coins = f"common_{shop.x}/money.proto", f"common_{shop.x}/coins.proto"
    assert told.status == 1
    assert f"files import each other in a circle: {money} -> {coins} -> {money}" in told.refused


@pytest.mark.parametrize(("ending", "kind"), [("avsc", "AVRO"), ("json", "JSON")])
def test_avro_and_json_schemas_are_registered_with_what_they_refer_to(bench: Bench, ending: str, kind: str) -> None:
    bench.needs(
        "  topics:\n    produces:\n      - {name: notes.{x}, schema: contracts/notes/note.ENDING}\n".replace("ENDING", ending)
    )
    name = f"shop{bench.x}.Money" if kind == "AVRO" else f"money{bench.x}.json"
    money = (
        {"type": "record", "name": name, "fields": [{"name": "cents", "type": "long"}]} if kind == "AVRO" else {"type": "integer"}
    )
    note = (
        {"type": "record", "name": "Note", "fields": [{"name": "total", "type": name}]}
        if kind == "AVRO"
        else {"properties": {"total": {"$ref": name}}}
    )
    bench.write(f"contracts/notes/{name}{'.avsc' if kind == 'AVRO' else ''}", json.dumps(money))
    bench.write(f"contracts/notes/note.{ending}", json.dumps(note))

    first, second = bench.provision("schemas"), bench.provision("schemas")
    found = registry(bench).get_latest_version(f"notes.{bench.x}-value").schema

    assert (first.status, first.refused, second.refused) == (0, "", "")
    assert {outcome for *_, outcome in second.outcomes} == {"unchanged"}
    assert found.schema_type == kind
    assert [(one.name, one.subject, one.version) for one in found.references or []] == [(name, name, 1)]
