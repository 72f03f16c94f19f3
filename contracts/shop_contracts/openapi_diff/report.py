"""What a comparison found: records of facts. Printing is elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shop_contracts.openapi_diff.rules.rule import Level


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a file: a JSON pointer (RFC 6901) and the line it stands in, from 1."""

    path: Path
    pointer: str
    line: int


@dataclass(frozen=True, slots=True)
class Finding:
    """One change that breaks somebody, or may.

    `operation` is `GET /orders`, empty for what concerns the whole document; `where` is the part of it, with the way inside.
    `old` and `new` are where it stands in the two versions; one of them is None for what is on one side only.
    """

    id: str
    level: Level
    operation: str
    where: str
    message: str
    old: Location | None
    new: Location | None

    @property
    def location(self) -> Location | None:
        """The place to look at first: in the new version where it is there."""
        return self.new or self.old


@dataclass(frozen=True, slots=True)
class Report:
    """The verdict of one comparison with everything it rests on."""

    findings: Sequence[Finding] = ()

    @property
    def breaking(self) -> list[Finding]:
        """The findings that are sure to break somebody."""
        return [finding for finding in self.findings if finding.level is Level.ERROR]

    @property
    def warnings(self) -> list[Finding]:
        """The findings that may break somebody."""
        return [finding for finding in self.findings if finding.level is Level.WARNING]

    @property
    def compatible(self) -> bool:
        """Whether nothing is sure to break."""
        return not self.breaking
