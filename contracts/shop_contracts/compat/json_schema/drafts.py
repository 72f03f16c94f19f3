"""The drafts of JSON Schema that are read: how a schema says which it is, and whether it is a valid schema of that draft.

https://json-schema.org/specification-links
"""

from __future__ import annotations

from enum import Enum
from typing import Any

import jsonschema
import referencing.jsonschema
from jsonschema.protocols import Validator
from referencing import Specification


class Draft(Enum):
    """A draft, by the URI of its meta-schema without the scheme."""

    D4 = "json-schema.org/draft-04/schema"
    D6 = "json-schema.org/draft-06/schema"
    D7 = "json-schema.org/draft-07/schema"
    D2019 = "json-schema.org/draft/2019-09/schema"
    D2020 = "json-schema.org/draft/2020-12/schema"

    @classmethod
    def of(cls, schema: Any) -> Draft:
        """Return the draft that a schema names under `$schema`; draft 7 where it names none, or none that is known."""
        named = schema.get("$schema") if isinstance(schema, dict) else None
        if not isinstance(named, str):
            return cls.D7
        uri = named.removesuffix("#").removeprefix("https://").removeprefix("http://")
        return next((draft for draft in cls if draft.value == uri), cls.D4 if uri == "json-schema.org/schema" else cls.D7)

    @property
    def is_modern(self) -> bool:
        """Whether `$ref` has siblings that count, and dependencies and unevaluated parts have keywords of their own."""
        return self in {Draft.D2019, Draft.D2020}

    @property
    def id_keyword(self) -> str:
        """The keyword that gives a schema its URI."""
        return "id" if self is Draft.D4 else "$id"

    @property
    def specification(self) -> Specification[Any]:
        """What tells `referencing` how references are resolved."""
        return _SPECIFICATIONS[self]

    @property
    def validator(self) -> type[Validator]:
        """The class of validators for documents."""
        return _VALIDATORS[self]


_SPECIFICATIONS: dict[Draft, Specification[Any]] = {
    Draft.D4: referencing.jsonschema.DRAFT4,
    Draft.D6: referencing.jsonschema.DRAFT6,
    Draft.D7: referencing.jsonschema.DRAFT7,
    Draft.D2019: referencing.jsonschema.DRAFT201909,
    Draft.D2020: referencing.jsonschema.DRAFT202012,
}
_VALIDATORS: dict[Draft, type[Validator]] = {
    Draft.D4: jsonschema.Draft4Validator,
    Draft.D6: jsonschema.Draft6Validator,
    Draft.D7: jsonschema.Draft7Validator,
    Draft.D2019: jsonschema.Draft201909Validator,
    Draft.D2020: jsonschema.Draft202012Validator,
}
