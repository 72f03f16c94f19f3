"""Every rule has a change it tells and a twin it does not."""

from __future__ import annotations

from typing import Any

import pytest
from fakes.openapi import Json, document, header, ids, parameter, request, response, with_schema
from shop_contracts.openapi_diff.changes import Direction, Place, Verb
from shop_contracts.openapi_diff.compare.keywords import BOUND_NAMES
from shop_contracts.openapi_diff.rules import RULES, Rule
from shop_contracts.openapi_diff.rules.rule import PREFIXES

TEXT: Json = {"type": "string"}
NUMBER: Json = {"type": "number"}
ITEM: Json = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}}
OTHER: Json = {"type": "object", "properties": {"c": {"type": "integer"}, "d": {"type": "integer"}}, "required": ["c"]}
PAST, FUTURE, FAR = "2001-01-01", "2999-01-01", "2999-12-31"

Edit = tuple[Any, Any] | tuple[Any, Any, Any]
"""A schema before and after. The twin is the way back, or where that breaks as well, another schema after the first."""


def bounds() -> dict[tuple[str, Verb], Edit]:
    table: dict[tuple[str, Verb], Edit] = {}
    for keyword, name in BOUND_NAMES.items():
        ground: Json = {"contains": TEXT} if keyword.endswith("Contains") else {}
        few, many = ground | {keyword: 2}, ground | {keyword: 5}
        table |= {
            (name, Verb.SET): (ground, few),
            (name, Verb.UNSET): (few, ground),
            (name, Verb.INCREASED): (few, many),
            (name, Verb.DECREASED): (many, few),
        }
    return table


def restrictions() -> dict[tuple[str, Verb], Edit]:
    words: dict[str, Json] = {
        "contains": {"contains": TEXT},
        "property-names": {"propertyNames": {"pattern": "^[a-z]+$"}},
        "unevaluated-items": {"unevaluatedItems": False},
        "unevaluated-properties": {"unevaluatedProperties": False},
        "content-schema": {"contentSchema": ITEM},
        "dependent-schema": {"dependentSchemas": {"a": {"required": ["b"]}}},
        "dependent-required": {"dependentRequired": {"a": ["b"]}},
        "pattern-property": {"patternProperties": {"^s_": TEXT}},
        "not": {"not": {"const": "x"}},
        "items": {"items": TEXT},
        "additional-properties": {"additionalProperties": False},
    }
    table: dict[tuple[str, Verb], Edit] = {}
    for name, word in words.items():
        table |= {(name, Verb.ADDED): ({}, word), (name, Verb.REMOVED): (word, {})}
    elements: Json = {"items": NUMBER}
    table |= {
        ("prefix-items", Verb.ADDED): (elements, elements | {"prefixItems": [TEXT]}),
        ("prefix-items", Verb.REMOVED): (elements | {"prefixItems": [TEXT]}, elements),
    }
    condition: Json = {"if": {"required": ["a"]}, "then": {"required": ["b"]}, "else": {"required": ["c"]}}
    for name in condition:
        rest = {word: said for word, said in condition.items() if word != name}
        table |= {(name, Verb.ADDED): (rest, condition), (name, Verb.REMOVED): (condition, rest)}
    return table


SCHEMA_EDITS: dict[tuple[str, Verb], Edit] = {
    **bounds(),
    **restrictions(),
    ("multiple-of", Verb.SET): (NUMBER, NUMBER | {"multipleOf": 2}),
    ("multiple-of", Verb.UNSET): (NUMBER | {"multipleOf": 2}, NUMBER),
    ("multiple-of", Verb.CHANGED): (NUMBER | {"multipleOf": 6}, NUMBER | {"multipleOf": 4}, NUMBER | {"multipleOf": 6.0}),
    ("unique-items", Verb.SET): ({}, {"uniqueItems": True}),
    ("unique-items", Verb.UNSET): ({"uniqueItems": True}, {}),
    ("enum", Verb.SET): (TEXT, TEXT | {"enum": ["a", "b"]}),
    ("enum", Verb.UNSET): (TEXT | {"enum": ["a", "b"]}, TEXT),
    ("enum-value", Verb.ADDED): ({"enum": ["a"]}, {"enum": ["a", "b"]}),
    ("enum-value", Verb.REMOVED): ({"enum": ["a", "b"]}, {"enum": ["a"]}),
    ("x-extensible-enum-value", Verb.REMOVED): ({"x-extensible-enum": ["a", "b"]}, {"x-extensible-enum": ["a"]}),
    ("const", Verb.SET): ({}, {"const": 1}),
    ("const", Verb.UNSET): ({"const": 1}, {}),
    ("const", Verb.CHANGED): ({"const": 1}, {"const": 2}, {"const": 1.0}),
    ("pattern", Verb.SET): (TEXT, TEXT | {"pattern": "^a"}),
    ("pattern", Verb.UNSET): (TEXT | {"pattern": "^a"}, TEXT),
    ("pattern", Verb.CHANGED): (TEXT | {"pattern": "^a"}, TEXT | {"pattern": "^b"}, TEXT | {"pattern": ".*"}),
    ("list-of-types", Verb.REMOVED): ({"oneOf": [TEXT, {"type": "integer"}]}, TEXT),
    ("list-of-types", Verb.ADDED): (TEXT, {"anyOf": [TEXT, {"type": "integer"}]}),
    ("nullable", Verb.SET): (TEXT, {"type": ["string", "null"]}),
    ("nullable", Verb.UNSET): ({"oneOf": [{"type": "null"}, TEXT]}, TEXT),
    ("schema-false", Verb.SET): (TEXT, False),
    ("schema-false", Verb.UNSET): (False, TEXT),
    ("content-encoding", Verb.CHANGED): (
        {"contentEncoding": "base64"},
        {"contentEncoding": "base16"},
        {"contentEncoding": "base64"},
    ),
    ("content-media-type", Verb.CHANGED): (
        {"contentMediaType": "image/png"},
        {"contentMediaType": "image/gif"},
        {"contentMediaType": "image/png"},
    ),
    ("dependent-required", Verb.CHANGED): (
        {"dependentRequired": {"a": ["b", "c"]}},
        {"dependentRequired": {"a": ["b", "d"]}},
        {"dependentRequired": {"a": ["c", "b"]}},
    ),
    ("not", Verb.CHANGED): ({"not": {"const": 1}}, {"not": {"const": 2}}, {"not": {"const": 1, "title": "one"}}),
    ("if", Verb.CHANGED): (
        {"if": {"const": 1}, "then": False},
        {"if": {"const": 2}, "then": False},
        {"if": {"const": 1, "title": "one"}, "then": False},
    ),
    ("one-of", Verb.ADDED): ({"oneOf": [ITEM]}, {"oneOf": [ITEM, OTHER]}),
    ("one-of", Verb.REMOVED): ({"oneOf": [ITEM, OTHER]}, {"oneOf": [ITEM]}),
    ("any-of", Verb.ADDED): ({"anyOf": [ITEM]}, {"anyOf": [ITEM, OTHER]}),
    ("any-of", Verb.REMOVED): ({"anyOf": [ITEM, OTHER]}, {"anyOf": [ITEM]}),
    ("wrapping", Verb.SET): (ITEM, {"oneOf": [ITEM | {"required": ["a"]}, OTHER]}),
    ("property", Verb.REMOVED): (ITEM | {"required": ["a", "b"]}, {"type": "object", "properties": {"b": TEXT}, "required": ["b"]}),
    ("required", Verb.SET): (ITEM, ITEM | {"required": ["a"]}),
    ("required", Verb.UNSET): (ITEM | {"required": ["a"]}, ITEM),
    ("required-undeclared", Verb.SET): (ITEM, ITEM | {"required": ["z"]}),
    ("required-undeclared", Verb.UNSET): (ITEM | {"required": ["z"]}, ITEM),
    ("property", Verb.ADDED): (ITEM, {"type": "object", "properties": ITEM["properties"] | {"n": TEXT}, "required": ["n"]}),
    ("stability", Verb.DECREASED): (TEXT | {"x-stability-level": "stable"}, TEXT | {"x-stability-level": "beta"}),
    ("stability", Verb.CHANGED): (TEXT, TEXT | {"x-stability-level": "solid"}, TEXT | {"x-stability-level": "stable"}),
}

WITH_DEFAULT = {"type": "object", "properties": {"a": TEXT | {"default": "x"}}}
EDITS_BY_ID: dict[str, Edit] = {
    "new-required-request-property-with-default": (
        {"type": "object"},
        WITH_DEFAULT | {"required": ["a"]},
    ),
    "request-property-became-required-with-default": (WITH_DEFAULT, WITH_DEFAULT | {"required": ["a"]}),
    "request-parameter-property-type-changed": (NUMBER, TEXT, NUMBER),
    "type-generalized": ({"type": "integer"}, NUMBER),
    "type": (TEXT, NUMBER, TEXT),
    "request-parameter-type-changed": (TEXT, NUMBER),
    "response-header-type-changed": (
        {"type": "string", "format": "date-time"},
        {"type": "integer"},
        TEXT | {"format": "date-time"},
    ),
    "response-header-property-type-changed": ({"type": "boolean"}, {"type": "integer"}, {"type": "boolean"}),
    "one-of-introduced": (ITEM, ITEM | {"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}),
    "one-of-dropped": (ITEM | {"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}, ITEM),
    "any-of-introduced": (ITEM, ITEM | {"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}),
    "any-of-dropped": (ITEM | {"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}, ITEM),
    "original-preserved": (ITEM, {"oneOf": [ITEM, {"type": "object", "properties": {"c": {}}}]}),
    "sunset-invalid": (TEXT, TEXT | {"deprecated": True, "x-sunset": "soon"}, TEXT | {"deprecated": True, "x-sunset": FUTURE}),
    "sunset-date-too-small": (TEXT, TEXT | {"deprecated": True, "x-sunset": PAST}, TEXT | {"deprecated": True, "x-sunset": FUTURE}),
    "request-body-not-contained": ({"type": "array"}, {"type": "array", "prefixItems": [TEXT]}),
    "response-body-not-contained": ({"type": "array", "prefixItems": [TEXT]}, {"type": "array"}),
    "not-proved-safe": ({"$dynamicRef": "#one"}, {"$dynamicRef": "#other"}, {"$dynamicRef": "#one", "title": "One"}),
    "request-parameter-max-items-decreased": ({"maxItems": 5}, {"maxItems": 2}),
}


def edit_of(rule: Rule) -> Edit | None:
    for name, edit in sorted(EDITS_BY_ID.items(), key=lambda one: -len(one[0])):
        if rule.id == name or (name != "type" and rule.id.endswith(f"-{name}")) or (name == "type" and rule.aspect == "type"):
            return edit
    if "with-default" in rule.id:
        return EDITS_BY_ID[
            "new-required-request-property-with-default"
            if rule.verb is Verb.ADDED
            else "request-property-became-required-with-default"
        ]
    return SCHEMA_EDITS.get((rule.aspect, rule.verb))


OF_SCHEMAS = [rule for rule in RULES if (rule.direction, rule.place) in PREFIXES and edit_of(rule) is not None]


@pytest.mark.parametrize("rule", OF_SCHEMAS, ids=lambda rule: f"{rule.id}@{rule.place}")
def test_a_schema_rule_tells_its_change_and_not_the_twin(rule: Rule) -> None:
    edit = edit_of(rule)
    assert edit is not None
    location = "header" if "request-header" in rule.id else "query"

    def at(schema: Any) -> Json:
        if rule.id == "request-parameter-max-items-decreased" and rule.place is Place.PARAMETER_PROPERTY:
            return parameter({"type": "array", "items": schema})
        return with_schema(rule.direction, rule.place, schema, location=location)

    before, after = at(edit[0]), at(edit[1])
    twin = (before, at(edit[2])) if len(edit) == 3 else (after, before)

    assert rule.id in ids(before, after)
    assert rule.id not in ids(*twin)


def operation(**words: Any) -> Json:
    return document(words)


def deprecated(sunset: str | None = None) -> Json:
    return {"deprecated": True} | ({"x-sunset": sunset} if sunset else {})


def query(**words: Any) -> Json:
    return parameter(TEXT, **words)


def content(kind: str, media: Json) -> Json:
    return (
        operation(**{kind: {"content": media}})
        if kind == "requestBody"
        else operation(responses={"200": {"description": "", "content": media}})
    )


def event(**items: Json) -> Json:
    return document({}, webhooks=items)


def answered(**words: Any) -> Json:
    return operation(responses={"200": {"description": "done"} | words})


def keyed(**words: Any) -> Json:
    return document({}, security=[KEY], components={"securitySchemes": {"key": words}})


def form(media_type: str) -> Json:
    return {"multipart/form-data": {"schema": {"type": "object"}, "encoding": {"data": {"contentType": media_type}}}}


SERVERS = [{"url": "https://a.example"}, {"url": "https://b.example"}]
KEY_IN_HEADER: Json = {"type": "apiKey", "in": "header", "name": "X-Key"}
NO_OPERATION = document({}) | {"paths": {"/orders": {}}}
NO_PATH = document({}) | {"paths": {}}
KEY: Json = {"key": []}
OAUTH: Json = {"oauth": ["read"]}
ITEM_STREAM = {"application/jsonl": {"itemSchema": ITEM}}
PATH_ITEM = {"post": {"responses": {"200": {"description": "done"}}}}
REQUIRED_OF_PATH = document({}) | {
    "paths": {"/orders": PATH_ITEM | {"parameters": [{"name": "p", "in": "query", "required": True}]}}
}
ID_PATH = {"/orders/{id}": PATH_ITEM}
ID_PATH_DECLARED = {"/orders/{id}": {"post": PATH_ITEM["post"] | {"parameters": [{"name": "id", "in": "path", "required": True}]}}}

Documents = tuple[Json, Json] | tuple[Json, Json, Json]
OF_DOCUMENTS: dict[str, Documents] = {
    "api-path-removed-without-deprecation": (operation(), NO_PATH),
    "api-path-removed-before-sunset": (operation(**deprecated(FUTURE)), NO_PATH),
    "api-path-sunset-parse": (operation(**deprecated("soon")), NO_PATH, operation(**deprecated("soon"))),
    "api-removed-without-deprecation": (operation(), NO_OPERATION),
    "api-removed-before-sunset": (operation(**deprecated(FUTURE)), NO_OPERATION),
    "api-deprecated-sunset-parse": (operation(), operation(**deprecated("soon"))),
    "api-sunset-date-too-small": (operation(), operation(**deprecated(PAST)), operation(**deprecated(FUTURE))),
    "api-sunset-date-changed-too-small": (operation(**deprecated(FUTURE)), operation(**deprecated(PAST))),
    "sunset-deleted": (operation(**deprecated(FUTURE)), operation(**deprecated())),
    "api-stability-decreased": (operation(), operation(**{"x-stability-level": "alpha"})),
    "api-invalid-stability-level": (
        operation(),
        operation(**{"x-stability-level": "solid"}),
        operation(**{"x-stability-level": "beta"}),
    ),
    "api-security-removed": (operation(security=[KEY, OAUTH]), operation(security=[OAUTH])),
    "api-security-scope-added": (operation(security=[OAUTH]), operation(security=[{"oauth": ["read", "write"]}])),
    "api-global-security-removed": (document({}, security=[KEY, OAUTH]), document({}, security=[OAUTH])),
    "api-global-security-scope-added": (document({}, security=[OAUTH]), document({}, security=[{"oauth": ["read", "write"]}])),
    "api-anonymous-access-removed": (operation(), operation(security=[KEY])),
    "api-global-anonymous-access-removed": (document({}, security=[{}, KEY]), document({}, security=[KEY])),
    "callback-removed": (operation(callbacks={"paid": {"{$url}": PATH_ITEM}}), operation()),
    "server-removed": (document({}, servers=SERVERS), document({}, servers=SERVERS[:1])),
    "servers-replaced": (document({}, servers=SERVERS[:1]), document({}, servers=SERVERS[1:]), document({}, servers=SERVERS)),
    "response-header-form-changed": (
        answered(headers={"X-Page": {"schema": TEXT}}),
        answered(headers={"X-Page": {"content": {"application/json": {"schema": TEXT}}}}),
        answered(headers={"x-page": {"schema": TEXT}}),
    ),
    "response-link-changed": (
        answered(links={"cancel": {"operationId": "cancel"}}),
        answered(links={"cancel": {"operationId": "refund"}}),
        answered(links={"cancel": {"operationId": "cancel", "description": "to cancel"}}),
    ),
    "response-link-removed": (answered(links={"cancel": {"operationId": "cancel"}}), answered()),
    "api-security-scheme-changed": (keyed(**KEY_IN_HEADER), keyed(**KEY_IN_HEADER | {"in": "query"}), keyed(**KEY_IN_HEADER)),
    "request-parameter-empty-value-refused": (query(allowEmptyValue=True), query()),
    "request-encoding-changed": (
        content("requestBody", form("application/json")),
        content("requestBody", form("application/xml")),
        content("requestBody", form("application/json, application/xml")),
    ),
    "response-encoding-changed": (
        content("responses", form("application/json")),
        content("responses", form("application/xml")),
        content("responses", form("application/json, application/xml")),
    ),
    "webhook-removed": (event(paid=PATH_ITEM, sent=PATH_ITEM), event(paid=PATH_ITEM)),
    "new-required-request-parameter": (operation(), query(required=True)),
    "new-required-request-default-parameter-to-existing-path": (operation(), REQUIRED_OF_PATH),
    "new-request-path-parameter": (document({}) | {"paths": ID_PATH}, document({}) | {"paths": ID_PATH_DECLARED}),
    "request-parameter-became-required": (query(), query(required=True)),
    "request-parameter-removed": (query(), operation()),
    "request-parameter-removed-before-sunset": (query(**deprecated(FUTURE)), operation()),
    "request-parameter-sunset-parse": (query(), query(**deprecated("soon"))),
    "request-parameter-sunset-date-too-small": (query(), query(**deprecated(PAST)), query(**deprecated(FUTURE))),
    "request-parameter-sunset-date-changed-too-small": (query(**deprecated(FUTURE)), query(**deprecated(PAST))),
    "request-parameter-sunset-deleted": (query(**deprecated(FUTURE)), query(**deprecated())),
    "request-parameter-style-changed": (
        parameter({"type": "array"}),
        parameter({"type": "array"}, style="pipeDelimited"),
        parameter({"type": "array"}, style="form", explode=True),
    ),
    "request-body-added-required": (operation(), operation(requestBody={"required": True, "content": {}})),
    "request-body-removed": (request(ITEM), operation()),
    "request-body-became-required": (
        operation(requestBody={"content": {}}),
        operation(requestBody={"required": True, "content": {}}),
    ),
    "request-body-media-type-removed": (content("requestBody", {"application/json": {}, "text/csv": {}}), request(ITEM)),
    "request-body-media-type-name-specialized": (
        request(ITEM),
        request(ITEM, media_type="application/order+json"),
    ),
    "request-body-media-type-schema-added": (content("requestBody", {"application/json": {}}), request(ITEM)),
    "request-body-media-type-item-schema-added": (
        content("requestBody", {"application/jsonl": {}}),
        content("requestBody", ITEM_STREAM),
    ),
    "response-media-type-removed": (content("responses", {"application/json": {}, "text/csv": {}}), response(ITEM)),
    "response-media-type-name-generalized": (response(ITEM, media_type="application/order+json"), response(ITEM)),
    "response-media-type-parameter-changed": (
        response(ITEM, media_type="text/csv; header=present"),
        response(ITEM, media_type="text/csv; header=absent"),
        response(ITEM, media_type="text/csv;header=present"),
    ),
    "response-media-type-parameter-removed": (
        response(ITEM, media_type="text/csv; header=present"),
        response(ITEM, media_type="text/csv"),
    ),
    "response-body-media-type-schema-removed": (response(ITEM), content("responses", {"application/json": {}})),
    "response-body-media-type-item-schema-removed": (
        content("responses", {"application/jsonl": {"itemSchema": ITEM, "schema": {"type": "array"}}}),
        content("responses", {"application/jsonl": {"schema": {"type": "array"}}}),
    ),
    "response-body-media-type-item-schema-removed-untyped": (
        content("responses", ITEM_STREAM),
        content("responses", {"application/jsonl": {}}),
    ),
    "response-success-status-removed": (operation(responses={"200": {}, "201": {}}), operation(responses={"201": {}})),
    "required-response-header-removed": (header(TEXT, required=True), operation()),
    "response-header-became-optional": (header(TEXT, required=True), header(TEXT)),
}


@pytest.mark.parametrize("name", OF_DOCUMENTS)
def test_a_document_rule_tells_its_change_and_not_the_twin(name: str) -> None:
    before, after, *other = OF_DOCUMENTS[name]
    twin = (before, other[0]) if other else (after, before)

    assert name in ids(before, after)
    assert name not in ids(*twin)


def test_no_rule_is_without_its_change_and_its_twin() -> None:
    tried = {rule.id for rule in OF_SCHEMAS} | OF_DOCUMENTS.keys()

    assert {rule.id for rule in RULES} - tried == set()


NOTICE = {"deprecation", "stability", "sunset"}
"""What is said of a property as it is described, whoever sends it."""
OF_PROPERTIES = [
    rule for rule in OF_SCHEMAS if rule.place is Place.PROPERTY and rule.aspect not in NOTICE and rule.aspect != "schema-false"
]


@pytest.mark.parametrize("rule", OF_PROPERTIES, ids=lambda rule: rule.id)
def test_what_one_direction_never_carries_breaks_nobody(rule: Rule) -> None:
    word = "readOnly" if rule.direction is Direction.REQUEST else "writeOnly"
    edit = edit_of(rule)
    assert edit is not None
    before, after = (with_schema(rule.direction, Place.PROPERTY, schema | {word: True}) for schema in edit[:2])

    assert rule.id not in ids(before, after)
