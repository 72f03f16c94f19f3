"""The JSON Schema of `service.yaml`, and the full list of how a document breaks it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Any

import msgspec

from shop_sandbox.manifest.faults import Path, did_you_mean
from shop_sandbox.manifest.form import Service

SCHEMA_FILE = FilePath(__file__).with_name("service.schema.json")
"""Shipped in the wheel; a manifest names it in its first line so that editors complete against it."""

Schema = dict[str, Any]

_TAGS = {"target": "Where it runs.", "kind": "How its health is known.", "source": "What calls it."}
"""What the properties mean by which alternatives are told apart; msgspec makes them, without a description."""


def make_schema() -> Schema:
    """Build the schema from the types of `shop_sandbox.manifest.form`, in draft 2020-12."""
    _, components = msgspec.json.schema_components([Service], ref_template="#/$defs/{name}")
    definitions = {name: _tidy(component) for name, component in sorted(components.items())}
    definitions["Runtime"]["oneOf"] = [_given("python", "string"), _given("command", "array")]
    for definition in definitions.values():
        for tag, meaning in _TAGS.items():
            if "enum" in definition["properties"].get(tag, {}) and definition["properties"][tag]["enum"][1:] == []:
                definition["properties"][tag]["description"] = meaning
    for name in ("Service", "Worker"):
        definitions[name]["properties"]["deploy"]["anyOf"].append({"type": "null"})  # msgspec leaves it out beside a discriminator
    service = definitions.pop("Service")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "service.yaml",
        **{key: value for key, value in service.items() if key != "title"},
        "$defs": definitions,
    }


def _given(name: str, kind: str) -> Schema:
    """A property is there, and not null."""
    return {"required": [name], "properties": {name: {"type": kind}}}


def schema_text() -> str:
    """Return the schema as it stands in `service.schema.json`."""
    return json.dumps(make_schema(), indent=2, ensure_ascii=False) + "\n"


def _tidy(schema: Any) -> Any:
    """Say `X or null` as a list of types where that can be said: shorter to read, and editors complete it."""
    if isinstance(schema, list):
        return [_tidy(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    tidy = {key: _tidy(value) for key, value in schema.items()}
    options = tidy.get("anyOf", [])
    plain = [option for option in options if option != {"type": "null"}]
    if len(options) == 2 and len(plain) == 1 and "$ref" not in plain[0]:
        (option,) = plain
        tidy.pop("anyOf")
        if "enum" in option:
            option = {**option, "enum": [*option["enum"], None]}
        elif "type" in option:
            option = {**option, "type": [option["type"], "null"]}
        tidy = {**option, **tidy}
    return tidy


def broken_rules(data: object) -> Iterator[tuple[Path, str, str]]:
    """Yield path, message and hint of everything in `data` that breaks the schema."""
    import jsonschema  # 0.2 s: only for a manifest that is already known to be wrong

    schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    draft = jsonschema.Draft202012Validator
    # JSON Schema takes 30.0 for an integer; the manifest's types do not.
    whole_numbers = draft.TYPE_CHECKER.redefine("integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool))
    strict = jsonschema.validators.extend(draft, type_checker=whole_numbers)  # type: ignore[no-untyped-call]  # its stubs say nothing
    validator = strict(schema)
    for error in validator.iter_errors(data):
        yield from _explain(error, schema)


def _explain(error: Any, root: Schema) -> Iterator[tuple[Path, str, str]]:
    """Say a jsonschema error in the words of the manifest."""
    path: Path = tuple(error.absolute_path)
    rule, expected, found = error.validator, error.validator_value, error.instance
    if rule == "anyOf":
        yield from _explain_choice(error, root)
    elif rule == "required":
        (missing,) = [name for name in expected if error.message.startswith(repr(name))]
        meaning = error.schema.get("properties", {}).get(missing, {})
        yield path, f"{missing!r} is missing", _first_sentence(_described(meaning, root))
    elif rule == "additionalProperties" and expected is False:
        known = error.schema.get("properties", {})
        for name in [name for name in found if name not in known]:
            near = did_you_mean(name, known)
            further = [one for one in known if one not in found] or known
            yield (*path, name), "unknown property", near if near.startswith("did") else did_you_mean(name, further)
    elif rule == "oneOf" and not isinstance(found, dict):
        return  # its type is told already
    elif rule == "oneOf":
        both = all(found.get(name) is not None for name in ("python", "command"))
        yield (
            path,
            ("both 'python' and 'command' are given" if both else "neither 'python' nor 'command' is given"),
            "exactly one is",
        )
    elif rule == "enum":
        values = [value for value in expected if value is not None]
        hint = did_you_mean(found, values) if isinstance(found, str) and all(isinstance(v, str) for v in values) else ""
        yield path, f"{_shown(found)} is not one of {', '.join(map(str, values))}", hint if hint.startswith("did") else ""
    elif rule == "type":
        wanted = " or ".join(
            _TYPE_WORDS[name] for name in ([expected] if isinstance(expected, str) else expected) if name != "null"
        )
        quoted = (
            "quote it"
            if wanted == "text" and isinstance(found, bool | int | float)
            else _first_sentence(error.schema.get("description", ""))
        )
        yield path, f"must be {wanted}, and is {_shown(found)}", quoted
    elif rule == "pattern":
        yield path, f"{_shown(found)} does not have the right form", error.schema.get("description") or f"must match {expected}"
    elif rule in _BOUND_WORDS:
        yield path, f"{_shown(found)} {_BOUND_WORDS[rule].format(expected)}", _first_sentence(error.schema.get("description", ""))
    else:
        yield path, error.message, _first_sentence(error.schema.get("description", ""))


_TYPE_WORDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
}
_BOUND_WORDS = {
    "minimum": "is less than {}",
    "maximum": "is more than {}",
    "exclusiveMinimum": "is not more than {}",
    "exclusiveMaximum": "is not less than {}",
    "minLength": "is shorter than {}",
    "maxLength": "is longer than {} characters",
    "minItems": "has fewer entries than {}",
    "maxItems": "has more entries than {}",
}


def _explain_choice(error: Any, root: Schema) -> Iterator[tuple[Path, str, str]]:
    """Report faults of the alternative that was meant, where the document shows which: a tag, or the only one of its type."""
    path: Path = tuple(error.absolute_path)
    options = [_resolved(option, root) for option in error.validator_value]
    tag = error.schema.get("discriminator", {}).get("propertyName")
    if tag and isinstance(error.instance, dict):
        tags = [option["properties"][tag]["enum"][0] for option in options if "properties" in option]
        chosen = error.instance.get(tag)
        if tag not in error.instance:
            yield path, f"{tag!r} is missing", f"one of {', '.join(tags)}"
            return
        if chosen not in tags:
            yield (*path, tag), f"{_shown(chosen)} is not one of {', '.join(tags)}", ""
            return
        meant = tags.index(chosen)
    else:
        fitting = [number for number, option in enumerate(options) if _is_type(error.instance, option)]
        if len(fitting) != 1:
            wanted = " or ".join(dict.fromkeys(_TYPE_WORDS[o["type"]] for o in options if o.get("type") in _TYPE_WORDS))
            meaning = error.schema.get("description") or next((o["description"] for o in options if "description" in o), "")
            yield path, f"must be {wanted}, and is {_shown(error.instance)}", _first_sentence(meaning)
            return
        (meant,) = fitting
    for inner in error.context:
        if inner.schema_path[0] == meant:
            yield from _explain(inner, root)


def _is_type(value: object, schema: Schema) -> bool:
    """Return whether `value` is of the type that `schema` is about."""
    if "enum" in schema:
        return isinstance(value, str)
    types = {"object": dict, "array": list, "string": str, "boolean": bool}
    return isinstance(value, types.get(schema.get("type", ""), ()))


def _resolved(schema: Schema, root: Schema) -> Schema:
    if "$ref" not in schema:
        return schema
    found: Schema = root["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    return found


def _described(schema: Schema, root: Schema) -> str:
    return str(schema.get("description") or _resolved(schema, root).get("description", ""))


def _first_sentence(text: str) -> str:
    head, stop, _ = text.partition(". ")
    return head + (stop and ".")


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "an empty list" if not value else "a list"
    if value is None:
        return "empty"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "…" + text[-1]
