"""DynamoDB's condition, key condition and update expressions, compiled to functions over plain values.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html; of the grammar what a shop uses: what is not
known is an error, never ignored.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from typing import Any

Plain = dict[str, Any]
Names = Mapping[str, str]
Values = Mapping[str, Any]
Operand = Callable[[Plain, Names, Values], Any]
Condition = Callable[[Plain, Names, Values], bool]

MISSING: Any = object()
_TOKEN = re.compile(r"\s*(<>|<=|>=|[=<>(),+\-]|[#:]?[A-Za-z_][A-Za-z0-9_.\-\[\]#]*)")
_WORDS = {"AND", "OR", "NOT", "BETWEEN", "IN", "SET", "ADD", "REMOVE", "DELETE"}


class NotUnderstood(Exception):
    """An expression outside of what this model knows."""


class _Tokens:
    def __init__(self, text: str) -> None:
        self.text = text
        self.found: list[str] = []
        position, text = 0, text.strip()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise NotUnderstood(f"{text!r} at {position}")
            self.found.append(match[1])
            position = match.end()
        self.place = 0

    def peek(self) -> str:
        return self.found[self.place] if self.place < len(self.found) else ""

    def word(self) -> str:
        token = self.peek()
        return token.upper() if token.upper() in _WORDS else ""

    def take(self, wanted: str | None = None) -> str:
        token = self.peek()
        if not token or (wanted is not None and token.upper() != wanted):
            raise NotUnderstood(f"{self.text!r}: {wanted or 'more'} expected, not {token!r}")
        self.place += 1
        return token


@functools.lru_cache(maxsize=512)
def condition(text: str) -> Condition:
    """Return the function of a condition or key condition."""
    tokens = _Tokens(text)
    found = _either(tokens)
    if tokens.peek():
        raise NotUnderstood(f"{text!r}: {tokens.peek()!r} is left over")
    return found


def _either(tokens: _Tokens) -> Condition:
    parts = [_both(tokens)]
    while tokens.word() == "OR":
        tokens.take()
        parts.append(_both(tokens))
    return parts[0] if len(parts) == 1 else lambda item, names, values: any(part(item, names, values) for part in parts)


def _both(tokens: _Tokens) -> Condition:
    parts = [_not(tokens)]
    while tokens.word() == "AND":
        tokens.take()
        parts.append(_not(tokens))
    return parts[0] if len(parts) == 1 else lambda item, names, values: all(part(item, names, values) for part in parts)


def _not(tokens: _Tokens) -> Condition:
    if tokens.word() == "NOT":
        tokens.take()
        inner = _not(tokens)
        return lambda item, names, values: not inner(item, names, values)
    if tokens.peek() == "(":
        tokens.take()
        inner = _either(tokens)
        tokens.take(")")
        return inner
    return _comparison(tokens)


def _comparison(tokens: _Tokens) -> Condition:
    following = tokens.found[tokens.place + 1] if tokens.place + 1 < len(tokens.found) else ""
    if following == "(" and tokens.peek() in _FUNCTIONS:
        name = tokens.take()
        tokens.take("(")
        arguments = [_operand(tokens)]
        while tokens.peek() == ",":
            tokens.take()
            arguments.append(_operand(tokens))
        tokens.take(")")
        test = _FUNCTIONS[name]
        return lambda item, names, values: test(*(argument(item, names, values) for argument in arguments))
    left = _operand(tokens)
    if tokens.word() == "BETWEEN":
        tokens.take()
        low = _operand(tokens)
        tokens.take("AND")
        high = _operand(tokens)
        return lambda item, names, values: _ordered(low(item, names, values), left(item, names, values), high(item, names, values))
    if tokens.word() == "IN":
        tokens.take()
        tokens.take("(")
        choices = [_operand(tokens)]
        while tokens.peek() == ",":
            tokens.take()
            choices.append(_operand(tokens))
        tokens.take(")")
        return lambda item, names, values: left(item, names, values) in [choice(item, names, values) for choice in choices]
    operator = _OPERATORS[tokens.take()]
    right = _operand(tokens)
    return lambda item, names, values: operator(left(item, names, values), right(item, names, values))


def _ordered(low: Any, value: Any, high: Any) -> bool:
    return value is not MISSING and type(low) is type(value) is type(high) and low <= value <= high


def _comparable(one: Any, other: Any) -> bool:
    if one is MISSING or other is MISSING or isinstance(one, bool) or isinstance(other, bool):
        return False
    return isinstance(one, str) == isinstance(other, str) and isinstance(one, bytes) == isinstance(other, bytes)


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda one, other: (
        one is not MISSING and other is not MISSING and one == other and isinstance(one, bool) == isinstance(other, bool)
    ),
    "<>": lambda one, other: one is MISSING or other is MISSING or one != other,
    "<": lambda one, other: _comparable(one, other) and one < other,
    "<=": lambda one, other: _comparable(one, other) and one <= other,
    ">": lambda one, other: _comparable(one, other) and one > other,
    ">=": lambda one, other: _comparable(one, other) and one >= other,
}


def _contains(where: Any, what: Any) -> bool:
    return where is not MISSING and what in where


def _begins_with(text: Any, start: Any) -> bool:
    return isinstance(text, str) and text.startswith(start)


_FUNCTIONS: dict[str, Callable[..., bool]] = {
    "attribute_exists": lambda value: value is not MISSING,
    "attribute_not_exists": lambda value: value is MISSING,
    "contains": _contains,
    "begins_with": _begins_with,
}


def _operand(tokens: _Tokens) -> Operand:
    token = tokens.take()
    if token == "size" and tokens.peek() == "(":
        tokens.take("(")
        inner = _operand(tokens)
        tokens.take(")")
        return lambda item, names, values: MISSING if (found := inner(item, names, values)) is MISSING else len(found)
    if token == "if_not_exists":
        tokens.take("(")
        first = _operand(tokens)
        tokens.take(",")
        second = _sum(tokens)
        tokens.take(")")
        return lambda item, names, values: (
            second(item, names, values) if (found := first(item, names, values)) is MISSING else found
        )
    if token == "list_append":
        tokens.take("(")
        first = _operand(tokens)
        tokens.take(",")
        second = _operand(tokens)
        tokens.take(")")
        return lambda item, names, values: [*first(item, names, values), *second(item, names, values)]
    if token.startswith(":"):
        return lambda _item, _names, values: values[token]
    path = token.split(".")
    if "[" in token:
        raise NotUnderstood(f"a path into a list: {token}")
    return lambda item, names, _values: _walk(item, [names[part] if part.startswith("#") else part for part in path])


def _walk(item: Any, path: list[str]) -> Any:
    for step in path:
        if not isinstance(item, dict) or step not in item:
            return MISSING
        item = item[step]
    return item


def _sum(tokens: _Tokens) -> Operand:
    found = _operand(tokens)
    while tokens.peek() in {"+", "-"}:
        sign = tokens.take()
        found = _added(found, _operand(tokens), 1 if sign == "+" else -1)
    return found


def _added(left: Operand, right: Operand, sign: int) -> Operand:
    def add(item: Plain, names: Names, values: Values) -> Any:
        one, other = left(item, names, values), right(item, names, values)
        if one is MISSING or other is MISSING:
            raise InvalidUpdate("an operand in the update expression does not exist")
        return one + sign * other

    return add


class InvalidUpdate(Exception):
    """DynamoDB refuses the update with a ValidationException."""


Action = tuple[str, tuple[str, ...], Operand | None]


@functools.lru_cache(maxsize=512)
def update(text: str) -> tuple[Action, ...]:
    """Return what an update expression does: (SET, ADD, REMOVE or DELETE, path, operand)."""
    tokens = _Tokens(text)
    found: list[Action] = []
    while tokens.peek():
        clause = tokens.take().upper()
        while True:
            path = tuple(tokens.take().split("."))
            operand: Operand | None = None
            if clause == "SET":
                tokens.take("=")
                operand = _sum(tokens)
            elif clause in {"ADD", "DELETE"}:
                operand = _operand(tokens)
            elif clause != "REMOVE":
                raise NotUnderstood(text)
            found.append((clause, path, operand))
            if tokens.peek() != ",":
                break
            tokens.take()
    return tuple(found)


def apply(actions: tuple[Action, ...], item: Plain, names: Names, values: Values) -> Plain:
    """Return the item after an update. All operands see the item as it was before."""
    after = dict(item)
    for clause, path, operand in actions:
        *outer, last = [names[part] if part.startswith("#") else part for part in path]
        where = after
        for step in outer:
            if step not in where:
                raise InvalidUpdate(f"the document path {path} is not valid for an update")
            where[step] = dict(where[step])
            where = where[step]
        value = operand(item, names, values) if operand else None
        if clause == "SET":
            if value is MISSING:
                raise InvalidUpdate("an operand in the update expression does not exist")
            where[last] = value
        elif clause == "REMOVE":
            where.pop(last, None)
        elif clause == "ADD":
            where[last] = (where.get(last, 0) + value) if not isinstance(value, frozenset) else where.get(last, frozenset()) | value
        else:
            left = where.get(last, frozenset()) - value
            if left:
                where[last] = left
            else:
                where.pop(last, None)
    return after
