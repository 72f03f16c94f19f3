"""What a schema is a union of, and what two such unions have in common."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any

from shop_contracts.openapi_diff.containment.budget import TooComplex
from shop_contracts.openapi_diff.containment.parts import Part, both, kind_of
from shop_contracts.openapi_diff.schemas import identity

KINDS = ("null", "boolean", "number", "string", "array", "object")
MOST_ALTERNATIVES = 400


@dataclass(frozen=True, slots=True)
class Demand:
    """Something an instance must satisfy besides. Two of the same `token` demand the same.

    `not`: none of `parts`. `if`: `parts` are test, then and else. `contains`: `least` to `most` elements are of the part.
    `dependent`: where the property `name` is there, the part holds and the properties in `names` are there.
    `undecidable`: nothing can be shown of it.
    """

    kind: str
    token: str
    parts: tuple[Part, ...] = ()
    name: str = ""
    names: frozenset[str] = frozenset()
    least: int = 0
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Members:
    """What one schema object says of the properties of an object. `rest` is None where it says nothing of undeclared ones."""

    properties: Mapping[str, Part]
    patterns: Mapping[str, Part]
    rest: Part | None
    declares: bool
    """Whether it lists properties at all."""


@dataclass(frozen=True, slots=True)
class Elements:
    """What one schema object says of the elements of an array: of the first ones in turn, and of the rest."""

    prefix: tuple[Part, ...]
    rest: Part


@dataclass(frozen=True, slots=True)
class Alternative:
    """Instances of one type. `values` are all there are, where they are listed. Bounds of other types say nothing."""

    kind: str
    values: tuple[Any, ...] | None = None
    low: Fraction | None = None
    low_open: bool = False
    high: Fraction | None = None
    high_open: bool = False
    step: Fraction | None = None
    least: int = 0
    most: int | None = None
    patterns: frozenset[str] = frozenset()
    formats: frozenset[str] = frozenset()
    unique: bool = False
    elements: tuple[Elements, ...] = ()
    members: tuple[Members, ...] = ()
    required: frozenset[str] = frozenset()
    names: tuple[Part, ...] = ()
    demands: frozenset[Demand] = frozenset()

    def element(self, index: int) -> Part:
        """Return what is demanded of the element at an index."""
        return both([one.prefix[index] if index < len(one.prefix) else one.rest for one in self.elements])

    @property
    def longest_prefix(self) -> int:
        """How many elements have a schema of their own, at most."""
        return max((len(one.prefix) for one in self.elements), default=0)

    @property
    def declared(self) -> frozenset[str]:
        """The names of properties that are listed."""
        return frozenset(name for one in self.members for name in one.properties)

    @property
    def all_patterns(self) -> frozenset[str]:
        """The patterns that names of properties are matched with."""
        return frozenset(pattern for one in self.members for pattern in one.patterns)


def all_kinds() -> list[Alternative]:
    """Return the union of everything."""
    return [Alternative(kind, values={"null": (None,), "boolean": (False, True)}.get(kind)) for kind in KINDS]


def values(values: Iterable[Any]) -> list[Alternative]:
    """Return the union of listed values."""
    listed: dict[str, dict[Hashable, Any]] = {}
    for value in values:
        listed.setdefault(kind_of(value), {}).setdefault(identity(value), value)
    return [Alternative(kind, values=tuple(told.values())) for kind, told in listed.items()]


def meet(some: Iterable[Alternative], others: Iterable[Alternative]) -> list[Alternative]:
    """Return what two unions have in common. Raises TooComplex."""
    others = list(others)
    found = [met for one in some for other in others if one.kind == other.kind and (met := _both(one, other)) is not None]
    if len(found) > MOST_ALTERNATIVES:
        raise TooComplex
    return found


def _both(one: Alternative, other: Alternative) -> Alternative | None:
    values = one.values if other.values is None else other.values
    if one.values is not None and other.values is not None:
        twins = {identity(value) for value in other.values}
        values = tuple(value for value in one.values if identity(value) in twins)
    step = common_step(one.step, other.step)
    if values is not None and one.kind == "number" and step is not None:
        values = tuple(value for value in values if Fraction(str(value)) % step == 0)
    if values is not None and not values:
        return None
    low, low_open = _stricter((one.low, one.low_open), (other.low, other.low_open), 1)
    high, high_open = _stricter((one.high, one.high_open), (other.high, other.high_open), -1)
    if low is not None and high is not None and (low > high or (low == high and (low_open or high_open))):
        return None
    least = max(one.least, other.least)
    most = min((number for number in (one.most, other.most) if number is not None), default=None)
    if most is not None and least > most:
        return None
    return Alternative(
        one.kind,
        values,
        low,
        low_open,
        high,
        high_open,
        step,
        least,
        most,
        one.patterns | other.patterns,
        one.formats | other.formats,
        one.unique or other.unique,
        (*one.elements, *other.elements),
        (*one.members, *other.members),
        one.required | other.required,
        (*one.names, *other.names),
        one.demands | other.demands,
    )


def _stricter(one: tuple[Fraction | None, bool], other: tuple[Fraction | None, bool], sign: int) -> tuple[Fraction | None, bool]:
    if one[0] is None:
        return other
    if other[0] is None:
        return one
    if one[0] == other[0]:
        return one[0], one[1] or other[1]
    return one if (one[0] - other[0]) * sign > 0 else other


def common_step(*steps: Fraction | None) -> Fraction | None:
    """Return the least number that is a multiple of all steps."""
    told = [step for step in steps if step is not None]
    if not told:
        return None
    denominator = lcm(*(step.denominator for step in told))
    return Fraction(lcm(*(int(step * denominator) for step in told)), denominator)
