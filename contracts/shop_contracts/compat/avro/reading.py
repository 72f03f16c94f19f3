"""Avro schemas read: names and structure by Apache Avro's own library, defaults and names of fields besides.

https://avro.apache.org/docs/1.12.0/specification/#schema-declaration
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

from shop_contracts.compat.avro.defaults import fits
from shop_contracts.compat.avro.types import COMPLEX, PRIMITIVES, Field, Type, parse
from shop_contracts.compat.depth import is_deeper

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LONGEST = 500
DEEPEST = 150
"""Levels of JSON in one schema. A record in a record takes three."""


class InvalidAvro(ValueError):
    """The JSON is no Avro schema; the message says where and why."""


def read(schema: Any, references: Sequence[Any] = ()) -> Type:
    """Return the type that parsed JSON describes. `references` define names that it uses, and come after those they use themselves.

    Raises InvalidAvro.
    """
    if any(is_deeper(one, DEEPEST) for one in (schema, *references)):
        raise InvalidAvro(f"its types are nested more than {DEEPEST} levels of JSON deep")
    _check_structure(schema, references)
    found = parse(schema, references)
    for path, field in _fields(found, set()):
        _check_field(path, field)
    return found


def _check_structure(schema: Any, references: Sequence[Any]) -> None:
    from avro.errors import AvroException, AvroWarning
    from avro.name import Names
    from avro.schema import make_avsc_object

    names = Names()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AvroWarning)  # a logical type that does not fit is none, by the specification
            for one in (*references, schema):
                names.default_namespace = None
                make_avsc_object(_plain(one), names)
    except (AvroException, TypeError, AttributeError, ValueError, KeyError) as error:
        raise InvalidAvro(_innermost(error)[:_LONGEST]) from error


def _plain(schema: Any) -> Any:
    """Return a schema without wrappings of names: `{"type": "shop.Order"}` is read elsewhere, the library wants the name."""
    if isinstance(schema, list):
        return [_plain(branch) for branch in schema]
    if not isinstance(schema, dict) or "type" not in schema:
        return schema
    kind = schema["type"]
    if isinstance(kind, list):
        raise InvalidAvro(f"a union stands by itself, not as the `type` of an object: {str(schema)[:80]}")
    _check_aliases(schema)
    if not isinstance(kind, str) or (kind not in PRIMITIVES and kind not in COMPLEX and _is_name(kind)):
        return _plain(kind)
    plain = {**schema}
    for word in ("items", "values"):
        if word in schema:
            plain[word] = _plain(schema[word])
    if isinstance(schema.get("fields"), list):
        plain["fields"] = [{**one, "type": _plain(one["type"])} if _has_type(one) else one for one in schema["fields"]]
        for one in filter(_has_type, plain["fields"]):
            _check_aliases(one)
    return plain


def _check_aliases(named: dict[str, Any]) -> None:
    aliases = named.get("aliases", [])
    if not isinstance(aliases, list) or not all(isinstance(alias, str) for alias in aliases):
        raise InvalidAvro(f"aliases are a list of names, not {str(aliases)[:80]}")


def _is_name(text: str) -> bool:
    return all(_NAME.fullmatch(part) for part in text.split("."))


def _has_type(field: Any) -> bool:
    return isinstance(field, dict) and "type" in field


def _innermost(error: BaseException) -> str:
    """Return the reason; the library wraps it once for each level and repeats what is inside each time."""
    text = str(error)
    return text.rpartition("not a valid Avro schema: ")[2] or text


def _fields(found: Type, seen: set[int]) -> Iterator[tuple[str, Field]]:
    """Yield every field of the records inside a type with its path. What references define was checked when it was registered."""
    definition = found.definition
    if definition.key in seen:
        return
    seen.add(definition.key)
    match definition.kind:
        case "record":
            names = [field.name for field in definition.fields]
            for field in definition.fields:
                path = f"#/{definition.name}/{field.name}"
                if names.count(field.name) > 1:
                    raise InvalidAvro(f"{path}: the field is there twice")
                yield path, field
                yield from _fields(field.type, seen)
        case "array":
            yield from _fields(definition.inside("items"), seen)
        case "map":
            yield from _fields(definition.inside("values"), seen)
        case "union":
            for branch in definition.branches:
                yield from _fields(branch, seen)


def _check_field(path: str, field: Field) -> None:
    if not _NAME.fullmatch(field.name):
        raise InvalidAvro(f"{path}: a field is named with letters, digits and underscores, and no digit first")
    if field.has_default and not fits(field.default, field.type):
        raise InvalidAvro(f"{path}: the default {str(field.default)[:80]!r} is not of the field's type")
