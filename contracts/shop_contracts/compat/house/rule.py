"""The shape of a rule of house mode."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from shop_contracts.compat.house.breaks import Break
from shop_contracts.compat.house.pairs import (
    EnumNumberPair,
    EnumPair,
    FieldPair,
    FilePair,
    MessagePair,
    MethodPair,
    SchemaPair,
    ServicePair,
)
from shop_contracts.compat.house.past import History

P = TypeVar("P", History, SchemaPair, FilePair, MessagePair, FieldPair, EnumPair, EnumNumberPair, ServicePair, MethodPair)


class Category(StrEnum):
    """What a rule protects; a rule may belong to several. WIRE to FILE are buf's, the other two this project's."""

    WIRE = "WIRE"
    """Bytes written before can be read, and mean the same."""
    WIRE_JSON = "WIRE_JSON"
    """So can JSON: names count."""
    PACKAGE = "PACKAGE"
    """Code generated from the package keeps compiling, wherever in the package a declaration moves."""
    FILE = "FILE"
    """Code generated file by file keeps compiling."""
    RPC = "RPC"
    """Callers of a service keep working."""
    REUSE = "REUSE"
    """Nothing that meant something in any version comes back with another meaning."""


HOUSE = frozenset({Category.WIRE_JSON, Category.RPC, Category.REUSE})
"""What `contracts check` demands."""
SOURCE = frozenset({Category.PACKAGE, Category.FILE})


@dataclass(frozen=True, slots=True)
class Rule(Generic[P]):
    """One thing a new version may not do to an old one.

    `version` counts up when the rule's verdict on anything changes; the lock file pins it.
    """

    id: str
    on: type[P]
    categories: frozenset[Category]
    purpose: str
    check: Callable[[P], Iterable[Break]]
    version: int = 1
