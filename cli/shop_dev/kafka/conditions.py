"""Conditions on records as people type them: `completed.purchase.total > 5000 and key == ord_1`."""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from shop_dev.kafka.records import Condition, Record

_TERM: Final = re.compile(
    r"""\s*(?P<path>[\w.@-]+)\s*(?:(?P<compare>==|!=|>=|<=|=|>|<|~)\s*(?P<literal>"(?:[^"\\]|\\.)*"|'[^']*'|[^\s"'=<>~]+))?\s*"""
)
_AND: Final = re.compile(r"""\s+and\s+(?=(?:[^"']|"[^"]*"|'[^']*')*$)""")
_COMPARE: Final[Mapping[str, Callable[[object, object], bool]]] = {
    "==": operator.eq,
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,  # type: ignore[dict-item]  # of two of one kind, which is seen to
    ">=": operator.ge,  # type: ignore[dict-item]
    "<": operator.lt,  # type: ignore[dict-item]
    "<=": operator.le,  # type: ignore[dict-item]
}


class NotACondition(ValueError):
    """Text that is no condition; says which part and what it should look like."""


def read_condition(text: str) -> Condition:
    """Return the condition that is written so: terms joined by `and`, each `path`, or `path` compared with a value.

    A path leads through the content by field names; `key`, `offset`, `partition` and `headers.NAME` are the record's own. Through a
    list it leads to each entry. Compared by ==, !=, >, >=, <, <=, or `~`: the text contains. Values are JSON, words, or texts in
    quotes. Raises NotACondition.
    """
    terms = [_term(part) for part in _AND.split(text)]
    return lambda record: all(term(record) for term in terms)


def _term(text: str) -> Condition:
    found = _TERM.fullmatch(text)
    if found is None:
        raise NotACondition(f"{text.strip()!r} is no condition; one looks like completed.purchase.total > 5000")
    path, sign = found["path"].split("."), found["compare"]
    if sign is None:
        return lambda record: any(value is not None for value in _values(record, path))
    wanted = _literal(found["literal"])
    if sign == "~":
        return lambda record: any(str(wanted) in str(value) for value in _values(record, path))
    compare = _COMPARE[sign]
    if sign == "!=":
        return lambda record: all(_alike(value, wanted, compare) for value in _values(record, path))
    return lambda record: any(_alike(value, wanted, compare) for value in _values(record, path))


def _literal(text: str) -> object:
    try:
        value: object = json.loads(text)
    except ValueError:
        return text.strip("'")
    return value


def _values(record: Record, path: list[str]) -> Iterator[object]:
    own: dict[str, object] = {
        "key": record.key,
        "offset": record.offset,
        "partition": record.partition,
        "headers": record.headers,
    }
    first, *rest = path
    if first == "headers":
        yield record.headers.get(".".join(rest))
    elif first in own and not rest:
        yield own[first]
    else:
        yield from _inside(record.content, path)


def _inside(content: object, path: list[str]) -> Iterator[object]:
    if isinstance(content, list):
        for entry in content:
            yield from _inside(entry, path)
    elif not path:
        yield content
    elif isinstance(content, Mapping) and path[0] in content:
        yield from _inside(content[path[0]], path[1:])


def _alike(value: object, wanted: object, compare: Callable[[object, object], bool]) -> bool:
    """Compare two of one kind; Protobuf's JSON writes 64-bit integers as text."""
    if isinstance(wanted, int | float) and not isinstance(wanted, bool) and isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return compare is operator.ne
    try:
        return bool(compare(value, wanted))
    except TypeError:
        return False
