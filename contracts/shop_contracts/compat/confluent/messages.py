"""Differences as lines of the registry's verbose answer.

The shape is Confluent's, whose clients print it: `{errorType:"…", description:"…"}` a difference, then the old version and its
text.
"""

from __future__ import annotations

from collections.abc import Mapping

from shop_contracts.compat.confluent.compare import Difference
from shop_contracts.compat.levels import Direction

RESERVED_PROPERTY = "confluent:reserved"
LONGEST_TEXT = 10 * 1024
"""Characters of the old schema that an answer repeats; the registry cuts at the same place."""


def verbose(difference: Difference, direction: Direction) -> str:
    """Return one difference as the registry words it."""
    description = difference.sentence(direction).replace('"', "'")
    return f'{{errorType:"{difference.rule.id}", description:"{difference.path}: {description}"}}'


def described(version: int | None, text: str) -> list[str]:
    """Return the lines that say which version it was held against, by its number and text."""
    lines = [] if version is None else [f"{{oldSchemaVersion: {version}}}"]
    if len(text) > LONGEST_TEXT:
        return [*lines, f"{{oldSchema: <truncated> '{text[:LONGEST_TEXT]}...'}}"]
    return [*lines, f"{{oldSchema: '{text}'}}"]


def reserved_messages(before: Mapping[str, str] | None, after: Mapping[str, str], fields: set[str]) -> list[str]:
    """Return what `validateFields` refuses: a name no longer kept reserved in the metadata, or one in use at the top level.

    `before` and `after` are the metadata of the old version (None: there is none) and of the new one, `fields` the names in use.
    """
    kept = _reserved_names(after)
    return [
        *(
            f"The name {name} was reserved in the metadata of the old schema and is not in the new one's."
            for name in sorted(_reserved_names(before or {}) - kept)
        ),
        *(f"The new schema has a field {name}, a name its metadata reserves." for name in sorted(fields & kept)),
    ]


def _reserved_names(metadata: Mapping[str, str]) -> set[str]:
    return {name.strip() for name in metadata.get(RESERVED_PROPERTY, "").split(",")} - {""}
