"""Documents that show what a difference does: one version allows them and the other refuses them. jsonschema is the judge.

Documents come from where a reader is likely to refuse (`openapi_diff.containment`), and from putting all kinds of values where the
difference is. That none is found proves nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from jsonschema.protocols import Validator
from referencing.exceptions import Unresolvable

from shop_contracts.compat.json_schema.drafts import Draft
from shop_contracts.compat.json_schema.nodes import Criterion
from shop_contracts.compat.json_schema.reading import JsonSchema
from shop_contracts.compat.proof import LONGEST, Proof
from shop_contracts.openapi_diff.changes import Direction
from shop_contracts.openapi_diff.containment.budget import Budget, TooComplex
from shop_contracts.openapi_diff.containment.parts import Part
from shop_contracts.openapi_diff.containment.samples import Samples
from shop_contracts.openapi_diff.documents import Node, Tree
from shop_contracts.openapi_diff.fault import InvalidOpenapi

_VALUES: tuple[Any, ...] = ("", "a", 0, 1.5, True, None, [], {}, ["a"], [1, 1, 1], ["a", 1, "a"], {"x": 1}, {"x": "a", "y": "a"})
_MOST_TRIED = 400
_FURTHER = 1_000
"""A position behind every listed element."""
_STEPS = 4_000


class Prover:
    """Looks for documents that a writer's schema allows and a reader's refuses."""

    def __init__(self, writer: JsonSchema, reader: JsonSchema, *, writer_is: str) -> None:
        self._writer, self._reader = writer.validator(), reader.validator()
        self._writer_is, self._reader_is = writer_is, "new" if writer_is == "old" else "old"
        self._samples = list(_samples(writer, reader))

    def prove(self, path: Sequence[str]) -> Proof | None:
        """Return the first document that shows a difference at a path."""
        for document in islice(self._documents(_place(path)), _MOST_TRIED):
            fault = self._fault(document)
            if fault is not None:
                text = json.dumps(document, ensure_ascii=False)[:LONGEST]
                return Proof("the document", self._writer_is, self._reader_is, "json", text, text, f"nothing: {fault[:LONGEST]}")
        return None

    def _documents(self, place: Sequence[str | int]) -> Iterator[Any]:
        samples = self._samples or [{}]
        for sample in samples:
            for value in _VALUES:
                changed = _with(sample, place, value)
                if changed is not None:
                    yield changed
        yield from samples
        yield from _VALUES

    def _fault(self, document: Any) -> str | None:
        """Return why the reader refuses what the writer allows; None where that is not so, or cannot be said."""
        try:
            if not _is_valid(self._writer, document):
                return None
            return next((str(error.message) for error in self._reader.iter_errors(document)), None)
        except (re.error, Unresolvable, RecursionError):
            return None


def _is_valid(validator: Validator, document: Any) -> bool:
    return bool(validator.is_valid(document))


def _samples(writer: JsonSchema, reader: JsonSchema) -> list[Any]:
    try:
        return Samples(Direction.REQUEST, Budget(_STEPS)).of(_part(writer, "writer"), _part(reader, "reader"))
    except (TooComplex, RecursionError, InvalidOpenapi):
        return []


def _part(schema: JsonSchema, side: str) -> Part:
    folder = Path("/", side)
    tree = Tree(folder)
    for name, one in schema.references.items():
        tree.open(folder / name, json.dumps(_modern(one, Draft.of(one))))
    document = tree.open(folder / "schema.json", json.dumps(_modern(schema.data, schema.draft)))
    return Part((Node(document, (), document.data),))


def _modern(data: Any, draft: Draft) -> Any:
    """Return a schema in the words of draft 2020-12 where older drafts have others for the same."""
    if draft is Draft.D2020 or not isinstance(data, dict | list):
        return data
    if isinstance(data, list):
        return [_modern(one, draft) for one in data]
    said = {word: _modern(one, draft) for word, one in data.items()}
    if isinstance(said.get("items"), list):
        said |= {"prefixItems": said.pop("items"), "items": said.pop("additionalItems", True)}
    dependencies = said.pop("dependencies", {})
    if isinstance(dependencies, dict) and dependencies:
        said["dependentRequired"] = {name: one for name, one in dependencies.items() if isinstance(one, list)}
        said["dependentSchemas"] = {name: one for name, one in dependencies.items() if not isinstance(one, list)}
    return said


def _place(path: Sequence[str]) -> list[str | int]:
    """Return the names and positions that a path through a schema leads by; branches are passed through."""
    steps, place = list(path), list[str | int]()
    while steps:
        word, *rest = steps
        if word in {"required", "properties", "dependencies"} and rest:
            place.append(rest[0])
            rest = rest[1:]
        elif word in {"additionalProperties", "unevaluatedProperties"}:
            place.append("another")
        elif word.startswith("items") or word in {"additionalItems", "unevaluatedItems"}:
            position = word.partition("/")[2]
            place.append(int(position) if position else _FURTHER if word.endswith("Items") else 0)
        elif word in set(Criterion):
            rest = rest[1:]
        else:
            break
        steps = rest
    return place


def _with(document: Any, place: Sequence[str | int], value: Any) -> Any:
    """Return a document with a value put at a place; None where what leads there is not there."""
    if not place:
        return value
    name, *rest = place
    if isinstance(document, dict) and isinstance(name, str):
        inside = _with(document.get(name, {}), rest, value)
        return {**document, name: inside} if inside is not None or not rest else None
    if isinstance(document, list) and isinstance(name, int):
        at = min(name, len(document))
        inside = _with(document[at] if at < len(document) else {}, rest, value)
        return [*document[:at], inside, *document[at + 1 :]] if inside is not None or not rest else None
    return None
