"""Tokens of the front door: long-lived ones for guests, and short ones that tell the services behind it for whom it asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from shop_contracts.tokens import INTERNAL_AUDIENCE, ISSUER, PUBLIC_AUDIENCE
from shop_kit.auth import NotAuthenticated, StaticKeys, TokenSigner, TokenVerifier
from shop_kit.clock import Clock

from shop_services.edge.application.callers import GUEST_SCOPES, NO_CLAIMS, Caller, TokenKind

GUEST_SECONDS = 30 * 24 * 3600.0
INTERNAL_SECONDS = 300.0
REMEMBERED_TOKENS = 4096


class Accepted(Protocol):
    """Tokens of one issuer."""

    def knows(self, token: str) -> bool:
        """Return whether this token was verified before, so that verifying it again costs nothing."""
        ...

    async def verify(self, token: str) -> Caller:
        """Return whose token it is. Raises NotAuthenticated, Unavailable."""
        ...


class GuestTokens:
    """The door's own tokens for guests."""

    def __init__(self, key: Ed25519PrivateKey, clock: Clock) -> None:
        self._signer = TokenSigner(key, ISSUER, clock)
        self._verifier = TokenVerifier(StaticKeys(key.public_key()), issuer=ISSUER, audience=PUBLIC_AUDIENCE, clock=clock)

    def knows(self, token: str) -> bool:
        """Return whether this token was verified before."""
        return self._verifier.knows(token)

    async def verify(self, token: str) -> Caller:
        """Return which guest's token it is. Raises NotAuthenticated."""
        principal = await self._verifier.verify(token)
        return Caller(principal.subject, principal.scopes, NO_CLAIMS, TokenKind.GUEST)

    def issue(self, guest_id: str) -> str:
        """Return a token that proves its bearer to be this guest, for 30 days."""
        token = self._signer.sign(guest_id, audience=PUBLIC_AUDIENCE, scopes=GUEST_SCOPES, lifetime_seconds=GUEST_SECONDS)
        self._verifier.trust(token)
        return token


class EdgeTokens:
    """Implements `Tokens`, and signs the internal tokens. One key signs both kinds of its own; their audiences keep them apart.

    `others` are tokens that other issuers give to customers and machines, by issuer. What a token says of its issuer decides only
    who is asked whether it holds.
    """

    def __init__(self, key: Ed25519PrivateKey, clock: Clock, others: Mapping[str, Accepted] | None = None) -> None:
        self._clock = clock
        self._signer = TokenSigner(key, ISSUER, clock)
        self._guests = GuestTokens(key, clock)
        self._accepted: dict[str, Accepted] = {**(others or {}), ISSUER: self._guests}
        self._internal: dict[tuple[str, frozenset[str]], tuple[str, float]] = {}

    def knows(self, token: str) -> bool:
        """Return whether this token is known to be good, so that verifying it costs nothing."""
        return any(one.knows(token) for one in self._accepted.values())

    async def verify(self, token: str) -> Caller:
        """Return whose token it is. Raises NotAuthenticated; Unavailable when an issuer's keys cannot be had."""
        for accepted in self._accepted.values():
            if accepted.knows(token):
                return await accepted.verify(token)
        accepted_by = self._accepted.get(_issuer_in(token))
        if accepted_by is None:
            raise NotAuthenticated("the token is of an issuer that is not known here")
        return await accepted_by.verify(token)

    def issue(self, guest_id: str) -> str:
        """Return a token that proves its bearer to be this guest, for 30 days."""
        return self._guests.issue(guest_id)

    def internal(self, caller: Caller) -> str:
        """Return a token for the services behind the door, valid for at least half of its five minutes."""
        now, key = self._clock.now(), (caller.subject, caller.scopes)
        known = self._internal.get(key)
        if known and known[1] > now:
            return known[0]
        token = self._signer.sign(
            caller.subject, audience=INTERNAL_AUDIENCE, scopes=caller.scopes, lifetime_seconds=INTERNAL_SECONDS
        )
        if len(self._internal) >= REMEMBERED_TOKENS:
            self._internal.pop(next(iter(self._internal)))
        self._internal[key] = (token, now + INTERNAL_SECONDS / 2)
        return token

    def jwks(self) -> dict[str, Any]:
        """Return the public key that verifies both kinds."""
        return self._signer.jwks()


def _issuer_in(token: str) -> str:
    """Return whom a token names as its issuer; nothing of it is proved. Raises NotAuthenticated."""
    try:
        return str(jwt.decode(token, options={"verify_signature": False}).get("iss", ""))
    except jwt.InvalidTokenError as error:
        raise NotAuthenticated(f"the token does not hold: {error}") from error
