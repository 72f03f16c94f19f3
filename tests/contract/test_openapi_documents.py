"""The services' OpenAPI documents by themselves: valid, complete, and with examples that are what they say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from schemathesis.specs.openapi.definitions import OPENAPI_31  # as the OpenAPI initiative publishes it

DOCUMENTS = sorted(Path(__file__).resolve().parents[2].glob("contracts/shop_contracts/openapi/*.yaml"))
METHODS = ("get", "put", "post", "delete", "patch")
PROBLEM = "application/problem+json"
CHANGES_NOTHING_AGAIN = {"openCart", "mergeCarts"}
"""What leaves everything as it is when it comes a second time, key or no key."""

Operation = tuple[str, str, dict[str, Any]]
"""Path, method, and what the document says of it."""


@cache
def document(path: Path) -> dict[str, Any]:
    """The document as it is, references not followed."""
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def resolved(root: dict[str, Any], value: Any) -> Any:
    """What a reference inside the document stands for; anything else as it is. Raises KeyError for one that leads nowhere."""
    while isinstance(value, dict) and "$ref" in value and value["$ref"].startswith("#/"):
        target: Any = root
        for step in value["$ref"][2:].split("/"):
            target = target[step.replace("~1", "/").replace("~0", "~")]
        value = target
    return value


def operations(root: dict[str, Any]) -> list[Operation]:
    return [(path, method, item[method]) for path, item in root["paths"].items() for method in METHODS if method in item]


def business(root: dict[str, Any]) -> list[Operation]:
    """The operations that are not there for those who run the service."""
    return [one for one in operations(root) if one[0].startswith("/v1/")]


def parameters(root: dict[str, Any], operation: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in (resolved(root, given) for given in operation.get("parameters", ()))}


def answers(root: dict[str, Any], operation: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {status: resolved(root, answer) for status, answer in operation["responses"].items()}


def contents(root: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every body of a request or an answer: where it is, its media type, and what is said of it."""
    for path, method, operation in operations(root):
        where = f"{method.upper()} {path}"
        for kind, content in resolved(root, operation.get("requestBody", {})).get("content", {}).items():
            yield f"{where} request", kind, content
        for status, answer in answers(root, operation).items():
            for kind, content in answer.get("content", {}).items():
                yield f"{where} {status}", kind, content


def validator(root: dict[str, Any], schema: Any) -> Draft202012Validator:
    """A validator of `schema`, whose references are into the document."""
    whole = {"$id": "urn:document", **root}
    return Draft202012Validator(
        {"allOf": [_absolute(schema)], "$defs": {"document": whole}}, format_checker=Draft202012Validator.FORMAT_CHECKER
    )


def _absolute(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: f"urn:document{one}" if name == "$ref" and isinstance(one, str) and one.startswith("#/") else _absolute(one)
            for name, one in value.items()
        }
    return [_absolute(one) for one in value] if isinstance(value, list) else value


each_document = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)


@each_document
def test_a_document_is_valid_openapi(path: Path) -> None:
    faults = [f"{fault.json_path}: {fault.message}" for fault in Draft202012Validator(OPENAPI_31).iter_errors(document(path))]

    assert faults == []


@each_document
def test_every_schema_is_valid_json_schema(path: Path) -> None:
    root = document(path)
    for schema in root["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    for _, _, content in contents(root):
        Draft202012Validator.check_schema(content["schema"])


@each_document
def test_every_reference_leads_somewhere_and_every_component_is_used(path: Path) -> None:
    root = document(path)
    references = set(re.findall(r"\$ref: '?(#/[\w/]+)", path.read_text(encoding="utf-8")))
    declared = {f"#/components/{kind}/{name}" for kind, found in root["components"].items() for name in found}

    for reference in references:
        resolved(root, {"$ref": reference})
    assert {name for name in declared - references if "/securitySchemes/" not in name} == set()


@each_document
def test_every_operation_has_an_id_of_its_own_a_summary_and_declared_tags(path: Path) -> None:
    root = document(path)
    ids = [operation["operationId"] for _, _, operation in operations(root)]
    tags = {tag["name"] for tag in root["tags"]}

    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[a-z]+([A-Z][a-z]+)+", one) for one in ids)
    assert all(operation["summary"] and not operation["summary"].endswith(".") for _, _, operation in operations(root))
    assert {tag for _, _, operation in operations(root) for tag in operation["tags"]} == tags


@each_document
def test_every_operation_says_whom_it_lets_in(path: Path) -> None:
    root = document(path)
    for where, method, operation in operations(root):
        wants = operation["security"]
        is_refused = "401" in operation["responses"]
        assert is_refused == any(wants), f"{method} {where}"
        if any(scopes for one in wants for scopes in one.values()):
            assert "403" in operation["responses"], f"{method} {where}"


@each_document
def test_every_body_has_an_example(path: Path) -> None:
    assert [where for where, _, content in contents(document(path)) if not content.get("examples")] == []


@each_document
def test_every_example_is_what_its_schema_says(path: Path) -> None:
    root = document(path)
    faults = []
    for where, _, content in contents(root):
        check = validator(root, content["schema"])
        for name, example in content.get("examples", {}).items():
            faults += [
                f"{where} {name}: {fault.json_path} {fault.message}"
                for fault in check.iter_errors(resolved(root, example)["value"])
            ]
    for _, _, operation in operations(root):
        for parameter in parameters(root, operation).values():
            if "example" in parameter:
                check = validator(root, parameter["schema"])
                faults += [f"{parameter['name']}: {fault.message}" for fault in check.iter_errors(parameter["example"])]

    assert faults == []


@each_document
def test_the_example_of_a_problem_has_the_status_it_stands_under(path: Path) -> None:
    for where, kind, content in contents(document(path)):
        if kind == PROBLEM:
            assert {str(one["value"]["status"]) for one in content["examples"].values()} == {where.rpartition(" ")[2]}, where


@each_document
def test_every_error_is_a_problem(path: Path) -> None:
    root = document(path)
    for where, method, operation in business(root):
        for status, answer in answers(root, operation).items():
            if status >= "400":
                assert list(answer["content"]) == [PROBLEM], f"{method} {where} {status}"
                assert answer["content"][PROBLEM]["schema"] == {"$ref": "#/components/schemas/Problem"}


@each_document
def test_every_operation_says_how_it_may_fail(path: Path) -> None:
    root = document(path)
    for where, method, operation in business(root):
        needed = {"503", "504"}
        needed |= {"400", "413", "422"} if "requestBody" in operation else set()
        needed |= {"404"} if where.endswith("}") and method == "get" else set()
        needed |= {"400"} if any(one["in"] == "query" for one in parameters(root, operation).values()) else set()
        needed |= {"429", "502"} if path.stem == "edge" else set()
        assert needed <= set(operation["responses"]), f"{method} {where}"


@each_document
def test_every_answer_names_its_correlation_id_and_every_request_may(path: Path) -> None:
    root = document(path)
    for where, method, operation in business(root):
        assert {"X-Correlation-Id", "traceparent"} <= set(parameters(root, operation)), f"{method} {where}"
        for status, answer in answers(root, operation).items():
            assert "X-Correlation-Id" in answer["headers"], f"{method} {where} {status}"


@each_document
def test_every_post_wants_an_idempotency_key_and_says_when_it_repeats_an_answer(path: Path) -> None:
    root = document(path)
    for where, method, operation in business(root):
        # The provider's own calls carry the id of an event, which has the same effect as a key.
        has_its_own = "providerSignature" in str(operation["security"]) or operation["operationId"] in CHANGES_NOTHING_AGAIN
        if method == "post" and not has_its_own:
            assert parameters(root, operation)["Idempotency-Key"]["required"], where
            done = next(answer for status, answer in answers(root, operation).items() if status < "300")
            assert "Idempotency-Replayed" in done["headers"], where
            assert {"400", "409", "422"} <= set(operation["responses"]), where


@each_document
def test_every_list_is_paged_unless_it_is_of_one_order(path: Path) -> None:
    root = document(path)
    for where, method, operation in business(root):
        if not operation["operationId"].startswith("list"):
            continue
        given = parameters(root, operation)
        if "orderId" in given:  # an order has one payment
            continue
        page = resolved(root, answers(root, operation)["200"]["content"]["application/json"]["schema"])
        assert {"limit", "cursor"} <= set(given), f"{method} {where}"
        assert given["limit"]["schema"]["maximum"] <= 100
        assert {"items", "nextCursor"} <= set(page["required"]), f"{method} {where}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_what_was_made_links_to_what_is_done_with_it(path: Path) -> None:
    root = document(path)
    there = {operation["operationId"]: (place, operation) for place, _, operation in operations(root)}
    for place, method, operation in business(root):
        for status, answer in answers(root, operation).items():
            if method != "post" or status not in {"201", "202"}:
                continue
            assert answer.get("links"), f"{operation['operationId']} leads nowhere: {place}"
            for link in answer["links"].values():
                target, linked = there[link["operationId"]]
                asked = {*re.findall(r"{(\w+)}", target)} | {*parameters(root, linked)}
                assert {*link.get("parameters", ())} <= asked
