"""Languages of schemas whose text is JSON."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path


class Language(StrEnum):
    """What a text schema is written in, by the ending of its file."""

    AVRO = ".avsc"
    JSON_SCHEMA = ".json"

    @classmethod
    def of(cls, path: str | Path) -> Language | None:
        """Return the language of a file; None for one of another kind."""
        ending = Path(path).suffix
        return cls(ending) if ending in set(cls) else None
