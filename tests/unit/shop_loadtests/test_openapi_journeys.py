"""Calls derived from OpenAPI documents: by examples, and told where they do not suffice."""

from __future__ import annotations

from typing import Any

import pytest
from shop_loadtests.openapi import Call, Journey, NoDocument, derive

THING = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string", "example": "kettle"}, "note": {}}}


def document(paths: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"openapi": "3.1.0", "paths": paths, "components": {"schemas": {"Thing": THING}}, **more}


def test_parameters_and_bodies_come_from_examples() -> None:
    found = derive(
        document(
            {
                "/things/{id}": {
                    "parameters": [{"name": "id", "in": "path", "required": True, "example": "a/b"}],
                    "get": {
                        "operationId": "getThing",
                        "parameters": [
                            {"name": "lang", "in": "query", "required": True, "schema": {"enum": ["de", "en"]}},
                            {"name": "page", "in": "query", "schema": {"default": 7}},
                        ],
                        "responses": {"404": {}, "200": {}},
                    },
                    "put": {
                        "operationId": "putThing",
                        "requestBody": {"content": {"application/json": {"examples": {"one": {"value": {"name": "pan"}}}}}},
                        "responses": {"204": {}},
                    },
                }
            }
        )
    )

    assert found.journeys == (
        Journey((Call("getThing", "GET", "/things/a%2Fb?lang=de", 200),)),
        Journey((Call("putThing", "PUT", "/things/a%2Fb", 204, {"name": "pan"}),)),
    )
    assert found.left_out == {}


def test_what_a_post_makes_is_looked_at() -> None:
    post = {
        "operationId": "makeThing",
        "requestBody": {"required": True, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
        "responses": {"201": {}},
    }
    get = {"parameters": [{"name": "thingId", "in": "path", "required": True}], "responses": {"200": {}}}

    made, alone = derive(document({"/things": {"post": post}, "/things/{thingId}": {"get": get}})).journeys

    assert made.made == "thingId"
    assert made.calls == (
        Call("makeThing", "POST", "/things", 201, {"name": "kettle"}),
        Call("GET /things/{thingId}", "GET", "/things/{thingId}", 200),
    )
    assert alone.calls == made.calls[:1]


@pytest.mark.parametrize(
    ("operation", "why"),
    [
        ({"parameters": [{"name": "x", "in": "query", "required": True}]}, "its query parameter x has no example"),
        ({"parameters": [{"name": "x", "in": "header", "required": True, "example": "1"}]}, "it wants a header parameter"),
        ({"requestBody": {"required": True, "content": {"text/csv": {"example": "a,b"}}}}, "its body has no example in JSON"),
        ({"security": [{"token": []}]}, "it asks for credentials"),
    ],
)
def test_an_operation_without_what_it_needs_is_left_out_with_the_reason(operation: dict[str, Any], why: str) -> None:
    found = derive(document({"/x": {"post": {"operationId": "doIt", "responses": {}, **operation}}}))

    assert (found.journeys, found.left_out) == ((), {"doIt": why})


def test_a_path_that_nothing_fills_is_left_out() -> None:
    found = derive(document({"/x/{id}": {"get": {"responses": {"200": {}}}}}))

    assert found.left_out == {"GET /x/{id}": "its path has a parameter without an example"}


def test_an_operation_that_may_be_called_without_credentials_is_called() -> None:
    found = derive(document({"/x": {"get": {"security": [{"token": []}, {}], "responses": {}}}}, security=[{"token": []}]))

    assert [call.path for journey in found.journeys for call in journey.calls] == ["/x"]


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        {"openapi": "3.1.0"},
        {"paths": {"/x": {"$ref": "#/nowhere"}}},
        {"paths": {"/x": {"$ref": "other.yaml#/x"}}},
        {"paths": {"/x": {"$ref": "#/paths/~1x"}}},
        {"paths": {"/x": 3}},
    ],
)
def test_what_is_no_document_is_refused(wrong: object) -> None:
    with pytest.raises(NoDocument):
        derive(wrong)
