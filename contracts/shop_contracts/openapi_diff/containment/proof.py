"""Proofs that a producer is contained in a consumer. What is returned as proved holds; what is not proved may hold all the same."""

from __future__ import annotations

from dataclasses import replace

from shop_contracts.openapi_diff.changes import Direction
from shop_contracts.openapi_diff.containment.alternatives import Alternative, Demand, Members
from shop_contracts.openapi_diff.containment.budget import Budget
from shop_contracts.openapi_diff.containment.evaluate import Evaluation, compiled_pattern
from shop_contracts.openapi_diff.containment.normal import Normalizer
from shop_contracts.openapi_diff.containment.parts import ANYTHING, Key, Part, both
from shop_contracts.openapi_diff.schemas import identity

_MOST_SPLITS = 64
_DEEPEST_DISJOINT = 6


class Prover:
    """Proves containment for one direction. Schemas that refer to themselves are handled by coinduction: a pair met again holds.

    A `strict` consumer wants to know every property it gets: JSON Schema lets unknown ones through, but they go unread.
    """

    def __init__(self, direction: Direction, budget: Budget, *, strict: bool = False) -> None:
        self._budget = budget
        self._producer = Normalizer(direction, budget, closes=True, implies_objects=not strict, combines=not strict)
        self._consumer = Normalizer(direction, budget, closes=strict)
        self._sure = Evaluation(direction, budget, unknown=False)
        self._assumed: dict[tuple[Key, Key], None] = {}

    def contains(self, producer: Part, consumer: Part) -> bool:
        """Return whether every instance of the producer is proved to be one of the consumer. Raises TooComplex."""
        key = (producer.key, consumer.key)
        if key in self._assumed:
            return True
        self._budget.spend()
        before = len(self._assumed)
        self._assumed[key] = None
        fits = self._consumer.alternatives(consumer)
        proved = all(self._fits_one(one, consumer, fits) for one in self._producer.alternatives(producer))
        if not proved:  # whatever was concluded under this assumption is forgotten with it
            for later in list(self._assumed)[before:]:
                del self._assumed[later]
        return proved

    def _fits_one(self, one: Alternative, whole: Part, consumer: tuple[Alternative, ...], splits: int = 1) -> bool:
        if self._is_empty(one):
            return True
        if one.values is not None:
            listed = {identity(value) for other in consumer if _is_plain_list(other) for value in other.values or ()}
            return all(identity(value) in listed or self._sure.accepts(whole, value) for value in one.values)
        if any(self._fits(one, other) for other in consumer if other.kind == one.kind):
            return True
        return any(
            splits * len(pieces) <= _MOST_SPLITS
            and all(self._fits_one(piece, whole, consumer, splits * len(pieces)) for piece in pieces)
            for pieces in self._split(one)
        )

    def _is_empty(self, one: Alternative) -> bool:
        if one.kind != "object":
            return False
        return any(not self._producer.alternatives(self._producer.property(one, name)) for name in one.required)

    def _split(self, one: Alternative) -> list[list[Alternative]]:
        """Return ways to cut an alternative into pieces: by the values of a property that has few, such as a discriminator."""
        if one.kind != "object":
            return []
        found: list[list[Alternative]] = []
        for name in sorted(one.required):
            inside = self._producer.alternatives(self._producer.property(one, name))
            values = [value for piece in inside for value in piece.values or ()]
            if 1 < len(values) <= 16 and all(piece.values is not None for piece in inside):
                pieces = [Members({name: Part(fixed=(value,))}, {}, None, declares=False) for value in values]
                found.append([replace(one, members=(*one.members, piece)) for piece in pieces])
        return found

    def _fits(self, one: Alternative, other: Alternative) -> bool:
        self._budget.spend()
        if other.values is not None:
            return False
        own = {"number": _numbers_fit, "string": _strings_fit}.get(one.kind)
        if own is not None and not own(one, other):
            return False
        if one.kind == "array" and not self._arrays_fit(one, other):
            return False
        if one.kind == "object" and not self._objects_fit(one, other):
            return False
        told = {(demand.kind, demand.token) for demand in one.demands if demand.kind != "undecidable"}
        return all((demand.kind, demand.token) in told or self._holds(demand, one) for demand in other.demands)

    def _arrays_fit(self, one: Alternative, other: Alternative) -> bool:
        single = one.most is not None and one.most <= 1
        if one.least < other.least or not _at_most(one.most, other.most) or (other.unique and not (one.unique or single)):
            return False
        count = max(one.longest_prefix, other.longest_prefix)
        count = count if one.most is None else min(count, one.most)
        if not all(self.contains(one.element(index), other.element(index)) for index in range(count)):
            return False
        if one.most is not None and one.most <= count:
            return True
        rest = count + max(one.longest_prefix, other.longest_prefix)
        return self.contains(one.element(rest), other.element(rest))

    def _objects_fit(self, one: Alternative, other: Alternative) -> bool:
        producer, consumer = self._producer, self._consumer
        if not other.required <= one.required:
            return False
        names = one.declared | one.required
        least = max(one.least, len(one.required))
        rest = producer.rest(one)
        is_bounded = not producer.alternatives(rest) and not one.all_patterns
        most = min(len(names), one.most if one.most is not None else len(names)) if is_bounded else one.most
        if least < other.least or not _at_most(most, other.most):
            return False
        for name in sorted(names | other.declared):
            inside = producer.property(one, name)
            if producer.alternatives(inside) and not self._property_fits(inside, other, name):
                return False
        if is_bounded:
            return True
        if other.names and not self._names_fit(one, other):
            return False
        return self._undeclared_fit(one, other, consumer, rest)

    def _property_fits(self, inside: Part, other: Alternative, name: str) -> bool:
        if not all(self._sure.accepts(part, name) for part in other.names):
            return False
        return self.contains(inside, self._consumer.property(other, name))

    def _names_fit(self, one: Alternative, other: Alternative) -> bool:
        names = both(list(one.names)) if one.names else Part()
        text = Alternative("string")
        if not one.names:
            return any(
                _strings_fit(text, wanted)
                for wanted in self._consumer.alternatives(both(list(other.names)))
                if wanted.kind == "string"
            )
        return self.contains(names, both(list(other.names)))

    def _undeclared_fit(self, one: Alternative, other: Alternative, consumer: Normalizer, rest: Part) -> bool:
        """Hold every source of names that are not listed against every demand that may meet them."""
        everywhere = {
            pattern: [members.patterns[pattern] for members in other.members if pattern in members.patterns]
            for pattern in other.all_patterns
        }
        default = consumer.rest(other)
        for pattern in one.all_patterns:
            value = both([members.patterns[pattern] for members in one.members if pattern in members.patterns])
            targets = [part for parts in everywhere.values() for part in parts]
            if pattern not in everywhere or len(other.members) > 1:
                targets.append(default)
            if not all(self.contains(value, target) for target in targets):
                return False
        if not self._producer.alternatives(rest):
            return True
        fresh = [part for pattern, parts in everywhere.items() if pattern not in one.all_patterns for part in parts]
        return all(self.contains(rest, target) for target in [default, *fresh])

    def _holds(self, demand: Demand, one: Alternative) -> bool:  # noqa: PLR0911 - a table of cases
        match demand.kind:
            case "not":
                return all(self._is_disjoint(one, other, 0) for other in self._consumer.alternatives(demand.parts[0]))
            case "if":
                _, then, other = demand.parts
                return self._within(one, then) and self._within(one, other)
            case "contains":
                (inside,) = demand.parts
                if one.kind != "array":
                    return True
                every = all(self.contains(one.element(index), inside) for index in range(one.longest_prefix + 1))
                return demand.most is None and (demand.least == 0 or (every and one.least >= demand.least))
            case "dependent":
                if one.kind != "object" or not self._producer.alternatives(self._producer.property(one, demand.name)):
                    return True
                return demand.names <= one.required and self._within(one, demand.parts[0])
            case _:
                return False

    def _within(self, one: Alternative, consumer: Part) -> bool:
        return consumer is ANYTHING or self._fits_one(one, consumer, self._consumer.alternatives(consumer))

    def _is_disjoint(self, one: Alternative, other: Alternative, depth: int) -> bool:
        """Return whether no instance is of both, as far as it can be seen."""
        self._budget.spend()
        if one.kind != other.kind:
            return True
        if one.values is not None and other.values is not None:
            return {identity(value) for value in one.values}.isdisjoint(identity(value) for value in other.values)
        if one.kind == "number":
            return _apart(one, other) or _apart(other, one)
        if (one.most is not None and one.most < other.least) or (other.most is not None and other.most < one.least):
            return True
        if one.kind != "object" or depth > _DEEPEST_DISJOINT:
            return False
        return any(
            self._parts_disjoint(self._producer.property(one, name), self._consumer.property(other, name), depth + 1)
            for name in sorted(one.required | other.required)
        )

    def _parts_disjoint(self, one: Part, other: Part, depth: int) -> bool:
        return all(
            self._is_disjoint(some, twin, depth)
            for some in self._producer.alternatives(one)
            for twin in self._consumer.alternatives(other)
        )


def _is_plain_list(one: Alternative) -> bool:
    """Return whether an alternative is nothing but listed values, so that being listed is enough."""
    plain = Alternative(one.kind, one.values, step=one.step if one.step == 1 else None)
    return one.values is not None and one == plain


def _numbers_fit(one: Alternative, other: Alternative) -> bool:
    if other.low is not None and (
        one.low is None or one.low < other.low or (one.low == other.low and other.low_open > one.low_open)
    ):
        return False
    if other.high is not None and (
        one.high is None or one.high > other.high or (one.high == other.high and other.high_open > one.high_open)
    ):
        return False
    return other.step is None or (one.step is not None and one.step % other.step == 0)


def _strings_fit(one: Alternative, other: Alternative) -> bool:
    if one.least < other.least or not _at_most(one.most, other.most):
        return False
    if any(compiled_pattern(pattern) is None and pattern not in one.patterns for pattern in other.patterns):
        return False
    return other.patterns <= one.patterns and other.formats <= one.formats


def _at_most(one: int | None, other: int | None) -> bool:
    return other is None or (one is not None and one <= other)


def _apart(one: Alternative, other: Alternative) -> bool:
    """Return whether the numbers of the one end below those of the other."""
    if one.high is None or other.low is None:
        return False
    return one.high < other.low or (one.high == other.low and (one.high_open or other.low_open))
