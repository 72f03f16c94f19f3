"""The verdict on one schema that changed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from shop_contracts.openapi_diff.changes import Change, Context, Direction, Verb
from shop_contracts.openapi_diff.containment.budget import Budget, TooComplex
from shop_contracts.openapi_diff.containment.evaluate import Evaluation
from shop_contracts.openapi_diff.containment.parts import Key, Part
from shop_contracts.openapi_diff.containment.proof import Prover
from shop_contracts.openapi_diff.containment.samples import Samples
from shop_contracts.openapi_diff.schemas import Schema

_LONGEST_SHOWN = 200


class Verdict(StrEnum):
    """What is known of a change."""

    PROVED = "proved"
    """Every instance of the producer is one of the consumer."""
    REFUTED = "refuted"
    """There is an instance that the producer sends and the consumer refuses."""
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Containment:
    """A verdict with its counter-example, where there is one."""

    verdict: Verdict
    instance: Any = None

    @property
    def shown(self) -> str:
        """The counter-example as JSON, shortened where it is long."""
        text = json.dumps(self.instance, ensure_ascii=False, sort_keys=True)
        return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


class Containments:
    """Decides containment for the schemas of two versions, each pair once a direction."""

    def __init__(self) -> None:
        self._known: dict[tuple[Direction, Key, Key], Containment] = {}
        self._equal: dict[tuple[Direction, Key, Key], bool] = {}

    def change(self, old: Schema, new: Schema, context: Context) -> Change | None:
        """Return what is to be said of two schemas as a whole; None where containment is proved."""
        found = self.between(old, new, context.direction)
        if found.verdict is Verdict.PROVED:
            return None
        verb = Verb.REMOVED if found.verdict is Verdict.REFUTED else Verb.CHANGED
        return Change("containment", verb, context, subject=found.shown, old=old.place(), new=new.place())

    def is_unnoticed(self, old: Schema, new: Schema, direction: Direction) -> bool:
        """Return whether it is proved that nothing gets lost either: the consumer knows every property it may get."""
        producer, consumer = _met(old, new, direction)
        key = (direction, producer.key, consumer.key)
        if key not in self._equal:
            try:
                self._equal[key] = Prover(direction, Budget(), strict=True).contains(producer, consumer)
            except (TooComplex, RecursionError):
                self._equal[key] = False
        return self._equal[key]

    def between(self, old: Schema, new: Schema, direction: Direction) -> Containment:
        """Decide whether what the producer of one version sends, the consumer of the other takes."""
        producer, consumer = _met(old, new, direction)
        key = (direction, producer.key, consumer.key)
        if key not in self._known:
            self._known[key] = _decide(producer, consumer, direction)
        return self._known[key]


def _met(old: Schema, new: Schema, direction: Direction) -> tuple[Part, Part]:
    """Return who produces and who consumes: old clients write requests for new servers, new servers answer old clients."""
    before, after = Part.of(old), Part.of(new)
    return (before, after) if direction is Direction.REQUEST else (after, before)


def _decide(producer: Part, consumer: Part, direction: Direction) -> Containment:
    try:
        if Prover(direction, Budget()).contains(producer, consumer):
            return Containment(Verdict.PROVED)
        budget = Budget()
        lenient = Evaluation(direction, budget, unknown=True)
        for instance in Samples(direction, budget).of(producer, consumer):
            if not lenient.accepts(consumer, instance):
                return Containment(Verdict.REFUTED, instance)
    except (TooComplex, RecursionError):
        pass
    return Containment(Verdict.UNDECIDED)
