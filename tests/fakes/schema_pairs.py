"""Random JSON Schemas, changed versions of them, and instances, all from one seed.

Every object says that it is one, and whether it is open or closed, so that a validator by itself decides what may be sent.
"""

from __future__ import annotations

import json
from random import Random
from typing import Any

Json = Any
_NAMES = ("a", "b", "kind", "x1")
_TEXTS = ("a", "b", "c", "", "ab", "abc", "dd", "aaaaaa", "bb", "2026-01-31", "2026-01-31T12:00:00Z")
_NUMBERS = (0, 1, 2, 3, 4, 5, 7, -1, 8, 1.5, 0.5, 2.0)


class Pairs:
    """Draws pairs of schemas and instances."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def pair(self) -> tuple[Json, Json]:
        """Return a schema and what it was changed to, or now and then another one."""
        old = self._schema(0)
        return old, self._schema(0) if self._chance(0.2) else self._changed(old)

    def instances(self, schema: Json, count: int) -> list[Json]:
        """Return values, most of them drawn by following the schema."""
        return [self._instance(schema, 0) for _ in range(count)]

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _scalar(self) -> Json:  # noqa: PLR0911 - a draw among cases
        random = self._random
        match random.randrange(9):
            case 0:
                return {"type": random.choice(["null", "boolean"])}
            case 1 | 2:
                return self._number()
            case 3 | 4:
                return self._text()
            case 5:
                return {"enum": random.sample(["a", "b", "c", 1, 2, None, True, 1.5], random.randrange(1, 4))}
            case 6:
                return {"const": random.choice(["a", "b", 1, None])}
            case 7:
                return {"type": random.sample(["string", "integer", "null", "boolean", "number"], 2)}
            case _:
                return {}

    def _number(self) -> Json:
        random = self._random
        schema: Json = {"type": random.choice(["integer", "number"])}
        for keyword, low, high in (("minimum", -2, 4), ("maximum", 2, 8), ("exclusiveMinimum", -2, 3), ("exclusiveMaximum", 3, 9)):
            if self._chance(0.3):
                schema[keyword] = random.randrange(low, high)
        if self._chance(0.2):
            schema["multipleOf"] = random.choice([1, 2, 3, 0.5])
        return schema

    def _text(self) -> Json:
        random = self._random
        schema: Json = {"type": "string"}
        if self._chance(0.4):
            schema["minLength"] = random.randrange(0, 4)
        if self._chance(0.4):
            schema["maxLength"] = random.randrange(2, 6)
        if self._chance(0.2):
            schema["pattern"] = random.choice(["^a", "b$", "^[ab]*$"])
        if self._chance(0.2):
            schema["enum"] = random.sample(["a", "b", "c", "dd"], random.randrange(1, 4))
        return schema

    def _schema(self, depth: int) -> Json:  # noqa: PLR0911 - a draw among cases
        if depth > 2 or self._chance(0.35):
            return self._scalar()
        random = self._random
        match random.randrange(9):
            case 0 | 1 | 2 | 3:
                return self._object(depth)
            case 4:
                return self._array(depth)
            case 5:
                return {"allOf": [self._schema(depth + 1) for _ in range(random.randrange(1, 3))]}
            case 6:
                return {"anyOf": [self._schema(depth + 1) for _ in range(random.randrange(1, 4))]}
            case 7:
                return {"oneOf": [self._schema(depth + 1) for _ in range(random.randrange(1, 4))]}
            case _ if self._chance(0.5):
                return {**self._schema(depth + 1), "not": self._scalar()}
            case _:
                condition = {"if": self._schema(depth + 1), "then": self._schema(depth + 1)}
                return condition | ({"else": self._schema(depth + 1)} if self._chance(0.5) else {})

    def _object(self, depth: int) -> Json:
        random = self._random
        inside = depth + 1
        schema: Json = {"type": "object"}
        schema["properties"] = {name: self._schema(inside) for name in random.sample(_NAMES, random.randrange(0, 4))}
        schema["additionalProperties"] = random.choice([True, False, False, self._schema(inside)])
        if self._chance(0.4):
            schema["required"] = random.sample(_NAMES, random.randrange(0, 3))
        if self._chance(0.1):
            schema["patternProperties"] = {random.choice(["^x", "^a"]): self._schema(inside)}
        if self._chance(0.1):
            schema["propertyNames"] = {"maxLength": random.choice([1, 4, 5])}
        if self._chance(0.1):
            schema["minProperties"] = random.randrange(0, 3)
        if self._chance(0.1):
            schema["maxProperties"] = random.randrange(1, 4)
        if self._chance(0.1):
            schema["dependentRequired"] = {random.choice(_NAMES): [random.choice(_NAMES)]}
        if self._chance(0.05):
            schema["dependentSchemas"] = {random.choice(_NAMES): self._schema(inside)}
        return schema

    def _array(self, depth: int) -> Json:
        random = self._random
        schema: Json = {"type": "array"}
        if self._chance(0.7):
            schema["items"] = self._schema(depth + 1)
        if self._chance(0.2):
            schema["prefixItems"] = [self._schema(depth + 1) for _ in range(random.randrange(1, 3))]
        if self._chance(0.3):
            schema["minItems"] = random.randrange(0, 3)
        if self._chance(0.3):
            schema["maxItems"] = random.randrange(1, 4)
        if self._chance(0.15):
            schema["uniqueItems"] = True
        if self._chance(0.1):
            schema["contains"] = self._scalar()
        return schema

    def _changed(self, schema: Json) -> Json:
        changed = json.loads(json.dumps(schema))
        place = self._somewhere_in(changed)
        random = self._random
        match random.randrange(9):
            case 0 if isinstance(place.get("properties"), dict):
                place["properties"][random.choice(_NAMES)] = self._schema(2)
            case 1 if place.get("properties"):
                place["properties"].pop(random.choice(list(place["properties"])))
            case 2:
                place["required"] = random.sample(_NAMES, random.randrange(0, 3))
            case 3 if place:
                kept = {"additionalProperties", "type"} if "properties" in place else set()
                place.pop(random.choice([word for word in place if word not in kept]))
            case 4:
                return {"anyOf": [changed, self._schema(1)]}
            case 5:
                return {"oneOf": [changed, self._schema(1)]}
            case 6:
                return {"allOf": [changed]}
            case 7 if "properties" in place:
                place["additionalProperties"] = random.choice([True, False])
            case _:
                place.update(self._scalar())
        return changed

    def _somewhere_in(self, schema: Json) -> Json:
        place = schema
        for _ in range(self._random.randrange(3)):
            below = [one for one in (place.get("properties") or {}).values() if isinstance(one, dict)]
            below += [one for word in ("allOf", "anyOf", "oneOf") for one in place.get(word, ())]
            below += [place["items"]] if isinstance(place.get("items"), dict) else []
            if not below:
                return place
            place = self._random.choice(below)
        return place

    def _instance(self, schema: Json, depth: int) -> Json:  # noqa: PLR0911 - a draw among cases
        random = self._random
        if not isinstance(schema, dict) or depth > 4 or self._chance(0.08):
            return self._anything(depth)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return random.choice(schema["enum"])
        for word in ("anyOf", "oneOf", "allOf"):
            if schema.get(word) and self._chance(0.8):
                return self._instance(random.choice(schema[word]), depth + 1)
        kind = schema.get("type")
        kind = random.choice(kind) if isinstance(kind, list) else kind
        if kind == "object" or "properties" in schema:
            return self._object_of(schema, depth)
        if kind == "array":
            return [self._instance(schema.get("items", {}), depth + 1) for _ in range(random.randrange(0, 4))]
        return self._of_type(kind, depth)

    def _object_of(self, schema: Json, depth: int) -> Json:
        required = schema.get("required", ())
        found = {
            name: self._instance(below, depth + 1)
            for name, below in schema.get("properties", {}).items()
            if name in required or self._chance(0.5)
        }
        for name in required:
            found.setdefault(name, self._anything(depth + 1))
        if self._chance(0.15):
            found[self._random.choice(["zz", "xz", *_NAMES])] = self._anything(depth + 1)
        return found

    def _of_type(self, kind: str | None, depth: int) -> Json:
        random = self._random
        match kind:
            case "integer" | "number":
                return random.choice(_NUMBERS)
            case "string":
                return random.choice(_TEXTS)
            case "boolean":
                return random.choice([True, False])
            case "null":
                return None
            case _:
                return self._anything(depth)

    def _anything(self, depth: int) -> Json:
        random = self._random
        match random.randrange(7 if depth < 3 else 5):
            case 0:
                return None
            case 1:
                return random.choice([True, False])
            case 2 | 3:
                return random.choice(_NUMBERS)
            case 4:
                return random.choice(_TEXTS)
            case 5:
                return [self._anything(depth + 1) for _ in range(random.randrange(0, 4))]
            case _:
                return {name: self._anything(depth + 1) for name in random.sample([*_NAMES, "zz"], random.randrange(0, 4))}
