"""Tokens of the front door: long-lived ones for guests, and short ones that tell the services behind it for whom it asks."""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from shop_contracts.tokens import INTERNAL_AUDIENCE, ISSUER, PUBLIC_AUDIENCE
from shop_kit.auth import Principal, StaticKeys, TokenSigner, TokenVerifier
from shop_kit.clock import Clock

CUSTOMER_SCOPES = ("orders:place", "orders:read", "orders:cancel", "stock:read")
GUEST_SECONDS = 30 * 24 * 3600.0
INTERNAL_SECONDS = 300.0
REMEMBERED_TOKENS = 2048


class EdgeTokens:
    """Implements `Tokens`, and signs the internal tokens. One key signs both kinds; their audiences keep them apart."""

    def __init__(self, key: Ed25519PrivateKey, clock: Clock) -> None:
        self._clock = clock
        self._signer = TokenSigner(key, ISSUER, clock)
        self._verifier = TokenVerifier(StaticKeys(key.public_key()), issuer=ISSUER, audience=PUBLIC_AUDIENCE, clock=clock)
        self._internal: dict[str, tuple[str, float]] = {}

    def knows(self, token: str) -> bool:
        """Return whether this token is known to be good, so that verifying it costs nothing."""
        return self._verifier.knows(token)

    async def verify(self, token: str) -> Principal:
        """Return whose token it is. Raises NotAuthenticated."""
        return await self._verifier.verify(token)

    def issue(self, customer_id: str) -> str:
        """Return a token that proves its bearer to be this customer, for 30 days."""
        token = self._signer.sign(customer_id, audience=PUBLIC_AUDIENCE, lifetime_seconds=GUEST_SECONDS)
        self._verifier.trust(token)
        return token

    def internal(self, customer_id: str) -> str:
        """Return a token for the services behind the door, valid for at least half of its five minutes."""
        now = self._clock.now()
        known = self._internal.get(customer_id)
        if known and known[1] > now:
            return known[0]
        token = self._signer.sign(
            customer_id, audience=INTERNAL_AUDIENCE, scopes=CUSTOMER_SCOPES, lifetime_seconds=INTERNAL_SECONDS
        )
        if len(self._internal) >= REMEMBERED_TOKENS:
            self._internal.pop(next(iter(self._internal)))
        self._internal[customer_id] = (token, now + INTERNAL_SECONDS / 2)
        return token

    def jwks(self) -> dict[str, Any]:
        """Return the public key that verifies both kinds."""
        return self._signer.jwks()
