"""Reading YAML as plain data: the part of YAML that every reader of a manifest, Terraform's `yamldecode` too, understands alike.

So scalars follow the core schema of YAML 1.2 (`no` and `on` are words, `1_000` is not a number), and anchors, aliases and tags are
refused: they are what makes a small file explode. Parsing is by events, whose depth is bounded here: the composer of
libyaml's binding recurses in C and dies of ten thousand brackets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import yaml

from shop_sandbox.manifest.faults import Path

Plain: TypeAlias = "bool | int | float | str | list[Plain] | dict[str, Plain] | None"

_LONGEST = 256 * 1024
_DEEPEST = 24
_INT = re.compile(r"[-+]?[0-9]+\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


class NotPlainYaml(Exception):
    """The text is not YAML, or uses a part of it that manifests do not have. `line` and `column` count from 1."""

    def __init__(self, line: int, column: int, message: str, hint: str) -> None:
        super().__init__(message)
        self.line, self.column, self.message, self.hint = line, column, message, hint


@dataclass(frozen=True)
class Document:
    """Plain data, and where in the text each part of it begins."""

    data: Plain
    marks: dict[Path, tuple[int, int]]
    duplicates: list[tuple[Path, tuple[int, int]]] = field(default_factory=list)
    """Keys that stand twice in one mapping, with the place of the later one."""

    def place(self, path: Path) -> tuple[int, int]:
        """Line and column (from 1) of the value at `path`, or of the nearest part above it that is there."""
        while path and path not in self.marks:
            path = path[:-1]
        return self.marks.get(path, (1, 1))


def read_document(text: str) -> Document:
    """Read one YAML document. Raises NotPlainYaml at the first thing that cannot be read."""
    if len(text) > _LONGEST:
        raise NotPlainYaml(1, 1, f"the file is larger than {_LONGEST // 1024} KiB", "a manifest is a page or two")
    marks: dict[Path, tuple[int, int]] = {}
    duplicates: list[tuple[Path, tuple[int, int]]] = []
    try:
        events = _events(text)
        first = next(events, None)
        data = _value(first, events, (), marks, duplicates) if first else None
        extra = next(events, None)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise NotPlainYaml(line, column, f"not valid YAML: {error.problem or error.context}", _syntax_hint(text, line)) from error
    except yaml.YAMLError as error:
        raise NotPlainYaml(1, 1, f"not valid YAML: {error}", "save the file as UTF-8 text") from error
    if extra is not None:
        raise NotPlainYaml(*_place(extra), "a second document starts here", "one manifest a file: remove `---` and what follows")
    return Document(data, marks, duplicates)


def _events(text: str) -> Iterator[yaml.Event]:
    """Events of the values themselves, without those of stream and document."""
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.NodeEvent | yaml.CollectionEndEvent):
            yield event


def _place(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _value(
    event: yaml.Event,
    events: Iterator[yaml.Event],
    path: Path,
    marks: dict[Path, tuple[int, int]],
    duplicates: list[tuple[Path, tuple[int, int]]],
) -> Plain:
    place = _place(event)
    marks.setdefault(path, place)
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
        raise NotPlainYaml(*place, "anchors and aliases are not allowed", "write the value out where it is used")
    if tag := getattr(event, "tag", None):
        raise NotPlainYaml(*place, f"the tag {tag!r} is not allowed", "manifests are plain data")
    if len(path) > _DEEPEST:
        raise NotPlainYaml(*place, f"nested deeper than {_DEEPEST} levels", "no part of a manifest is that deep")
    if isinstance(event, yaml.ScalarEvent):
        return _scalar(event)
    if isinstance(event, yaml.SequenceStartEvent):
        found: list[Plain] = []
        while not isinstance(item := next(events), yaml.SequenceEndEvent):
            found.append(_value(item, events, (*path, len(found)), marks, duplicates))
        return found
    mapping: dict[str, Plain] = {}
    while not isinstance(key := next(events), yaml.MappingEndEvent):
        name = _key(key)
        below = (*path, name)
        if name in mapping:
            duplicates.append((below, _place(key)))
        marks.setdefault(below, _place(key))
        value = _value(next(events), events, below, marks, duplicates)
        mapping.setdefault(name, value)
    return mapping


def _key(event: yaml.Event) -> str:
    if not isinstance(event, yaml.ScalarEvent) or event.anchor or getattr(event, "tag", None):
        raise NotPlainYaml(*_place(event), "a key must be a plain word", "write `key: value`")
    return str(event.value)


def _scalar(event: yaml.ScalarEvent) -> Plain:
    text: str = event.value
    if not event.implicit[0]:
        return text.rstrip("\n")
    if text in _WORDS:
        return _WORDS[text]
    if _INT.match(text) and len(text) <= 19:
        return int(text)
    if _FLOAT.match(text):
        return float(text)
    return text


def _syntax_hint(text: str, line: int) -> str:
    lines = text.splitlines()
    near = lines[line - 2 : line] if line > 1 else lines[:1]
    if any("\t" in one[: len(one) - len(one.lstrip())] for one in near):
        return "indent with spaces, not tabs"
    return "check the indentation, and quote values that contain `: ` or start with one of `{ [ * & ! % @`"
