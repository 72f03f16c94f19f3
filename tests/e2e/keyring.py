"""The sandbox's own keys. Whoever may read its secrets may say to be anybody in it: here to tell good tokens from bad ones."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from e2e.shop import aws_of
from shop_contracts.tokens import INTERNAL_AUDIENCE, ISSUER
from shop_kit.auth import TokenSigner, private_key
from shop_kit.aws.client import AwsClient
from shop_kit.aws.secrets import read_secret
from shop_services.payments.adapters.webhooks import signature

PUBLIC_AUDIENCE = "shop"
ALL_SCOPES = (
    "orders:place",
    "orders:read",
    "orders:cancel",
    "customers:read",
    "customers:write",
    "stock:read",
    "stock:write",
    "payments:read",
    "payments:refund",
    "pricing:read",
    "pricing:write",
    "quotes:create",
    "catalog:write",
    "carts:read",
    "carts:write",
)


@dataclass(frozen=True)
class Keyring:
    """What signs tokens, and what signs the provider's calls."""

    signing: Ed25519PrivateKey
    webhook_secret: str

    @classmethod
    def of_sandbox(cls, environment: Mapping[str, str]) -> Keyring:
        """Read the secrets of the sandbox with this `env`."""

        async def read() -> tuple[str, str]:
            async with AwsClient.connect(aws_of(environment)) as aws:
                return str(await read_secret(aws, "edge-signing")), str(await read_secret(aws, "payments-webhooks"))

        signing, webhooks = asyncio.run(read())
        return cls(private_key(json.loads(signing)["privateKeyPem"]), webhooks)

    def internal(self, subject: str, *scopes: str) -> str:
        """A token for the services behind the front door; without scopes one that may do everything."""
        return self.token(subject, audience=INTERNAL_AUDIENCE, scopes=scopes or ALL_SCOPES)

    def token(
        self,
        subject: str,
        *,
        audience: str,
        issuer: str = ISSUER,
        scopes: Collection[str] = ALL_SCOPES,
        lifetime_seconds: float = 3600,
    ) -> str:
        """Any token, signed with the shop's own key."""
        return TokenSigner(self.signing, issuer).sign(subject, audience=audience, scopes=scopes, lifetime_seconds=lifetime_seconds)

    def webhook_signature(self, body: bytes) -> str:
        """The header with which the payment provider sends `body` now."""
        moment = str(int(time.time()))
        return f"t={moment},v1={signature(self.webhook_secret, moment, body)}"
