"""Differences between two schemas. The graph of pairs is built once; each use of a schema then walks it in its own direction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from shop_contracts.openapi_diff.changes import Change, Context, Direction, Place, Verb
from shop_contracts.openapi_diff.compare.branches import match_branches
from shop_contracts.openapi_diff.compare.keywords import Difference, keyword_differences
from shop_contracts.openapi_diff.compare.lifecycle import schema_lifecycle
from shop_contracts.openapi_diff.schemas import NAMED_SCHEMAS, ONE_SCHEMA, Key, Schema

PairKey = tuple[Key, Key]

_NAMES = {
    "additionalProperties": "additional-properties",
    "propertyNames": "property-names",
    "unevaluatedItems": "unevaluated-items",
    "unevaluatedProperties": "unevaluated-properties",
    "contentSchema": "content-schema",
    "patternProperties": "pattern-property",
    "dependentSchemas": "dependent-schema",
    "oneOf": "one-of",
    "anyOf": "any-of",
}
_EXCLUDING = frozenset(("not", "if"))
"""Inside these a narrower schema allows more, or other things: that anything differs inside is a difference of its own."""


@dataclass(slots=True)
class Pair:
    """An old and a new schema that stand at the same place, what differs in themselves, and the pairs inside them."""

    old: Schema
    new: Schema
    differences: list[Difference] = field(default_factory=list)
    inside: list[tuple[str, PairKey]] = field(default_factory=list)
    """The step as text, and the pair."""


class SchemaPairs:
    """All pairs of schemas of two versions."""

    def __init__(self) -> None:
        self._pairs: dict[PairKey, Pair] = {}
        self._unchanged: dict[PairKey, bool] = {}
        self._waiting: dict[PairKey, tuple[Schema, Schema]] = {}

    def changes(self, old: Schema, new: Schema, context: Context) -> Iterator[Change]:
        """Yield what differs between two schemas and inside them, each pair once."""
        root = self._key(old, new)
        if self.is_unchanged(old, new):
            return
        seen: set[tuple[PairKey, bool, Direction]] = set()
        waiting = [(root, context)]
        while waiting:
            key, at = waiting.pop()
            if (key, at.unseen, at.direction) in seen:
                continue
            seen.add((key, at.unseen, at.direction))
            pair = self._pair(key)
            at = _seen_from(at, pair)
            for one in pair.differences:
                yield Change(
                    one.aspect,
                    one.verb,
                    at,
                    one.before,
                    one.after,
                    one.subject,
                    None if one.verb in _ONLY_NEW else pair.old.place(one.keyword) if one.old is None else one.old,
                    None if one.verb in _ONLY_OLD else pair.new.place(one.keyword) if one.new is None else one.new,
                    one.facts,
                )
            below: list[tuple[PairKey, Context]] = []
            for step, inside in pair.inside:
                unsure = at.place is Place.PARAMETER and at.strongly_typed is False
                trail = f"{at.trail}/{step}" if at.trail else step
                there = replace(at, place=at.place.inside, trail=trail, strongly_typed=None if unsure else at.strongly_typed)
                below.append((inside, there))
            waiting += reversed(below)

    def is_unchanged(self, old: Schema, new: Schema) -> bool:
        """Return whether two schemas allow the same by all that is compared."""
        root = self._key(old, new)
        known = self._unchanged.get(root)
        if known is not None:
            return known
        seen: set[PairKey] = set()
        waiting = [root]
        while waiting:
            key = waiting.pop()
            if key in seen or self._unchanged.get(key):
                continue
            seen.add(key)
            pair = self._pair(key)
            if pair.differences or self._unchanged.get(key) is False:
                self._unchanged[root] = False
                return False
            waiting += [inside for _, inside in pair.inside]
        self._unchanged.update(dict.fromkeys(seen, True))
        return True

    def _key(self, old: Schema, new: Schema) -> PairKey:
        key = (old.key, new.key)
        if key not in self._pairs:
            self._waiting.setdefault(key, (old, new))
        return key

    def _pair(self, key: PairKey) -> Pair:
        """Return a pair. One that is being compared further up counts as having no differences yet: it is reported there."""
        found = self._pairs.get(key)
        if found is None:
            found = self._pairs[key] = Pair(*self._waiting.pop(key))
            self._compare(found)
        return found

    def _compare(self, pair: Pair) -> None:
        old, new = pair.old, pair.new
        if old.is_never or new.is_never:
            if old.is_never != new.is_never:
                verb = Verb.SET if new.is_never else Verb.UNSET
                pair.differences.append(Difference("schema-false", verb, before=old.is_never, after=new.is_never))
            return
        pair.differences += keyword_differences(old, new)
        pair.differences += schema_lifecycle(old, new)
        self._one(pair)
        self._named(pair)
        self._listed(pair)
        self._choices(pair)

    def _one(self, pair: Pair) -> None:
        for keyword in ONE_SCHEMA:
            before, after = pair.old.one(keyword), pair.new.one(keyword)
            if before is not None and after is not None:
                pair.inside.append((keyword, self._key(before, after)))
                if keyword in _EXCLUDING and not self.is_unchanged(before, after):
                    pair.differences.append(Difference(keyword, Verb.CHANGED, keyword))
            elif before is not None or after is not None:
                if keyword == "items" and not (_may_be_array(pair.old) and _may_be_array(pair.new)):
                    continue
                verb = Verb.ADDED if before is None else Verb.REMOVED
                one = before if after is None else after
                facts = {"is_false": one is not None and one.is_never}
                pair.differences.append(Difference(_NAMES.get(keyword, keyword), verb, keyword, facts=facts))

    def _named(self, pair: Pair) -> None:
        for keyword in NAMED_SCHEMAS:
            before, after = pair.old.named(keyword), pair.new.named(keyword)
            for name in before.keys() & after.keys():
                step = name if keyword == "properties" else f"{keyword}[{name}]"
                pair.inside.append((step, self._key(before[name], after[name])))
            if keyword == "properties":
                pair.differences += _properties(pair.old, pair.new, before, after)
                continue
            for verb, names, there in (
                (Verb.ADDED, after.keys() - before.keys(), after),
                (Verb.REMOVED, before.keys() - after.keys(), before),
            ):
                for name in sorted(names):
                    where = there[name].origin
                    pair.differences.append(Difference(_NAMES[keyword], verb, keyword, subject=name, old=where, new=where))
        pair.inside.sort(key=lambda one: one[0])

    def _listed(self, pair: Pair) -> None:
        before, after = pair.old.branches("prefixItems"), pair.new.branches("prefixItems")
        for index, (one, other) in enumerate(zip(before, after, strict=False)):
            pair.inside.append((f"prefixItems[{index}]", self._key(one, other)))
        for index, extra in enumerate([*before[len(after) :], *after[len(before) :]], start=min(len(before), len(after))):
            verb = Verb.REMOVED if len(before) > len(after) else Verb.ADDED
            pair.differences.append(
                Difference("prefix-items", verb, "prefixItems", subject=str(index), old=extra.origin, new=extra.origin)
            )

    def _choices(self, pair: Pair) -> None:
        old, new = pair.old, pair.new
        if (old.is_list_of_types or new.is_list_of_types) and old.simple_types and new.simple_types:
            self._types_by_choice(pair)
            return
        for keyword in ("oneOf", "anyOf"):
            before, after = old.branches(keyword), new.branches(keyword)
            if not before and not after:
                continue
            if keyword == "oneOf" and _wraps(old, new):
                facts = {"preserved": any(self.is_unchanged(old, branch) for branch in after)}
                pair.differences.append(Difference("wrapping", Verb.SET, keyword, facts=facts))
                continue
            matched, removed, added = match_branches(before, after, self.is_unchanged)
            for index, one, other in matched:
                pair.inside.append((f"{keyword}[{index}]", self._key(one, other)))
            facts = {
                "introduced": not before,
                "dropped": not after,
                "says_nothing": not new.conjuncts,
            }
            for verb, branches in ((Verb.REMOVED, removed), (Verb.ADDED, added)):
                for index, branch in branches:
                    pair.differences.append(
                        Difference(
                            _NAMES[keyword],
                            verb,
                            keyword,
                            subject=_name(branch, index),
                            facts=facts,
                            old=branch.origin,
                            new=branch.origin,
                        )
                    )

    def _types_by_choice(self, pair: Pair) -> None:
        """Compare where one side at least is a choice between plain types: type by type."""
        before, after = _by_type(pair.old), _by_type(pair.new)
        for kind in sorted(before.keys() & after.keys()):
            one, other = before[kind], after[kind]
            if one is pair.old and other is pair.new:
                continue
            key = self._key(one, other)
            if key != (pair.old.key, pair.new.key):
                pair.inside.append((kind, key))


_ONLY_NEW = frozenset((Verb.ADDED,))
_ONLY_OLD = frozenset((Verb.REMOVED,))


def _seen_from(at: Context, pair: Pair) -> Context:
    word = "readOnly" if at.direction is Direction.REQUEST else "writeOnly"
    return replace(at, unseen=True) if not at.unseen and pair.new.first(word) is True else at


def _properties(old: Schema, new: Schema, before: dict[str, Schema], after: dict[str, Schema]) -> Iterator[Difference]:
    for name in sorted(after.keys() - before.keys()):
        there = after[name]
        facts = _property_facts(there, is_required=name in new.required - old.required)
        yield Difference("property", Verb.ADDED, "properties", subject=name, facts=facts, new=there.origin)
    moved = _moved(old, new) if before and _wraps(old, new) else set()
    for name in sorted(before.keys() - after.keys() - moved):
        there = before[name]
        facts = _property_facts(there, is_required=name in old.required)
        yield Difference("property", Verb.REMOVED, "properties", subject=name, facts=facts, old=there.origin)
    for verb, names in ((Verb.SET, new.required - old.required), (Verb.UNSET, old.required - new.required)):
        for name in sorted(names):
            facts = _property_facts(after.get(name), is_required=verb is Verb.SET)
            if name in before and name in after:
                yield Difference("required", verb, "required", subject=name, facts=facts)
            elif name not in after and (verb is Verb.SET or name not in before):
                yield Difference("required-undeclared", verb, "required", subject=name, facts=facts)


def _property_facts(schema: Schema | None, *, is_required: bool) -> dict[str, Any]:
    return {
        "required": is_required,
        "has_default": schema is not None and schema.has("default"),
        "read_only": schema is not None and schema.first("readOnly") is True,
        "write_only": schema is not None and schema.first("writeOnly") is True,
    }


def _may_be_array(schema: Schema) -> bool:
    return not schema.types or "array" in schema.types


def _wraps(old: Schema, new: Schema) -> bool:
    """Return whether an object became a bare `oneOf`, with some of its properties in the branches."""
    return not old.has("oneOf") and new.has("oneOf") and not new.has("properties") and not new.is_typed and bool(_moved(old, new))


def _moved(old: Schema, new: Schema) -> set[str]:
    """Return the properties of the old schema that are in the branches of the new one."""
    names = old.named("properties").keys()
    return {name for branch in new.branches("oneOf") for name in names & branch.named("properties").keys()}


def _by_type(schema: Schema) -> dict[str, Schema]:
    if not schema.is_list_of_types:
        return dict.fromkeys(schema.types, schema)
    keyword = "oneOf" if schema.has("oneOf") else "anyOf"
    return {next(iter(branch.types)): branch for branch in schema.branches(keyword)}


def _name(branch: Schema, index: int) -> str:
    """Return how people call a branch: by its component or title, else by its number."""
    value = branch.origin.value
    if isinstance(value, dict) and isinstance(value.get("$ref"), str):
        return str(value["$ref"])
    title = branch.first("title")
    return title if isinstance(title, str) else f"number {index + 1}"
