"""What a house rule refuses, and where: in the notation of paths that both modes share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shop_contracts.compat.elements import Field
from shop_contracts.compat.schema import Schema

ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Break:
    """One thing a rule refuses.

    `file` is the new version's file it is in, None where nothing of it is left there. `old` and `new` are the elements it was seen
    on: the proof starts from them.
    """

    path: str
    before: str
    after: str
    message: str
    file: str | None = None
    old: Any = None
    new: Any = None
    against: Schema | None = None
    """The version that `old` is from, where the rule looked through several."""


def path_of(local_name: str, inside: str = "") -> str:
    """Return a path in the notation of both modes: `#/Order/Line/1`."""
    return "#/" + local_name.replace(".", "/") + (f"/{inside}" if inside else "")


def field_path(field: Field) -> str:
    """Return a field's path, or an extension's by its full name in brackets."""
    if field.parent is None or field.proto.extendee:
        return f"#/[{field.full_name}]"
    return path_of(field.parent.local_name, str(field.number))
