"""The AsyncAPI documents keep to the form of AsyncAPI 3.0.0: required parts, references that lead somewhere, names allowed.

https://www.asyncapi.com/docs/reference/specification/v3.0.0
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from fakes.contract_repository import ContractRepository
from jsonschema import Draft202012Validator
from shop_contracts.event_documents import documents
from shop_contracts.tree.compiled import Compiled
from shop_dev.contracts.tree import open_contracts

SHOP = Path(__file__).resolve().parents[3] / "contracts" / "shop_contracts" / "asyncapi"
_NAME = re.compile(r"[\w.\-]+\Z")
_ALLOWED = {
    "": {"asyncapi", "info", "defaultContentType", "channels", "operations", "components"},
    "channel": {"address", "messages", "bindings"},
    "operation": {"action", "channel", "messages", "bindings"},
    "message": {"name", "title", "summary", "contentType", "headers", "payload", "bindings", "x-protobuf"},
}


def faults(document: Any) -> Iterator[str]:
    """Yield what is not as the specification has it."""
    if document.get("asyncapi") != "3.0.0" or not {"title", "version"} <= document["info"].keys():
        yield "the head"
    yield from (f"/{key}" for key in document.keys() - _ALLOWED[""])
    for kind, parts in (
        ("channel", document["channels"]),
        ("operation", document["operations"]),
        ("message", document["components"]["messages"]),
    ):
        for name, part in parts.items():
            yield from (f"{kind} {name}: {key}" for key in part.keys() - _ALLOWED[kind])
            if not _NAME.match(name):
                yield f"{kind} {name}: name"
    for name, operation in document["operations"].items():
        channel = operation["channel"]["$ref"]
        if operation["action"] not in {"send", "receive"}:
            yield f"operation {name}: action"
        yield from (
            f"operation {name}: {one['$ref']}"
            for one in operation["messages"]
            if not one["$ref"].startswith(f"{channel}/messages/")
        )
    for reference in references(document):
        target = document
        for step in reference.removeprefix("#/").split("/"):
            target = target.get(step, {})
        if not target:
            yield f"{reference} leads nowhere"
    for message in document["components"]["messages"].values():
        Draft202012Validator.check_schema(message["payload"])


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for below in value.values():
            yield from references(below)
    elif isinstance(value, list):
        for below in value:
            yield from references(below)


@pytest.mark.parametrize("file", sorted(SHOP.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_shops_documents_keep_to_the_specification(file: Path) -> None:
    assert list(faults(yaml.safe_load(file.read_text(encoding="utf-8")))) == []


def test_a_document_says_who_sends_and_who_receives_which_kinds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ContractRepository.plant(tmp_path / "repository").root)
    contracts = open_contracts().contracts

    made = {name: yaml.safe_load(content) for name, content in documents(contracts, Compiled(contracts)).items()}

    assert set(made) == {"tills.yaml", "stock.yaml"}
    assert [one["action"] for one in made["tills.yaml"]["operations"].values()] == ["send"]
    assert [one["action"] for one in made["stock.yaml"]["operations"].values()] == ["receive"]
    assert list(made["tills.yaml"]["channels"]["tills.sales.v1"]["messages"]) == ["SaleClosed", "SaleVoided"]
    closed = made["tills.yaml"]["components"]["messages"]["shop.tills.v1.SaleClosed"]
    assert closed["summary"] == "The customer has paid."
    assert set(closed["payload"]["properties"]) == {"saleId", "saleClosed"}
    assert closed["payload"]["required"] == ["saleClosed"]
    line = made["tills.yaml"]["components"]["schemas"]["shop.tills.v1.SaleClosed"]["properties"]["lines"]
    assert line["items"] == {"$ref": "#/components/schemas/shop.tills.v1.Line"}
    assert [fault for document in made.values() for fault in faults(document)] == []


def test_the_check_of_the_form_sees_what_is_wrong(tmp_path: Path) -> None:
    document = yaml.safe_load((SHOP / "orders.yaml").read_text(encoding="utf-8"))
    name = next(iter(document["operations"]))
    document["operations"][name]["action"] = "publish"
    document["channels"]["a b"] = {"adress": "a"}

    assert sorted(faults(document)) == ["channel a b: adress", "channel a b: name", f"operation {name}: action"]


@pytest.mark.parametrize(("ending", "language"), [(".avsc", "avro"), (".json", "schema+json")])
def test_a_topic_in_avro_or_json_schema_refers_to_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str, language: str
) -> None:
    repository = ContractRepository.plant(tmp_path / "repository")
    monkeypatch.chdir(repository.root)
    repository.write(f"contracts/notes/note{ending}", '{"type": "record", "name": "Note", "fields": []}')
    topic = f"      - {{name: notes.v1, schema: contracts/notes/note{ending}}}\n"
    repository.change("services/tills/service.yaml", "    produces:\n", f"    produces:\n{topic}")
    contracts = open_contracts().contracts

    made = yaml.safe_load(documents(contracts, Compiled(contracts))["tills.yaml"])

    message = made["components"]["messages"]["notes.v1"]
    assert language in message["payload"]["schemaFormat"]
    assert (contracts.root / contracts.folder / "asyncapi" / message["payload"]["schema"]["$ref"]).resolve().is_file()
    message["payload"] = {}  # its reference leads to a file
    assert list(faults(made)) == []
