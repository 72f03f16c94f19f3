"""The shape of a rule of Confluent mode."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from shop_contracts.compat.confluent.subjects import (
    EnumPair,
    EnumValuePair,
    FieldPair,
    FilePair,
    MessagePair,
    OneofPair,
    TypePair,
)

S = TypeVar("S", FilePair, MessagePair, EnumPair, EnumValuePair, OneofPair, FieldPair, TypePair)


@dataclass(frozen=True, slots=True)
class Rule(Generic[S]):
    """One difference type of Confluent's Protobuf checker.

    `breaks` is Confluent's verdict on it. `sentence` says to whom it matters and why; `{before}` and `{after}` are what the writer
    and the reader have, `{reader}` and `{writer}` are 'new' and 'old' or the other way round.
    """

    id: str
    on: type[S]
    breaks: bool
    purpose: str
    sentence: str
    check: Callable[[S], bool]
