"""How many values a field holds and whether a reader can tell that none was set."""

from __future__ import annotations

from enum import StrEnum

from shop_contracts.compat.elements import Field


class Cardinality(StrEnum):
    """The five ways of holding values."""

    EXPLICIT = "optional with presence"
    IMPLICIT = "optional without presence"
    REQUIRED = "required"
    REPEATED = "repeated"
    MAP = "map"


def cardinality(field: Field) -> Cardinality:
    """Return how the field holds values, by label, syntax and features."""
    if field.is_map:
        return Cardinality.MAP
    if field.is_repeated:
        return Cardinality.REPEATED
    if field.is_required:
        return Cardinality.REQUIRED
    return Cardinality.EXPLICIT if field.has_presence else Cardinality.IMPLICIT


WIRE_GROUP = {
    Cardinality.EXPLICIT: "single",
    Cardinality.IMPLICIT: "single",
    Cardinality.REQUIRED: "required",
    Cardinality.REPEATED: "many",
    Cardinality.MAP: "many",
}
"""A map is a repeated entry on the wire."""
JSON_GROUP = {**WIRE_GROUP, Cardinality.MAP: "object"}
"""In JSON a map is an object and a repeated field an array."""
