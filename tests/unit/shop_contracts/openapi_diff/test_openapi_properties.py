"""What must hold for every pair of documents: words change no verdict, and the two directions mirror each other."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from fakes.openapi import Json, compared, document, ids, request, response
from hypothesis import given, settings
from hypothesis import strategies as st
from shop_contracts.openapi_diff import diff, open_api

NAMES = st.sampled_from(["sku", "total", "note", "state"])

texts = st.fixed_dictionaries(
    {"type": st.just("string")},
    optional={
        "maxLength": st.integers(1, 9),
        "minLength": st.integers(0, 3),
        "enum": st.lists(st.sampled_from("abcd"), min_size=1, unique=True),
        "pattern": st.sampled_from(["^a", "^b"]),
        "format": st.sampled_from(["uuid", "date"]),
    },
)
numbers = st.fixed_dictionaries(
    {"type": st.sampled_from(["integer", "number", ["integer", "null"]])},
    optional={"minimum": st.integers(0, 5), "maximum": st.integers(6, 9), "multipleOf": st.sampled_from([1, 2, 4])},
)


def objects(inside: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries(
        {"type": st.just("object"), "properties": st.dictionaries(NAMES, inside, max_size=3)},
        optional={"required": st.lists(NAMES, unique=True, max_size=2), "minProperties": st.integers(1, 3)},
    )


def composed(inside: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    return st.one_of(
        objects(inside),
        st.fixed_dictionaries({"type": st.just("array"), "items": inside}, optional={"maxItems": st.integers(1, 5)}),
        st.fixed_dictionaries({"oneOf": st.lists(inside, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"anyOf": st.lists(inside, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"allOf": st.lists(objects(inside), min_size=1, max_size=2)}),
        st.fixed_dictionaries({"not": inside}),
    )


schemas = st.recursive(texts | numbers, composed, max_leaves=6)


def exchange(sent: Json, received: Json, **parts: Any) -> Json:
    body = {"content": {"application/json": {"schema": sent}}}
    answers = {"200": {"description": "done", "content": {"application/json": {"schema": received}}}}
    return document({"requestBody": body, "responses": answers}, **parts)


documents = st.builds(exchange, schemas, schemas)


def verdict(old: Json, new: Json) -> tuple[bool, set[str]]:
    return compared(old, new).compatible, ids(old, new)


def with_components(whole: Json, name: str) -> Json:
    """Move every schema of a property, an element or a body into a component."""
    components: Json = {}

    def moved(value: Any, *, is_schema: bool) -> Any:
        if isinstance(value, list):
            return [moved(one, is_schema=is_schema) for one in value]
        if not isinstance(value, dict):
            return value
        inside = {
            key: {member: moved(one, is_schema=True) for member, one in below.items()}
            if key == "properties"
            else moved(below, is_schema=key in {"items", "schema", "oneOf", "anyOf", "allOf", "not"})
            for key, below in value.items()
        }
        if not is_schema:
            return inside
        place = f"{name}{len(components)}"
        components[place] = inside
        return {"$ref": f"#/components/schemas/{place}"}

    taken_apart: dict[str, Any] = moved(whole, is_schema=False)
    return taken_apart | {"components": {"schemas": components}}


def described(value: Any) -> Any:
    """Describe every schema, and write the members of every mapping in reverse order."""
    if isinstance(value, list):
        return [described(one) for one in value]
    if not isinstance(value, dict):
        return value
    words = {"description": "what it is", "title": "T"} if "type" in value and "in" not in value else {}
    return dict(reversed(list({key: described(below) for key, below in value.items()}.items()))) | words


@given(whole=documents)
def test_a_document_breaks_nothing_of_itself(whole: Json) -> None:
    assert compared(whole, copy.deepcopy(whole)).findings == ()
    assert compared(whole, whole | {"openapi": "3.1.1"}).findings == ()


@settings(deadline=None, max_examples=30)
@given(old=documents, new=documents)
def test_what_is_passed_over_unread_breaks_nothing(old: Json, new: Json) -> None:
    """What both versions say in the same words is not looked into; with another version number everything is."""
    assert verdict(old, new) == verdict(old, new | {"openapi": "3.1.1"})


@settings(deadline=None, max_examples=30)
@given(old=documents, new=documents)
def test_moving_schemas_into_components_changes_no_verdict(old: Json, new: Json) -> None:
    plain = verdict(old, new)

    assert verdict(old, with_components(new, "New")) == plain
    assert verdict(with_components(old, "Old"), new) == plain
    assert verdict(with_components(old, "A"), with_components(new, "B")) == plain


@given(whole=documents)
def test_renaming_components_breaks_nothing(whole: Json) -> None:
    assert compared(with_components(whole, "Old"), with_components(whole, "New")).findings == ()


@settings(deadline=None, max_examples=30)
@given(old=documents, new=documents)
def test_the_order_of_keys_says_nothing(old: Json, new: Json) -> None:
    turned = json.loads(json.dumps(new, sort_keys=True))

    assert verdict(old, turned) == verdict(old, new)


@given(whole=documents)
def test_words_about_schemas_break_nothing(whole: Json) -> None:
    assert compared(whole, described(whole)).findings == ()


NARROWER: list[tuple[Json, Json]] = [
    ({"type": "string"}, {"type": "string", "maxLength": 4}),
    ({"type": "string", "maxLength": 9}, {"type": "string", "maxLength": 4}),
    ({"type": "number"}, {"type": "integer"}),
    ({"type": ["string", "null"]}, {"type": "string"}),
    ({"enum": ["a", "b"]}, {"enum": ["a"]}),
    ({"type": "number", "multipleOf": 2}, {"type": "number", "multipleOf": 4}),
    ({"type": "array"}, {"type": "array", "uniqueItems": True}),
    ({"type": "array"}, {"type": "array", "minItems": 1}),
    ({"type": "string"}, {"type": "string", "format": "uuid"}),
    ({"type": "string"}, {"type": "string", "pattern": "^a"}),
    ({"type": "string"}, {"type": "string", "const": "a"}),
    ({"type": "object", "properties": {"a": {}}}, {"type": "object", "properties": {"a": {}}, "required": ["a"]}),
    ({"oneOf": [{"type": "string"}, {"type": "integer"}]}, {"type": "string"}),
    ({"type": "object"}, {"type": "object", "propertyNames": {"maxLength": 3}}),
    ({"type": "object"}, {"type": "object", "dependentRequired": {"a": ["b"]}}),
]


def nested(schema: Json, ways: list[str]) -> Json:
    for way in ways:
        if way == "items":
            schema = {"type": "array", "items": schema}
        elif way == "allOf":
            schema = {"allOf": [schema, {"description": "a part"}]}
        elif way == "map":
            schema = {"type": "object", "additionalProperties": schema}
        else:
            schema = {"type": "object", "properties": {way: schema}}
    return schema


@given(pair=st.sampled_from(NARROWER), ways=st.lists(st.sampled_from(["items", "allOf", "map", "sku"]), max_size=4))
def test_what_breaks_a_request_is_safe_on_the_way_back_and_a_response_mirrors_it(pair: tuple[Json, Json], ways: list[str]) -> None:
    wide, narrow = (nested(schema, ["value", *ways]) for schema in pair)

    assert not compared(request(wide), request(narrow)).compatible
    assert compared(request(narrow), request(wide)).compatible
    assert compared(response(wide), response(narrow)).compatible
    assert not compared(response(narrow), response(wide)).compatible


@settings(deadline=None, max_examples=30)
@given(old=schemas, new=schemas)
def test_a_changed_request_that_is_safe_both_ways_round_says_the_same(old: Json, new: Json) -> None:
    forth, back = compared(request(old), request(new)), compared(request(new), request(old))
    if forth.findings == back.findings == ():
        assert compared(response(old), response(new)).findings == ()


def test_yaml_and_json_say_the_same(tmp_path: Path) -> None:
    (tmp_path / "old.yaml").write_text(
        "openapi: 3.1.0\ninfo: {title: A, version: '1'}\npaths:\n  /a:\n    get:\n      responses: {200: {}}\n"
    )
    (tmp_path / "new.json").write_text(
        json.dumps({"openapi": "3.1.0", "info": {}, "paths": {"/a": {"get": {"responses": {"200": {}}}}}})
    )

    assert diff(open_api(tmp_path / "old.yaml"), open_api(tmp_path / "new.json")).findings == ()
