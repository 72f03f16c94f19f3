"""What `contracts check` finds. Records of facts; how they look is the command line's."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shop_contracts.compat.proof import Proof


class Group(StrEnum):
    """What kind of thing is wrong, in the order a report has them."""

    SOURCES = "sources"
    """Something cannot be read: a manifest, a schema, a document, the lock."""
    RULES = "rules"
    """The rules of this program are not those that were locked."""
    STYLE = "style"
    COVERAGE = "coverage"
    """Something has no contract."""
    GENERATED = "generated"
    """A generated file is not what its source gives."""
    BASELINES = "baselines"
    """What was released is not as it was released."""
    CHANGES = "changes"
    """A contract may not follow what is released or what is at the git ref."""
    CONSUMERS = "consumers"
    """What consumers declare and what producers give do not meet."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that makes the check red.

    `file` is relative to the checkout and `line` counts from 1 (0: the file as a whole). `subject` names the contract, `path` the
    element in it, `against` the version it was held against. `consumers` are hit by it, `proof` shows it on real bytes, and
    `hint` says what to try.
    """

    group: Group
    id: str
    file: str
    line: int
    message: str
    subject: str = ""
    path: str = ""
    against: str = ""
    before: str = ""
    after: str = ""
    consumers: tuple[str, ...] = ()
    proof: Proof | None = None
    hint: str = ""
