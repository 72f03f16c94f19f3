"""Somebody calls one of the operations that a document has examples for, each as often as the others."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec

from shop_loadtests.openapi import Call, Journey
from shop_loadtests.visitor import Refused, Visitor

JOURNEYS = "journeys"
"""Where the visitor's data has them."""


def visit(visitor: Visitor) -> None:
    """Make the calls of one journey. Raises Refused."""
    journey = msgspec.convert(visitor.dice.choice(visitor.data[JOURNEYS]), Journey)
    first, *others = journey.calls
    made = _called(visitor, first, first.path)
    for call in others:
        value = _value(made, journey.made or "")
        if value is None:
            raise Refused(f"{first.operation} does not tell the {journey.made} of what it made")
        _called(visitor, call, call.path.replace(f"{{{journey.made}}}", quote(str(value), safe="")))


def _called(visitor: Visitor, call: Call, path: str) -> Any:
    try:
        return visitor.call(call.operation, call.method, path, body=call.body, expected=call.expected)
    except msgspec.DecodeError:  # an answer that is no JSON is an answer
        return None


def _value(made: object, name: str) -> object:
    """A thing's `id` where its path says `thingId`, or the property of that very name."""
    if not isinstance(made, dict):
        return None
    return made.get(name, made.get("id"))
