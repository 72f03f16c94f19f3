"""Customers of the sandbox's user pool who exist for load, and the right to set stock."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from shop_contracts.tokens import INTERNAL_AUDIENCE, ISSUER
from shop_kit.auth import TokenSigner, signing_key
from shop_kit.aws.client import AwsClient, AwsError
from shop_kit.aws.secrets import read_secret
from shop_kit.settings import AwsSettings, read_settings

COUNT = 120
POOL, CLIENT = "customers", "web"
PASSWORD = "Load-a-kettle-2026!"  # noqa: S105  # nosec B105 # of invented people, in sandboxes only
_SIGNING_SECRET = "edge-signing"  # noqa: S105  # nosec B105 # the name of a secret
_TOKEN_SECONDS = 4 * 3600
_AT_ONCE = 8


def accounts(environment: Mapping[str, str]) -> dict[str, object]:
    """Make accounts that can sign in, or find those of an earlier run. Raises KitError."""
    return asyncio.run(_accounts(read_settings(AwsSettings, environment)))


def stock_token(environment: Mapping[str, str]) -> str:
    """Sign a token as the edge does, of somebody who may set stock. Raises KitError."""
    return asyncio.run(_stock_token(read_settings(AwsSettings, environment)))


async def _accounts(settings: AwsSettings) -> dict[str, object]:
    async with AwsClient.connect(settings) as aws:
        pools = (await _call(aws, "ListUserPools", {"MaxResults": 60}))["UserPools"]
        pool = next(one["Id"] for one in pools if one["Name"] == POOL)
        clients = (await _call(aws, "ListUserPoolClients", {"UserPoolId": pool, "MaxResults": 60}))["UserPoolClients"]
        emails, free = [f"load-{number}@shop.example" for number in range(COUNT)], asyncio.Semaphore(_AT_ONCE)
        await asyncio.gather(*(_sign_up(aws, pool, email, free) for email in emails))
    return {
        "accounts": emails,
        "password": PASSWORD,
        "client": next(one["ClientId"] for one in clients if one["ClientName"] == CLIENT),
        "pages": settings.aws_endpoint_url,
    }


async def _sign_up(aws: AwsClient, pool: str, email: str, free: asyncio.Semaphore) -> None:
    user: dict[str, Any] = {"UserPoolId": pool, "Username": email}
    attributes = [{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}]
    async with free:
        try:
            await _call(aws, "AdminCreateUser", {**user, "UserAttributes": attributes, "MessageAction": "SUPPRESS"})
        except AwsError as error:
            if error.code != "UsernameExistsException":
                raise
            return
        await _call(aws, "AdminSetUserPassword", {**user, "Password": PASSWORD, "Permanent": True})


async def _stock_token(settings: AwsSettings) -> str:
    async with AwsClient.connect(settings) as aws:
        signer = TokenSigner(signing_key(await read_secret(aws, _SIGNING_SECRET)), ISSUER)
    return signer.sign("load", audience=INTERNAL_AUDIENCE, scopes=("stock:write",), lifetime_seconds=_TOKEN_SECONDS)


async def _call(aws: AwsClient, operation: str, request: dict[str, Any]) -> dict[str, Any]:
    return await aws.call("cognito-idp", "AWSCognitoIdentityProviderService", operation, request, version="1.1")
