"""What differs between two versions, in neutral words: whether it breaks anyone is for the rules to say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from shop_contracts.openapi_diff.documents import Node


class Direction(StrEnum):
    """Who writes what changed: clients the requests, the server the responses."""

    REQUEST = "request"
    RESPONSE = "response"
    NONE = "none"


class Place(StrEnum):
    """What kind of thing changed. A property is every schema inside another one, an array's elements too."""

    BODY = "body"
    PROPERTY = "property"
    PARAMETER = "parameter"
    PARAMETER_PROPERTY = "parameter-property"
    HEADER = "header"
    HEADER_PROPERTY = "header-property"
    MEDIA_TYPE = "media-type"
    OPERATION = "operation"
    DOCUMENT = "document"

    @property
    def inside(self) -> Place:
        """The place of a schema inside one at this place."""
        return {Place.BODY: Place.PROPERTY, Place.PARAMETER: Place.PARAMETER_PROPERTY, Place.HEADER: Place.HEADER_PROPERTY}.get(
            self, self
        )


class Verb(StrEnum):
    """What happened to it."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    SET = "set"
    UNSET = "unset"
    INCREASED = "increased"
    DECREASED = "decreased"
    DEPRECATED = "deprecated"


@dataclass(frozen=True, slots=True)
class Context:
    """Where in the API a change is: the operation (`GET`, `/orders`), which part of it, and for schemas the way inside.

    `method` and `path` are empty for what concerns the whole document. `strongly_typed` says whether numbers and strings can be
    told apart on the wire; None where that depends on how the server reads it. `unseen` marks what this direction never carries:
    read-only properties of requests, write-only ones of responses.
    """

    direction: Direction
    place: Place
    method: str = ""
    path: str = ""
    part: str = ""
    trail: str = ""
    location: str = ""
    strongly_typed: bool | None = True
    form_exploded: bool = False
    unseen: bool = False
    stability: str = "stable"
    is_turned: bool = False
    """Whether the server is the client here, as in webhooks and callbacks: then the new version was compared as the older one."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `before` and `after` are what stands there, `old` and `new` where it stands; None where it does not.

    `aspect` is what of the thing changed, in the words of rule ids (`max-length`, `enum-value`); `subject` names which, where
    there are several. `facts` are what rules of this aspect need besides.
    """

    aspect: str
    verb: Verb
    context: Context
    before: Any = None
    after: Any = None
    subject: str = ""
    old: Node | None = None
    new: Node | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SchemaComparison:
    """All that differs between two schemas at one place of the API, with the verdict on the two as a whole.

    `verdict` is a change of aspect `containment`: REMOVED where the consumer refuses what the producer sends, CHANGED where that
    can be neither proved nor refuted, None where it is proved that everything is taken. `is_unnoticed` says whether it is proved
    besides that nothing of it goes unread.
    """

    changes: Sequence[Change]
    verdict: Change | None
    is_unnoticed: Callable[[], bool]
