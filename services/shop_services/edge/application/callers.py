"""Who comes to the front door with a token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from shop_contracts import tokens
from shop_kit.auth import Principal

NO_CLAIMS: Mapping[str, Any] = MappingProxyType({})


class TokenKind(StrEnum):
    """Whose token it is; each is named as the security scheme of the contract that it belongs to."""

    GUEST = "guest"
    CUSTOMER = "customer"
    MACHINE = "machine"


@dataclass(frozen=True, slots=True)
class Caller(Principal):
    """Who asks, and what they may do: `subject` is the id of a customer or guest, or of a machine's client."""

    kind: TokenKind

    def limited_to(self, scopes: frozenset[str]) -> Caller:
        """Return the same caller, who may do no more than this."""
        return replace(self, scopes=self.scopes & scopes)


NOBODY = Caller("anybody", frozenset(), NO_CLAIMS, TokenKind.GUEST)
"""For whom the shop asks when it concerns nobody in particular."""

ANYBODY = Caller(tokens.ANYBODY, frozenset({"quotes:create"}), NO_CLAIMS, TokenKind.GUEST)
"""For whom a quote is made that whoever holds it may use."""

GUEST_SCOPES = frozenset({"orders:place", "orders:read", "orders:cancel", "carts:read", "carts:write", "quotes:create"})
"""What a guest may do: all that needs no account."""


def guest(subject: str) -> Caller:
    """Return a guest, who may do what guests do."""
    return Caller(subject, GUEST_SCOPES, NO_CLAIMS, TokenKind.GUEST)
