"""How combined schemas differ: `allOf`, `anyOf`, `oneOf`, and lists of types.

Branches have no names, so each is paired with one that it fits, as many as can be.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shop_contracts.compat.json_schema.difference import Comparison, Difference, below, differ
from shop_contracts.compat.json_schema.matching import largest_matching
from shop_contracts.compat.json_schema.nodes import CombinedNode, Criterion, Node, NotNode, written


def combined(comparison: Comparison, writer: CombinedNode, reader: CombinedNode) -> Iterator[Difference]:
    """Yield the differences of two combined schemas."""
    if writer.criterion is not reader.criterion:
        if not _asks_for_less(writer, reader):
            yield differ("COMBINED_TYPE_CHANGED", written=writer, read=reader)
            return
        yield differ("COMBINED_TYPE_EXTENDED", written=writer, read=reader)
    before, after = writer.distinct, reader.distinct
    if len(before) < len(after):
        kind = "PRODUCT_TYPE_EXTENDED" if reader.criterion is Criterion.ALL else "SUM_TYPE_EXTENDED"
        yield differ(kind, written=writer, read=reader)
    elif len(before) > len(after):
        kind = "PRODUCT_TYPE_NARROWED" if writer.criterion is Criterion.ALL else "SUM_TYPE_NARROWED"
        yield differ(kind, written=writer, read=reader)
    yield from _paired(comparison, writer, reader, before, after)


def _paired(
    comparison: Comparison, writer: CombinedNode, reader: CombinedNode, before: Sequence[Node], after: Sequence[Node]
) -> Iterator[Difference]:
    texts = [written(one) for one in after]

    def candidates(left: int) -> list[int]:
        """Return the branches to try, first those that say the same."""
        text = written(before[left])
        return sorted(range(len(after)), key=lambda right: texts[right] != text)

    def fits(left: int, right: int) -> bool:
        return comparison.is_compatible(comparison.pair(before[left], after[right]))

    matching = largest_matching(len(before), candidates, fits)
    for right, left in matching.items():
        yield from below((str(writer.criterion), str(left)), comparison.pair(before[left], after[right]))
    if len(matching) < min(len(before), len(after)):
        yield differ("COMBINED_TYPE_SUBSCHEMAS_CHANGED", written=writer, read=reader)


def _asks_for_less(writer: CombinedNode, reader: CombinedNode) -> bool:
    was_one, is_one = len(writer.branches) == 1, len(reader.branches) == 1
    return (
        reader.criterion is Criterion.ANY
        or (was_one and is_one)
        or (was_one and reader.criterion is Criterion.ONE)
        or (is_one and writer.criterion is Criterion.ALL)
    )


def against_single(comparison: Comparison, writer: Node, reader: Node) -> list[Difference] | None:
    """Return the differences where one side alone is combined and a branch of it fits the other; None where none fits."""
    if isinstance(reader, CombinedNode) and not isinstance(writer, CombinedNode):
        pairs = [(writer, branch) for branch in reader.branches]
        is_choice, told = reader.criterion is not Criterion.ALL, "SUM_TYPE_EXTENDED"
    elif isinstance(writer, CombinedNode) and not isinstance(reader, CombinedNode):
        pairs = [(branch, reader) for branch in writer.branches]
        is_choice, told = writer.criterion is Criterion.ALL, "PRODUCT_TYPE_NARROWED"
    else:
        return None
    if len(pairs) != 1 and not is_choice:
        return None
    for one, other in pairs:
        inside = list(comparison.pair(one, other))
        if comparison.is_compatible(inside):
            return inside if len(pairs) == 1 else [*inside, differ(told, written=writer, read=reader)]
    return None


def negated(comparison: Comparison, writer: NotNode, reader: NotNode) -> Iterator[Difference]:
    """Yield the difference of two exclusions: the reader may exclude no more than the writer."""
    inside = comparison.pair(reader.inside, writer.inside)
    if not inside:
        return
    kind = "NOT_TYPE_NARROWED" if comparison.is_compatible(inside) else "NOT_TYPE_EXTENDED"
    yield differ(kind, "not", written=writer.inside, read=reader.inside)
