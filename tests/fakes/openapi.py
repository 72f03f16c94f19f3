"""Small OpenAPI documents to compare: one operation, with a schema at a place of one's choosing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from shop_contracts.openapi_diff import Report, diff, open_api
from shop_contracts.openapi_diff.changes import Direction, Place

Json = dict[str, Any]


def document(operation: Json, *, version: str = "3.1.0", **parts: Any) -> Json:
    """Return a document whose one operation is POST /orders. `parts` are further keys of the document."""
    answers = {"responses": {"200": {"description": "done"}}}
    return {
        "openapi": version,
        "info": {"title": "Orders", "version": "1.0.0"},
        "paths": {"/orders": {"post": answers | operation}},
        **parts,
    }


def request(schema: Any, *, media_type: str = "application/json", **parts: Any) -> Json:
    """Return a document whose operation takes a body."""
    return document({"requestBody": {"content": {media_type: {"schema": schema}}}}, **parts)


def response(schema: Any, *, media_type: str = "application/json", **parts: Any) -> Json:
    """Return a document whose operation answers with a body."""
    return document({"responses": {"200": {"description": "done", "content": {media_type: {"schema": schema}}}}}, **parts)


def parameter(schema: Any, *, location: str = "query", **words: Any) -> Json:
    """Return a document whose operation has the parameter `p`."""
    return document({"parameters": [{"name": "p", "in": location, "schema": schema, **words}]})


def header(schema: Any, **words: Any) -> Json:
    """Return a document whose operation answers with the header `X-Total`."""
    answer = {"description": "done", "headers": {"X-Total": {"schema": schema, **words}}}
    return document({"responses": {"200": answer}})


def with_schema(direction: Direction, place: Place, schema: Any, *, location: str = "query") -> Json:
    """Return a document that has a schema at a place."""
    if place in {Place.PROPERTY, Place.PARAMETER_PROPERTY, Place.HEADER_PROPERTY}:
        schema = {"type": "object", "properties": {"x": schema}}
    if place in {Place.PARAMETER, Place.PARAMETER_PROPERTY}:
        return parameter(schema, location=location)
    if place in {Place.HEADER, Place.HEADER_PROPERTY}:
        return header(schema)
    return request(schema) if direction is Direction.REQUEST else response(schema)


def compared(old: Json, new: Json) -> Report:
    """Return the report on two documents."""
    return diff(open_api(Path("old.json"), text=json.dumps(old)), open_api(Path("new.json"), text=json.dumps(new)))


def ids(old: Json, new: Json) -> set[str]:
    """Return the ids of everything found, warnings too."""
    return {finding.id for finding in compared(old, new).findings}
