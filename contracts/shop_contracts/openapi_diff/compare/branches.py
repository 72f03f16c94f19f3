"""Which branch of a `oneOf` or `anyOf` became which: by what they say, never by what their components are called."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from shop_contracts.openapi_diff.schemas import Schema

_ALIKE = 0.5
"""How much of two schemas must agree for one to count as the other's next version."""


def match_branches(
    before: Sequence[Schema], after: Sequence[Schema], is_unchanged: Callable[[Schema, Schema], bool]
) -> tuple[list[tuple[int, Schema, Schema]], list[tuple[int, Schema]], list[tuple[int, Schema]]]:
    """Return the branches that changed (with the new number), those that are gone and those that are new."""
    old, new = dict(enumerate(before)), dict(enumerate(after))
    for index, one in list(old.items()):
        order = sorted(new, key=lambda other: other != index)
        twin = next((other for other in order if is_unchanged(one, new[other])), None)
        if twin is not None:
            del old[index], new[twin]
    matched: list[tuple[int, Schema, Schema]] = []
    scores = sorted(
        ((_likeness(one, other), index, number) for index, one in old.items() for number, other in new.items()),
        key=lambda found: (-found[0], found[1], found[2]),
    )
    for score, index, number in scores:
        if index in old and number in new and score >= _ALIKE:
            matched.append((number, old.pop(index), new.pop(number)))
    return sorted(matched, key=lambda found: found[0]), list(old.items()), list(new.items())


def _likeness(one: Schema, other: Schema) -> float:
    """Return how alike two schemas are, from 0 to 1."""
    titles = one.first("title"), other.first("title")
    if titles[0] and titles[0] == titles[1]:
        return 1.0
    if one.types != other.types:
        return 0.0
    names, others = one.named("properties").keys(), other.named("properties").keys()
    if not names and not others:
        return 0.6 if one.enum is None and other.enum is None else _share(_values(one), _values(other))
    return _share(names, others)


def _share(some: set[str] | frozenset[str] | object, others: object) -> float:
    first, second = set(some), set(others)  # type: ignore[call-overload]  # keys and sets alike
    return len(first & second) / len(first | second) if first | second else 1.0


def _values(schema: Schema) -> set[str]:
    return {repr(value) for value in schema.enum or ()}
