"""Tokens of a Cognito user pool: of customers who signed in, and of machines on their own account.

https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from shop_kit.auth import RSA_ALGORITHM, Keys, NotAuthenticated, Principal, TokenVerifier
from shop_kit.clock import Clock
from shop_kit.identifiers import identifier_of_uuid

from shop_services.edge.application.callers import NO_CLAIMS, Caller, TokenKind

RESOURCE_SERVER = "shop/"
"""What stands before each scope of the shop: Cognito's scopes are those of a resource server."""


class UserPoolTokens:
    """Takes access tokens, and no others, that the pool gave to one of these clients.

    A customer's id has the bits of the pool's `sub`, so that nobody has to be asked who they are.
    """

    def __init__(self, keys: Keys, *, issuer: str, customers: Collection[str], machines: Collection[str], clock: Clock) -> None:
        self._machines = frozenset(machines)
        self._verifier = TokenVerifier(
            keys,
            issuer=issuer,
            audience={*customers, *machines},
            clock=clock,
            algorithm=RSA_ALGORITHM,
            audience_claim="client_id",
            claims={"token_use": "access"},  # nosec B105 # the kind of a token
        )

    def knows(self, token: str) -> bool:
        """Return whether this token was verified before."""
        return self._verifier.knows(token)

    async def verify(self, token: str) -> Caller:
        """Return whose token it is. Raises NotAuthenticated; Unavailable when the pool's keys cannot be had."""
        principal = await self._verifier.verify(token)
        scopes = frozenset(scope.removeprefix(RESOURCE_SERVER) for scope in principal.scopes if scope.startswith(RESOURCE_SERVER))
        if principal.claims["client_id"] in self._machines:
            return Caller(principal.subject, scopes, NO_CLAIMS, TokenKind.MACHINE)
        return Caller(_customer_id(principal), scopes, NO_CLAIMS, TokenKind.CUSTOMER)


def _customer_id(principal: Principal) -> str:
    try:
        return identifier_of_uuid("cus", UUID(principal.subject))
    except ValueError as error:
        raise NotAuthenticated("the token is nobody's who signs in here") from error
