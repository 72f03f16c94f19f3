"""Text to plain data: JSON, and the part of YAML that means the same as JSON, with limits on what a small file may become.

YAML is read by events, since libyaml's composer recurses in C and dies of ten thousand brackets. Scalars follow the core schema of
YAML 1.2 (https://yaml.org/spec/1.2.2/#103-core-schema). Aliases share the value they name; what they would grow to when
written out is counted, and refused beyond `_MOST_NODES`.
"""

from __future__ import annotations

import errno
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from shop_contracts.files import read_regular_file
from shop_contracts.openapi_diff.fault import InvalidOpenapi

_MOST_NODES = 2_000_000
"""Values of one file with every alias written out."""
_DEEPEST = 200
_INT = re.compile(r"[-+]?[0-9]+\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_CORE_TAGS = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "null", "map", "seq")) | {"!"}

Pointer = tuple[str, ...]


def read_text(path: Path) -> str:
    """Return the text of a file. Raises InvalidOpenapi when it is not there, too large or not UTF-8."""
    content = _bytes_of(path)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InvalidOpenapi(path, line, f"byte 0x{content[error.start]:02x} is not UTF-8", "save the file as UTF-8") from error


def _bytes_of(path: Path) -> bytes:
    try:
        return read_regular_file(path)
    except OSError as error:
        hint = "split it into several files joined by $ref" if error.errno == errno.EFBIG else "name a file with the document in it"
        raise InvalidOpenapi(path, 0, f"it cannot be read: {error.strerror}", hint) from error


def parse(text: str, path: Path) -> Any:
    """Return the plain data of a JSON or YAML text. Raises InvalidOpenapi at the first thing that cannot be read."""
    if text.lstrip()[:1] in {"{", "["} and (data := _as_json(text, path)) is not None:
        return data
    return _Reader(text, path).document()


def lines_of(text: str, path: Path, pointers: set[Pointer]) -> dict[Pointer, int]:
    """Return the line (from 1) at which each of `pointers` begins, or the nearest part above it that is there."""
    reader = _Reader(text, path, wanted={part[:end] for part in pointers for end in range(len(part) + 1)})
    reader.document()
    found: dict[Pointer, int] = {}
    for pointer in pointers:
        end = len(pointer)
        while pointer[:end] not in reader.lines and end:
            end -= 1
        found[pointer] = reader.lines.get(pointer[:end], 1)
    return found


def _as_json(text: str, path: Path) -> Any:
    """Return the data where the text is JSON; None where it may be YAML's flow style, which the event reader then judges."""
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_no_number)
    except _Unlike:
        return None
    except ValueError:
        return None
    except RecursionError as error:
        raise InvalidOpenapi(path, 0, "it is nested too deeply", f"no document needs more than {_DEEPEST} levels") from error


class _Unlike(ValueError):
    """JSON that says something twice, or a number that is none: the event reader finds the line of it."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Unlike
    return found


def _no_number(word: str) -> Any:
    raise _Unlike(word)


class _Reader:
    """One pass over the events of a text. With `wanted`, notes the lines of those pointers."""

    def __init__(self, text: str, path: Path, wanted: set[Pointer] | None = None) -> None:
        self.path = path
        self.lines: dict[Pointer, int] = {}
        self._wanted = wanted
        self._nodes = 0
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._events = self._read(text)

    def document(self) -> Any:
        data = None
        for count, event in enumerate(self._events):
            if count:
                raise self._fault(event, "a second document starts here", "one document a file: remove `---` and what follows")
            data = self._value(event, (), 0)
        return data

    def _read(self, text: str) -> Iterator[Any]:
        try:
            for event in yaml.parse(text, Loader=yaml.CSafeLoader):
                if isinstance(event, yaml.NodeEvent | yaml.CollectionEndEvent):
                    yield event
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark is not None else 0
            hint = "check the indentation, and quote values that contain `: ` or start with one of `{ [ * & ! % @`"
            raise InvalidOpenapi(self.path, line, f"not valid YAML or JSON: {error.problem or error.context}", hint) from error
        except yaml.YAMLError as error:
            raise InvalidOpenapi(self.path, 0, f"not valid YAML or JSON: {error}", "save the file as UTF-8 text") from error

    def _value(self, event: Any, pointer: Pointer, depth: int) -> Any:
        if self._wanted is not None:
            if pointer not in self._wanted:
                return self._skip(event)
            self.lines.setdefault(pointer, event.start_mark.line + 1)
        self._count(event, 1)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        if depth > _DEEPEST:
            raise self._fault(event, "it is nested too deeply", f"no document needs more than {_DEEPEST} levels")
        before = self._nodes
        value = self._plain(event, pointer, depth)
        if event.anchor:
            self._anchors[event.anchor] = (value, self._nodes - before + 1)
        return value

    def _plain(self, event: Any, pointer: Pointer, depth: int) -> Any:
        if event.tag and event.tag not in _CORE_TAGS:
            raise self._fault(event, f"the tag {event.tag!r} is not allowed", "an OpenAPI document is plain data")
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            found: list[Any] = []
            while not isinstance(item := next(self._events), yaml.SequenceEndEvent):
                below = () if self._wanted is None else (*pointer, str(len(found)))
                found.append(self._value(item, below, depth + 1))
            return found
        return self._mapping(pointer, depth)

    def _mapping(self, pointer: Pointer, depth: int) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        merged: list[Any] = []
        while not isinstance(key := next(self._events), yaml.MappingEndEvent):
            if not isinstance(key, yaml.ScalarEvent) or key.start_mark is None:
                raise self._fault(key, "a key must be a plain word", "write `key: value`")
            name = str(key.value)
            below = () if self._wanted is None else (*pointer, name)
            if self._wanted is not None and below in self._wanted:
                self.lines.setdefault(below, key.start_mark.line + 1)
            if name in mapping:
                raise self._fault(key, f"the key {name!r} stands twice in one mapping", "remove one of the two")
            value = self._value(next(self._events), below, depth + 1)
            if name == "<<" and key.implicit[0]:
                merged += value if isinstance(value, list) else [value]
            else:
                mapping[name] = value
        for one in merged:
            if one is None and self._wanted is not None:
                continue
            if not isinstance(one, dict):
                raise InvalidOpenapi(self.path, 0, "`<<` merges something that is no mapping", "let it name an anchor of a mapping")
            for name, value in one.items():
                mapping.setdefault(name, value)
        return mapping

    def _skip(self, event: Any) -> None:
        """Read over a value of which no line is wanted."""
        depth = int(isinstance(event, yaml.CollectionStartEvent))
        while depth:
            below = next(self._events)
            depth += isinstance(below, yaml.CollectionStartEvent) - isinstance(below, yaml.CollectionEndEvent)

    def _alias(self, event: Any) -> Any:
        if self._wanted is not None:
            return None
        if event.anchor not in self._anchors:
            reason = f"the alias *{event.anchor} names an anchor that is not complete here"
            raise self._fault(event, reason, "an alias may name what stands above it, not what it stands in")
        value, nodes = self._anchors[event.anchor]
        self._count(event, nodes)
        return value

    def _count(self, event: Any, nodes: int) -> None:
        self._nodes += nodes
        if self._nodes > _MOST_NODES:
            reason = f"with its aliases written out it has more than {_MOST_NODES:,} values"
            raise self._fault(event, reason, "use $ref to components instead of anchors")

    def _fault(self, event: Any, reason: str, hint: str) -> InvalidOpenapi:
        return InvalidOpenapi(self.path, event.start_mark.line + 1, reason, hint)


def _scalar(event: Any) -> Any:
    text: str = event.value
    if not event.implicit[0]:
        return text
    if text in _WORDS:
        return _WORDS[text]
    first = text[0]
    if not (first.isdigit() or first in "-+."):
        return text
    if len(text) <= 300 and _INT.match(text):
        return int(text)
    if len(text) <= 300 and _FLOAT.match(text):
        return float(text)
    return text
