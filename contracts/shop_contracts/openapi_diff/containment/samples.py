"""Instances of a producer, chosen where a consumer is likely to refuse: at its bounds, without what is optional, with all of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import islice
from typing import Any

from shop_contracts.openapi_diff.changes import Direction
from shop_contracts.openapi_diff.containment.alternatives import Alternative
from shop_contracts.openapi_diff.containment.budget import Budget
from shop_contracts.openapi_diff.containment.evaluate import Evaluation
from shop_contracts.openapi_diff.containment.formats import SAMPLES
from shop_contracts.openapi_diff.containment.normal import Normalizer
from shop_contracts.openapi_diff.containment.parts import NEVER, Part
from shop_contracts.openapi_diff.schemas import same

_MOST = 120
_MOST_INSIDE = 12
_DEEPEST = 6
_LONGEST = 300
_TEXTS = ("", "a", "A", "1", "a b", "abcdefgh")


class Samples:
    """Makes instances of producers, with the bounds of a consumer in mind."""

    def __init__(self, direction: Direction, budget: Budget) -> None:
        self._producer = Normalizer(direction, budget, closes=True, implies_objects=True, combines=True)
        self._consumer = Normalizer(direction, budget, closes=False)
        self._sure = Evaluation(direction, budget, unknown=False)

    def of(self, producer: Part, consumer: Part, depth: int = 0) -> list[Any]:
        """Return instances that the producer is sure to send, those that differ most first."""
        if depth > _DEEPEST:
            return []
        hints = self._consumer.alternatives(consumer)
        made = (
            value
            for one in self._producer.alternatives(producer)
            for value in self._alternative(one, [other for other in hints if other.kind == one.kind], depth)
        )
        found: list[Any] = []
        for value in islice(made, _MOST * 4):
            if self._sure.accepts(producer, value) and not any(same(value, known) for known in found):
                found.append(value)
                if len(found) >= (_MOST if depth == 0 else _MOST_INSIDE):
                    break
        return found

    def _alternative(self, one: Alternative, hints: list[Alternative], depth: int) -> Iterable[Any]:
        if one.values is not None:
            return one.values
        match one.kind:
            case "number":
                return _numbers(one, hints)
            case "string":
                return _strings(one, hints)
            case "array":
                return self._arrays(one, hints, depth)
            case _:
                return self._objects(one, hints, depth)

    def _arrays(self, one: Alternative, hints: list[Alternative], depth: int) -> Iterator[Any]:
        def element(index: int) -> list[Any]:
            wanted = hints[0].element(index) if hints else Part()
            return self.of(one.element(index), wanted, depth + 1)

        lengths = {one.least, *(max(0, number) for number in _around(one, hints) if number <= 20)}
        for length in sorted(lengths)[:8]:
            choices = [element(index) for index in range(min(length, one.longest_prefix + 1))]
            if not all(choices):
                continue
            first = [choices[min(index, len(choices) - 1)][0] for index in range(length)]
            yield first
            for index in range(min(length, len(choices))):
                for other in choices[index][1:]:
                    yield [*first[:index], other, *first[index + 1 :]]
            if choices:
                varied = choices[-1]
                yield [varied[index % len(varied)] for index in range(length)]

    def _objects(self, one: Alternative, hints: list[Alternative], depth: int) -> Iterator[Any]:
        choices: dict[str, list[Any]] = {}
        if one.required - one.declared and not one.all_patterns and all(members.rest is None for members in one.members):
            return  # what is required and nowhere declared may hold anything, or be a slip: no instance is sure to be sent
        for name in sorted(one.declared | one.required):
            inside = self._producer.property(one, name)
            wanted = [self._consumer.property(hint, name) for hint in hints]
            found = [] if inside is NEVER else self.of(inside, next((part for part in wanted if part.nodes), Part()), depth + 1)
            if found:
                choices[name] = found
            elif name in one.required:
                return
        least = {name: choices[name][0] for name in choices if name in one.required}
        yield dict(least)
        yield {name: values[0] for name, values in choices.items()}
        for name, values in choices.items():
            for value in values:
                yield {**least, name: value}
        for name in choices:
            if name not in one.required:
                yield {other: values[0] for other, values in choices.items() if other != name}
        yield from self._with_undeclared(one, hints, least, depth)

    def _with_undeclared(self, one: Alternative, hints: list[Alternative], least: dict[str, Any], depth: int) -> Iterator[Any]:
        rest = self._producer.rest(one)
        if rest is NEVER:
            return
        names = sorted({name for hint in hints for name in hint.declared | hint.required} - one.declared - one.required)
        for name in [*names[:6], "other", "Some Name"]:
            wanted = next((self._consumer.property(hint, name) for hint in hints), Part())
            for value in self.of(self._producer.property(one, name), wanted, depth + 1)[:6]:
                yield {**least, name: value}
        for count in sorted({number for number in _around(one, hints) if 0 < number <= 20}):
            values = self.of(rest, Part(), depth + 1)
            if values:
                yield {**least, **{f"other{index}": values[0] for index in range(max(0, count - len(least)))}}


def _around(one: Alternative, hints: list[Alternative]) -> Iterator[int]:
    for other in (one, *hints):
        for number in (other.least, other.most):
            if number is not None:
                yield from (number - 1, number, number + 1)


def _numbers(one: Alternative, hints: list[Alternative]) -> Iterator[Any]:
    wanted = [Fraction(0), Fraction(1), Fraction(-1), Fraction(1, 2)]
    step = one.step or Fraction(1)
    for other in (one, *hints):
        for bound in (other.low, other.high):
            if bound is not None:
                wanted += [bound, bound + step, bound - step, bound + Fraction(1, 2)]
        wanted += [Fraction(value) for value in other.values or () if isinstance(value, int)]
        if other.step is not None:
            wanted += [other.step, other.step * 3, other.step / 2]
    for number in wanted:
        aligned = number if one.step is None else (number // one.step) * one.step
        for found in (aligned, aligned + step):
            yield int(found) if found.denominator == 1 else float(found)


def _strings(one: Alternative, hints: list[Alternative]) -> Iterator[str]:
    for form in one.formats:
        if form in SAMPLES:
            yield SAMPLES[form]
    for other in hints:
        yield from (value for value in other.values or () if isinstance(value, str))
    yield from _TEXTS
    for length in sorted({number for number in _around(one, hints) if 0 <= number <= _LONGEST}):
        yield "a" * length
    for other in hints:
        yield from (SAMPLES[form] for form in sorted(other.formats) if form in SAMPLES)
    yield from SAMPLES.values()
