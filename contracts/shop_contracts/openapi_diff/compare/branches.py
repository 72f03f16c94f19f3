"""Which branch of a `oneOf` or `anyOf` became which.

What says the same is the same branch, whatever its component is called. Of the rest, the same name makes the next version of
a branch, and else what the two have in common.
"""

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
    """Return how alike two schemas are, from 0 to 1. The same component or title counts for more than anything that is in it."""
    names = _called(one), _called(other)
    if names[0] and names[0] == names[1]:
        return 1.0
    if one.types != other.types:
        return 0.0
    some, others = set(one.named("properties")), set(other.named("properties"))
    if not some and not others:
        return _ALIKE if one.enum is None and other.enum is None else _share(_values(one), _values(other))
    return _share(some, others)


def _called(schema: Schema) -> str:
    value = schema.origin.value
    reference = value.get("$ref") if isinstance(value, dict) else None
    return str(reference).rpartition("/")[2] if reference else str(schema.first("title") or "")


def _share(some: set[str], others: set[str]) -> float:
    return len(some & others) / len(some | others) if some | others else 1.0


def _values(schema: Schema) -> set[str]:
    return {repr(value) for value in schema.enum or ()}
