"""Media types by their names (RFC 6838), matched across versions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from shop_contracts.openapi_diff.changes import Verb
from shop_contracts.openapi_diff.compare.keywords import Difference


@dataclass(frozen=True, slots=True)
class MediaType:
    """A media type taken apart: `application/problem+json; v=1` has the suffix `json` and one parameter."""

    type: str
    subtype: str
    suffix: str
    parameters: tuple[tuple[str, str], ...]

    @classmethod
    def parse(cls, name: str) -> MediaType:
        """Return the parts of a name, whatever it looks like."""
        essence, *parameters = name.split(";")
        kind, _, subtype = essence.strip().lower().partition("/")
        subtype, _, suffix = subtype.partition("+")
        pairs = (one.partition("=") for one in parameters if one.strip())
        return cls(kind, subtype, suffix, tuple(sorted(_parameter(key, value) for key, _, value in pairs)))

    def contains(self, other: MediaType) -> bool:
        """Return whether every body of the other type is one of this type, parameters aside."""
        if self.type == "*":
            return True
        if self.type != other.type:
            return False
        if self.subtype == "*" or (self.subtype, self.suffix) == (other.subtype, other.suffix):
            return True
        return not self.suffix and other.suffix == self.subtype


def _parameter(key: str, value: str) -> tuple[str, str]:
    """Return a parameter as it compares: names in any case, and those of character sets too (RFC 9110, section 8.3.2)."""
    name, said = key.strip().lower(), value.strip().strip('"')
    return name, said.lower() if name == "charset" else said


@dataclass(frozen=True, slots=True)
class Match:
    """A media type of the old version and the one it became."""

    old: str
    new: str
    differences: list[Difference] = field(default_factory=list)


def is_json(name: str) -> bool:
    """Return whether bodies of a media type tell numbers from strings."""
    media_type = MediaType.parse(name)
    return "json" in (media_type.subtype, media_type.suffix)


def match_media_types(before: Iterable[str], after: Iterable[str]) -> tuple[list[Match], list[str]]:
    """Return what became of the media types, and those that are gone."""
    waiting = [name for name in after if name not in set(before)]
    matched: list[Match] = []
    removed: list[str] = []
    for name in before:
        if name in set(after):
            matched.append(Match(name, name))
            continue
        old = MediaType.parse(name)
        twin = next((new for new in waiting if old.contains(MediaType.parse(new)) or MediaType.parse(new).contains(old)), None)
        if twin is None:
            removed.append(name)
        else:
            waiting.remove(twin)
            matched.append(Match(name, twin, list(_differences(name, twin))))
    return matched, removed


def _differences(before: str, after: str) -> Iterable[Difference]:
    old, new = MediaType.parse(before), MediaType.parse(after)
    if (old.type, old.subtype, old.suffix) != (new.type, new.subtype, new.suffix):
        verb = Verb.DECREASED if old.contains(new) else Verb.INCREASED
        yield Difference("media-type-name", verb, None, before, after)
        return
    one, other = dict(old.parameters), dict(new.parameters)
    for name in sorted(one.keys() | other.keys()):
        if one.get(name) != other.get(name):
            verb = Verb.ADDED if name not in one else Verb.REMOVED if name not in other else Verb.CHANGED
            yield Difference("media-type-parameter", verb, None, before, after)
