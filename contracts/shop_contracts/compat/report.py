"""What a check found: records of facts. Printing is elsewhere (`messages` for the registry, the CLI for people)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from shop_contracts.compat.levels import Direction, Level

if TYPE_CHECKING:
    from shop_contracts.compat.proof import Evidence, Proof


class Mode(StrEnum):
    """Whose rules judge."""

    CONFLUENT = "confluent"
    """Exactly what Confluent's Schema Registry would answer."""
    HOUSE = "house"
    """What `contracts check` demands: wire and JSON, RPCs, and nothing ever reused."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference, breaking or not.

    `id` and `path` (`#/Order/1`) are stable. `before` is what the old version has and `after` what the new one has, in either
    direction; `message` says why it breaks whom. `against` is the old version's number where versions have numbers. `categories`
    are the house rule's (WIRE, WIRE_JSON, …), empty in confluent mode. `proof` shows the damage on real bytes and `consumers` whom
    it hits, where they could be worked out; `evidence` is what they are worked out from.
    """

    id: str
    path: str
    before: str
    after: str
    message: str
    breaking: bool
    direction: Direction
    against: int | None = None
    categories: tuple[str, ...] = ()
    excepted_by: str | None = None
    proof: Proof | None = None
    consumers: tuple[str, ...] = ()
    evidence: Evidence | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Report:
    """The verdict of one check with everything it rests on.

    `messages` are lines as Confluent's registry answers them to `?verbose=true`, empty when compatible.
    """

    mode: Mode
    level: Level
    findings: Sequence[Finding] = ()
    messages: Sequence[str] = field(default=())

    @property
    def compatible(self) -> bool:
        """Whether nothing breaks."""
        return not self.breaking and not self.messages

    @property
    def breaking(self) -> list[Finding]:
        """The findings that refuse the new version."""
        return [finding for finding in self.findings if finding.breaking]
