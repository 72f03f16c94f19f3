"""Which branch of a `oneOf` or `anyOf` became which.

What says the same is the same branch, whatever its component is called. Of the rest, the same name makes the next version of
a branch, and else what the two have in common.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass

from shop_contracts.openapi_diff.schemas import Schema, identity

_ALIKE = 0.5
"""How much of two schemas must agree for one to count as the other's next version."""
_MOST_CANDIDATES = 32
"""Branches that are looked at for having one thing in common: where more have it, it tells little."""


def match_branches(
    before: Sequence[Schema], after: Sequence[Schema], is_unchanged: Callable[[Schema, Schema], bool]
) -> tuple[list[tuple[int, Schema, Schema]], list[tuple[int, Schema]], list[tuple[int, Schema]]]:
    """Return the branches that changed (with the new number), those that are gone and those that are new."""
    old, new = (
        {index: _Looks.of(one) for index, one in enumerate(before)},
        {index: _Looks.of(one) for index, one in enumerate(after)},
    )
    known = _Index(new)
    for index, one in list(old.items()):
        candidates = (other for other in known.like(index, one.outlines) if other in new)
        twin = next((other for other in candidates if is_unchanged(one.schema, new[other].schema)), None)
        if twin is not None:
            del old[index], new[twin]
    scores = sorted(
        (-_likeness(one, new[other]), index, other)
        for index, one in old.items()
        for other in known.like(index, one.traits)
        if other in new
    )
    matched: list[tuple[int, Schema, Schema]] = []
    for score, index, number in scores:
        if index in old and number in new and -score >= _ALIKE:
            matched.append((number, old.pop(index).schema, new.pop(number).schema))
    gone, came = ([(index, one.schema) for index, one in rest.items()] for rest in (old, new))
    return sorted(matched, key=lambda found: found[0]), gone, came


@dataclass(frozen=True, slots=True)
class _Looks:
    """What a branch is known by. `called` is its component or title, `values` are those it lists."""

    schema: Schema
    called: str
    types: Hashable
    properties: frozenset[str]
    values: frozenset[str] | None

    @classmethod
    def of(cls, schema: Schema) -> _Looks:
        value = schema.origin.value
        reference = value.get("$ref") if isinstance(value, dict) else None
        called = str(reference).rpartition("/")[2] if reference else str(schema.first("title") or "")
        values = None if schema.enum is None else frozenset(map(repr, schema.enum))
        return cls(schema, called, schema.types, frozenset(schema.named("properties")), values)

    @property
    def outlines(self) -> tuple[Hashable, ...]:
        """What all branches share that say the same: the text, or else types and properties."""
        return (("text", identity(self.schema.origin.value)), ("outline", self.types, self.properties))

    @property
    def traits(self) -> tuple[Hashable, ...]:
        """What a branch shares at least one of with its next version."""
        named = (("name", self.called),) if self.called else ()
        parts = [("property", one) for one in self.properties] or [("value", one) for one in self.values or ()]
        return (*named, *self.outlines, *parts)


class _Index:
    """The new branches by all that they are known by."""

    def __init__(self, branches: dict[int, _Looks]) -> None:
        self._branches = branches
        self._found: dict[Hashable, list[int]] = {}
        for index, one in branches.items():
            for trait in one.traits:
                self._found.setdefault(trait, []).append(index)

    def like(self, index: int, traits: Sequence[Hashable]) -> Iterator[int]:
        """Yield the branches that have a trait in common, each once: first the one at the same place."""
        told = {index} & self._branches.keys()
        yield from told
        for trait in traits:
            for other in self._found.get(trait, ())[:_MOST_CANDIDATES]:
                if other not in told:
                    told.add(other)
                    yield other


def _likeness(one: _Looks, other: _Looks) -> float:
    """Return how alike two schemas are, from 0 to 1. The same component or title counts for more than anything that is in it."""
    if one.called and one.called == other.called:
        return 1.0
    if one.types != other.types:
        return 0.0
    if one.properties or other.properties:
        return _share(one.properties, other.properties)
    return _ALIKE if one.values is None and other.values is None else _share(one.values or frozenset(), other.values or frozenset())


def _share(some: frozenset[str], others: frozenset[str]) -> float:
    return len(some & others) / len(some | others) if some | others else 1.0
