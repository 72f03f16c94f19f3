"""The shape of a rule of style."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from shop_contracts.compat.elements import Enum, Field, File, Message, Method, Service

Element = File | Message | Field | Enum | Service | Method


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing a rule minds. `part` ("package" or "import", the latter with its `index`) says where in a file."""

    message: str
    element: Element
    part: str = ""
    index: int = 0


@dataclass(frozen=True, slots=True)
class LintRule:
    """One rule of style. `version` counts up when the rule's verdict on anything changes; the lock file pins it."""

    id: str
    purpose: str
    check: Callable[[File], Iterable[Fault]]
    version: int = 1
