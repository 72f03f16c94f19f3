"""Schemas whose text is JSON, from files: Avro (`.avsc`) and JSON Schema (`.json`), with what they refer to found beside them.

A JSON Schema names files in its `$ref`, relative to its own folder. An Avro schema names types; one that it does not define is
looked for in `<full name>.avsc` and `<name>.avsc` in its folder.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from shop_contracts.compat.avro.judge import AvroVersion
from shop_contracts.compat.avro.judge import judge as judge_avro
from shop_contracts.compat.avro.reading import InvalidAvro
from shop_contracts.compat.avro.reading import read as read_avro
from shop_contracts.compat.avro.types import COMPLEX, PRIMITIVES
from shop_contracts.compat.json_schema.judge import JsonVersion
from shop_contracts.compat.json_schema.judge import judge as judge_json
from shop_contracts.compat.json_schema.reading import InvalidJsonSchema
from shop_contracts.compat.json_schema.reading import read as read_json_schema
from shop_contracts.compat.json_schema.rules import Policy
from shop_contracts.compat.languages import Language
from shop_contracts.compat.levels import Level
from shop_contracts.compat.report import Mode, Report
from shop_contracts.compat.sources import Unreadable, read_text
from shop_contracts.files import real_path

_MOST_FILES = 200


@dataclass(frozen=True)
class TextSchema:
    """A schema with the files it was read from, by the names they are referred to by; its own is the first."""

    language: Language
    files: Mapping[str, Path]
    version: AvroVersion | JsonVersion


def load(path: Path) -> TextSchema:
    """Read an Avro or JSON Schema with what it refers to. Raises Unreadable, also for what is no such schema."""
    language = Language.of(path)
    if language is None:
        raise Unreadable(path, f"its name ends in none of {', '.join(Language)}")
    text = read_text(path)
    data = _parsed(path, text)
    found = dict(_referred(language, path, data))
    others = {name: _parsed(file, read_text(file)) for name, file in found.items()}
    try:
        version: AvroVersion | JsonVersion
        if language is Language.AVRO:
            version = AvroVersion(None, text, read_avro(data, list(others.values())))
        else:
            version = JsonVersion(None, text, read_json_schema(data, others))
    except (InvalidAvro, InvalidJsonSchema) as error:
        raise Unreadable(path, str(error)) from error
    return TextSchema(language, {path.name: path, **found}, version)


def check_text(
    old_versions: Sequence[TextSchema], new: TextSchema, *, level: Level, policy: Policy = Policy.STRICT, proofs: bool = True
) -> Report:
    """Return whether `new` may follow `old_versions` (oldest first) of the same language, by the rules of Confluent's registry."""
    numbered = [one.version for one in old_versions]
    if isinstance(new.version, AvroVersion):
        avro = [one for one in numbered if isinstance(one, AvroVersion)]
        return judge_avro(avro, new.version, level=level, proofs=proofs)
    other = [one for one in numbered if isinstance(one, JsonVersion)]
    return judge_json(other, new.version, level=level, policy=policy, proofs=proofs)


def referred(path: Path) -> dict[str, Path]:
    """Return the files that a schema refers to itself, by the names it has for them. Raises Unreadable."""
    language = Language.of(path)
    return dict(_named(language, path.parent, _parsed(path, read_text(path)))) if language is not None else {}


def house_check(old_versions: Sequence[TextSchema], new: TextSchema) -> Report:
    """Return whether every reader takes every writer's messages, over the whole history.

    A writer of JSON is trusted not to send properties that its schema does not name: an optional one may be added.
    """
    report = check_text(old_versions, new, level=Level.FULL_TRANSITIVE, policy=Policy.LENIENT)
    return replace(report, mode=Mode.HOUSE)


def _parsed(path: Path, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise Unreadable(path, f"it is no JSON: {error}") from error
    except RecursionError as error:
        raise Unreadable(path, "it is nested too deeply") from error


def _referred(language: Language, path: Path, data: Any) -> Iterator[tuple[str, Path]]:
    """Yield what is referred to, directly or not, by its name; a file that uses another comes after it."""
    seen: set[Path] = {real_path(path)}

    def visit(data: Any) -> Iterator[tuple[str, Path]]:
        for name, file in _named(language, path.parent, data):
            if real_path(file) in seen or len(seen) > _MOST_FILES:
                continue
            seen.add(real_path(file))
            yield from visit(_parsed(file, read_text(file)))
            yield name, file

    yield from visit(data)


def _named(language: Language, folder: Path, data: Any) -> Iterator[tuple[str, Path]]:
    names = _references(data) if language is Language.JSON_SCHEMA else _types(data, "")
    for name in dict.fromkeys(names):
        endings = [name] if language is Language.JSON_SCHEMA else [f"{name}.avsc", f"{name.rpartition('.')[2]}.avsc"]
        found = next((folder / one for one in endings if _is_inside(one) and (folder / one).is_file()), None)
        if found is not None:
            yield name, found


def _is_inside(name: str) -> bool:
    return not name.startswith("/") and ".." not in name.split("/") and not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", name)


def _references(data: Any) -> Iterator[str]:
    """Yield the files that `$ref`s of a JSON Schema name."""
    if isinstance(data, dict):
        named = data.get("$ref")
        if isinstance(named, str) and (file := named.partition("#")[0]):
            yield file
    for below in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        yield from _references(below)


def _types(schema: Any, namespace: str) -> Iterator[str]:
    """Yield the names of types that an Avro schema uses."""
    if isinstance(schema, str) and schema not in PRIMITIVES and schema not in COMPLEX:
        yield schema if "." in schema or not namespace else f"{namespace}.{schema}"
    elif isinstance(schema, list):
        for branch in schema:
            yield from _types(branch, namespace)
    elif isinstance(schema, dict):
        own = str(schema.get("name", "")).rpartition(".")[0] or schema.get("namespace") or namespace
        for word in ("type", "items", "values"):
            yield from _types(schema.get(word), own)
        for field in schema.get("fields") or () if isinstance(schema.get("fields"), list) else ():
            if isinstance(field, dict):
                yield from _types(field.get("type"), own)
