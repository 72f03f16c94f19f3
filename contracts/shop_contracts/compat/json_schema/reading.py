"""JSON Schemas read: valid by the meta-schema of their draft, every reference found, taken apart into nodes.

References are followed within the schema and into the schemas that come with it under the names they are referred to by; nothing is
fetched. `#/$defs/X` finds what stands under `definitions` as well, since one tool writes the one and another reads the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

from jsonschema.exceptions import best_match
from jsonschema.protocols import Validator
from jsonschema_specifications import REGISTRY as META_SCHEMAS  # type: ignore[import-untyped]
from referencing.exceptions import Unresolvable
from referencing.jsonschema import SchemaRegistry

from shop_contracts.compat.depth import is_deeper
from shop_contracts.compat.json_schema.drafts import Draft
from shop_contracts.compat.json_schema.nodes import Node
from shop_contracts.compat.json_schema.translation import translate

DEEPEST = 100
"""Levels of JSON in one schema."""


class InvalidJsonSchema(ValueError):
    """The JSON is no JSON Schema; the message says where and why."""


@dataclass(frozen=True)
class JsonSchema:
    """A valid schema with all that it refers to. `root` is it as nodes; `references` are the other schemas by their names."""

    data: Any
    draft: Draft
    references: Mapping[str, Any]
    root: Node = field(repr=False)

    def validator(self) -> Validator:
        """Return what says whether a document is as the schema has it."""
        registry, _ = _registry(self.data, self.draft, self.references)
        return self.draft.validator(_bridged(self.data), registry=registry)


def read(data: Any, references: Mapping[str, Any] | None = None) -> JsonSchema:
    """Return the schema that parsed JSON describes; `references` are parsed, too. Raises InvalidJsonSchema."""
    references = references or {}
    if not isinstance(data, dict | bool):
        raise InvalidJsonSchema(f"a JSON Schema is an object, true or false; this is {str(data)[:80]}")
    if any(is_deeper(one, DEEPEST) for one in (data, *references.values())):
        raise InvalidJsonSchema(f"it is nested more than {DEEPEST} levels deep")
    draft = Draft.of(data)
    fault = best_match(draft.validator(draft.validator.META_SCHEMA).iter_errors(data))
    if fault is not None:
        path = "/".join(str(step) for step in fault.absolute_path)
        raise InvalidJsonSchema(f"#/{path}: {fault.message[:300]} (by {draft.value})")
    registry, base = _registry(data, draft, references)
    try:
        root = translate(_bridged(data), draft, registry.resolver(base))
    except Unresolvable as error:
        raise InvalidJsonSchema(
            f"nothing is at the reference {error.ref!r}: it names no part of the schema and no schema that is registered and "
            "named as a reference; nothing is fetched"
        ) from error
    return JsonSchema(data, draft, references, root)


def _registry(data: Any, draft: Draft, references: Mapping[str, Any]) -> tuple[SchemaRegistry, str]:
    """Return where references are looked up, and the URI that those of the schema start from."""
    named = data.get(draft.id_keyword) if isinstance(data, dict) else None
    base = named.removesuffix("#") if isinstance(named, str) else ""
    resources = [(base, draft.specification.create_resource(_bridged(data)))]
    for name, one in references.items():
        resource = Draft.of(one).specification.create_resource(_bridged(one))
        resources += [(uri, resource) for uri in dict.fromkeys((name, urljoin(base, name)))]
    registry: SchemaRegistry = META_SCHEMAS.with_resources(resources)
    return registry, base


def _bridged(data: Any) -> Any:
    """Return a schema whose `definitions` are found under `$defs` as well; what stands there already stays."""
    if not isinstance(data, dict) or not isinstance(data.get("definitions"), dict) or not isinstance(data.get("$defs", {}), dict):
        return data
    return {**data, "$defs": {**data["definitions"], **data.get("$defs", {})}}
