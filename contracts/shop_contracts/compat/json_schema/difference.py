"""One difference between two schemas, and how differences inside a schema become differences of the whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from shop_contracts.compat.json_schema.nodes import Node
from shop_contracts.compat.json_schema.rules import LOWER_LIMITS, RULES, UPPER_LIMITS, Rule

NOTHING = object()
"""Stands for what is not there: null is a value."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference at a path below the pair that is compared. `written` and `read` are what writer and reader have there."""

    rule: Rule
    path: tuple[str, ...] = ()
    written: Any = NOTHING
    read: Any = NOTHING


class Comparison(Protocol):
    """The comparison that a part of it belongs to."""

    def pair(self, writer: Node | None, reader: Node | None) -> Sequence[Difference]:
        """Return the differences of two schemas, their paths from the pair on. None stands for no schema."""

    def is_compatible(self, differences: Iterable[Difference]) -> bool:
        """Return whether all of the differences are let pass."""


def differ(rule: str, *path: str, written: Any = NOTHING, read: Any = NOTHING) -> Difference:
    """Return a difference of a rule; nodes are told by what stands in the document for them."""
    return Difference(RULES[rule], path, _source(written), _source(read))


def below(path: Sequence[str], differences: Iterable[Difference]) -> Iterator[Difference]:
    """Yield differences with what leads to them before their paths."""
    for one in differences:
        yield Difference(one.rule, (*path, *one.path), one.written, one.read)


def limits(written: Mapping[str, Any], read: Mapping[str, Any]) -> Iterator[Difference]:
    """Yield how the limits of one kind of value differ."""
    for word, stem in {**UPPER_LIMITS, **LOWER_LIMITS}.items():
        before, after = written.get(word), read.get(word)
        if before == after:
            continue
        if before is None:
            yield differ(f"{stem}_ADDED", word, read=after)
        elif after is None:
            yield differ(f"{stem}_REMOVED", word, written=before)
        else:
            yield differ(f"{stem}_{'INCREASED' if before < after else 'DECREASED'}", word, written=before, read=after)


def _source(value: Any) -> Any:
    return value.source if isinstance(value, Node) else value
