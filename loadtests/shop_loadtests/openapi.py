"""Calls derived from an OpenAPI document: of each operation that its examples suffice for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

_METHODS = ("get", "head", "post", "put", "patch", "delete")
_MOST_REFERENCES = 50
_JSON = "application/json"
_SENT_ANYWAY = frozenset({"idempotency-key"})


class Call(msgspec.Struct, frozen=True):
    """A call as it is made: `path` has its query, and `{name}` where the answer to the call before tells the value."""

    operation: str
    method: str
    path: str
    expected: int
    body: Any = None


class Journey(msgspec.Struct, frozen=True):
    """Calls one after another. What the first one made is what the next ones ask for: `made` is the name in their paths."""

    calls: tuple[Call, ...]
    made: str | None = None


@dataclass(frozen=True)
class Derived:
    """The journeys of a document, and why operations have none, by operation."""

    journeys: tuple[Journey, ...]
    left_out: Mapping[str, str]


class NoDocument(Exception):
    """It is no OpenAPI document, or refers to what is not in it."""


class _LacksExample(Exception):
    """An operation cannot be called by what the document says."""


def derive(document: object) -> Derived:
    """Return a journey for each operation with examples. What one creates, the operations on it then use, if they are safe.

    Raises NoDocument.
    """
    if not isinstance(document, dict) or not isinstance(document.get("paths"), dict):
        raise NoDocument("it has no paths")
    calls: dict[tuple[str, str], Call] = {}
    left_out: dict[str, str] = {}
    for path, method, operation, shared in _operations(document):
        name = str(operation.get("operationId") or f"{method.upper()} {path}")
        if _wants_credentials(document, operation):
            left_out[name] = "it asks for credentials"
            continue
        try:
            query, filled = _parameters(document, path, (*shared, *operation.get("parameters", [])))
            whole = f"{filled}?{urlencode(query)}" if query else filled
            calls[path, method] = Call(name, method.upper(), whole, _expected(operation), _body(document, operation))
        except _LacksExample as why:
            left_out[name] = str(why)
    journeys = (*_creations(document, calls), *(Journey((call,)) for call in calls.values() if "{" not in call.path))
    made = {call.operation for journey in journeys for call in journey.calls}
    for call in calls.values():
        if call.operation not in made:
            left_out[call.operation] = "its path has a parameter without an example"
    return Derived(journeys, left_out)


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any], list[Any]]]:
    for path, item in document["paths"].items():
        found = _resolved(document, item)
        for method in _METHODS:
            if isinstance(found.get(method), dict):
                yield path, method, found[method], found.get("parameters", [])


def _parameters(document: dict[str, Any], path: str, parameters: Iterable[object]) -> tuple[dict[str, str], str]:
    """Return the query that must be there, and the path with what has an example."""
    query: dict[str, str] = {}
    for parameter in (_resolved(document, one) for one in parameters):
        where, key, value = parameter.get("in"), str(parameter.get("name")), _example(document, parameter)
        if where == "path" and value is not None:
            path = path.replace(f"{{{key}}}", quote(_text(value), safe=""))
        elif where == "query" and value is not None and parameter.get("required"):
            query[key] = _text(value)
        elif where != "path" and parameter.get("required") and key.lower() not in _SENT_ANYWAY:
            raise _LacksExample(f"its {where} parameter {key} has no example" if value is None else f"it wants a {where} parameter")
    return query, path


def _wants_credentials(document: dict[str, Any], operation: dict[str, Any]) -> bool:
    """True where no alternative is to come without any (`{}`)."""
    alternatives = operation.get("security", document.get("security")) or [{}]
    return {} not in alternatives


def _creations(document: dict[str, Any], calls: Mapping[tuple[str, str], Call]) -> Iterator[Journey]:
    """A POST to a collection, and a look at what it made: `POST /things`, `GET /things/{thingId}`."""
    for (path, method), call in calls.items():
        if method != "post" or "{" in call.path:
            continue
        for template in document["paths"]:
            head, _, tail = template.rpartition("/")
            reading = document["paths"][template].get("get")
            if head == path and tail.startswith("{") and isinstance(reading, dict):
                look = calls.get((template, "get"))
                if look is not None:
                    asked = Call(look.operation, "GET", template, look.expected)
                    yield Journey((call, asked), tail[1:-1])


def _body(document: dict[str, Any], operation: dict[str, Any]) -> Any:
    body = _resolved(document, operation.get("requestBody", {}))
    content = body.get("content", {})
    if not content:
        return None
    found = _example(document, content.get(_JSON, {}))
    if found is None and body.get("required"):
        raise _LacksExample("its body has no example in JSON")
    return found


def _example(document: dict[str, Any], place: dict[str, Any]) -> Any:
    """The first example of a parameter or body, its schema's else; None where there is none."""
    if "example" in place:
        return place["example"]
    for example in place.get("examples", {}).values():
        found = _resolved(document, example)
        if "value" in found:
            return found["value"]
    return _of_schema(document, place.get("schema", {}), _MOST_REFERENCES)


def _of_schema(document: dict[str, Any], schema: object, left: int) -> Any:
    """What a schema says by itself: an example, a default, its only or first value; of an object all required properties."""
    if left <= 0 or not isinstance(schema, dict):
        return None
    schema = _resolved(document, schema)
    for key in ("example", "const", "default"):
        if key in schema:
            return schema[key]
    if several := schema.get("examples") or schema.get("enum"):
        return several[0]
    if "properties" not in schema:
        return None
    found = {key: _of_schema(document, schema["properties"].get(key), left - 1) for key in schema.get("required", [])}
    return None if None in found.values() else found


def _expected(operation: dict[str, Any]) -> int:
    good = sorted(int(status) for status in map(str, operation.get("responses", {})) if status.isdigit() and status.startswith("2"))
    return good[0] if good else 200


def _resolved(document: dict[str, Any], place: object) -> dict[str, Any]:
    """What a reference within the document leads to. Raises NoDocument."""
    for _ in range(_MOST_REFERENCES):
        if not isinstance(place, dict):
            raise NoDocument("a part of it is no object")
        reference = place.get("$ref")
        if reference is None:
            return place
        place = _at(document, str(reference))
    raise NoDocument("its references lead in a circle")


def _at(document: dict[str, Any], reference: str) -> object:
    if not reference.startswith("#/"):
        raise NoDocument(f"it refers to {reference}: one document holds everything")
    place: object = document
    for part in reference[2:].split("/"):
        key = part.replace("~1", "/").replace("~0", "~")
        if not isinstance(place, dict) or key not in place:
            raise NoDocument(f"{reference} leads nowhere")
        place = place[key]
    return place


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(_text, value)) if isinstance(value, list) else str(value)
