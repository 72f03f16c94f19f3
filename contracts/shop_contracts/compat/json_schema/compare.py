"""What differs between a writer's schema and a reader's, as Confluent's registry tells it.

A pair of schemas is compared once. A pair met again inside itself is taken for compatible at first. When it turns out not to be,
the comparison is done anew with that known, until nothing new turns up: what is compatible is the largest set of pairs that bear
each other out.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence

from shop_contracts.compat.json_schema.arrays import arrays
from shop_contracts.compat.json_schema.combined import against_single, combined, negated
from shop_contracts.compat.json_schema.difference import Difference, differ
from shop_contracts.compat.json_schema.nodes import (
    AnyNode,
    ArrayNode,
    CombinedNode,
    ConstNode,
    EnumNode,
    NeverNode,
    Node,
    NotNode,
    NumberNode,
    ObjectNode,
    StringNode,
)
from shop_contracts.compat.json_schema.objects import objects
from shop_contracts.compat.json_schema.rules import Policy
from shop_contracts.compat.json_schema.scalars import consts, enums, numbers, strings
from shop_contracts.compat.json_schema.values import identity

_Pair = tuple[int, int]
MOST_PAIRS = 60_000
"""Pairs of schemas that one comparison looks into. A pair takes about ten microseconds."""
_DEEPEST = 15_000
"""Frames of the interpreter that a comparison may take: kinds that refer to each other are one in another some thousand deep."""
_MOST_TOLD = 200
"""Differences that are kept of a pair, the breaking ones first: what is referred to from many places is told at each."""


class TooComplex(Exception):
    """The schemas have too many parts that may be paired with each other."""


def compare(writer: Node, reader: Node, policy: Policy = Policy.STRICT) -> list[Difference]:
    """Return every difference, also those that are let pass. Raises RecursionError or TooComplex for too much."""
    sys.setrecursionlimit(max(sys.getrecursionlimit(), _DEEPEST))
    refused: dict[_Pair, Sequence[Difference]] = {}
    while True:
        run = _Comparison(policy, refused)
        found = list(run.pair(writer, reader))
        now = run.refused()
        if not run.has_assumed or now.keys() == refused.keys():
            return found
        refused = now


class _Comparison:
    """One pass. `refused` are the pairs that an earlier pass found not to be compatible."""

    def __init__(self, policy: Policy, refused: Mapping[_Pair, Sequence[Difference]]) -> None:
        self._policy = policy
        self._refused = refused
        self._done: dict[_Pair, Sequence[Difference]] = {}
        self._open: set[_Pair] = set()
        self._asked = 0
        self.has_assumed = False

    def refused(self) -> dict[_Pair, Sequence[Difference]]:
        return {pair: found for pair, found in self._done.items() if not self.is_compatible(found)}

    def is_compatible(self, differences: Iterable[Difference]) -> bool:
        return not any(one.rule.breaks(self._policy) for one in differences)

    def pair(self, writer: Node | None, reader: Node | None) -> Sequence[Difference]:
        if writer is None or reader is None:
            if writer is reader:
                return []
            return [differ("SCHEMA_ADDED", read=reader) if writer is None else differ("SCHEMA_REMOVED", written=writer)]
        self._asked += 1
        if self._asked > MOST_PAIRS:
            raise TooComplex
        writer, reader = writer.resolved(), reader.resolved()
        key = (id(writer), id(reader))
        if key in self._done:
            return self._done[key]
        if key in self._open:
            self.has_assumed = self.has_assumed or key not in self._refused
            return self._refused.get(key, [])[:1]
        self._open.add(key)
        found = self._done[key] = sorted(self._compared(writer, reader), key=self._is_let_pass)[:_MOST_TOLD]
        self._open.remove(key)
        return found

    def _is_let_pass(self, one: Difference) -> bool:
        return not one.rule.breaks(self._policy)

    def _compared(self, writer: Node, reader: Node) -> Iterable[Difference]:
        by_branch = against_single(self, writer, reader)
        if by_branch is not None:
            return by_branch
        if type(writer) is not type(reader):
            is_covered = isinstance(writer, NeverNode) or isinstance(reader, AnyNode)
            if is_covered or (writer.connect_type == reader.connect_type == "bytes"):
                return []
            return [differ("TYPE_CHANGED", written=writer, read=reader)]
        return [*_annotations(writer, reader), *self._same_kind(writer, reader)]

    def _same_kind(self, writer: Node, reader: Node) -> Iterator[Difference]:
        match (writer, reader):
            case (StringNode(), StringNode()):
                yield from strings(writer, reader)
            case (NumberNode(), NumberNode()):
                yield from numbers(writer, reader)
            case (ConstNode(), ConstNode()):
                yield from consts(writer, reader)
            case (EnumNode(), EnumNode()):
                yield from enums(writer, reader)
            case (CombinedNode(), CombinedNode()):
                yield from combined(self, writer, reader)
            case (NotNode(), NotNode()):
                yield from negated(self, writer, reader)
            case (ObjectNode(), ObjectNode()):
                yield from objects(self, writer, reader)
            case (ArrayNode(), ArrayNode()):
                yield from arrays(self, writer, reader)


def _annotations(writer: Node, reader: Node) -> Iterator[Difference]:
    for word in sorted(writer.annotations.keys() | reader.annotations.keys()):
        before, after = writer.annotations.get(word), reader.annotations.get(word)
        if identity(before) != identity(after):
            yield differ(f"{word.removeprefix('$').upper()}_CHANGED", written=before, read=after)
