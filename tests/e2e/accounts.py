"""Customers' accounts at the shop's user pool, and the machines that have one of their own."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from e2e.shop import Shop, aws_of
from fakes.browser import Browser
from shop_kit.aws.client import AwsClient

CALLBACK = "http://localhost:3000/signed-in"
PASSWORD = "Letters-of-1815!"
SCOPES = (
    "quotes:create",
    "orders:place",
    "orders:read",
    "orders:cancel",
    "customers:read",
    "customers:write",
    "carts:read",
    "carts:write",
)


@dataclass(frozen=True)
class Account:
    """Somebody who can sign in."""

    email: str
    pages: str
    client: str
    password: str = PASSWORD

    def signs_in(self, *scopes: str) -> str:
        """An access token with these scopes, got on the pool's own page; without scopes with all of a customer's."""
        wanted = " ".join(["openid", *(f"shop/{scope}" for scope in scopes or SCOPES)])
        browser = Browser(self.pages, self.client, CALLBACK, wanted)
        return str(browser.token(browser.sign_in(self.email, self.password))["access_token"])


@dataclass(frozen=True)
class Accounts:
    """The user pool of a shop."""

    environment: Mapping[str, str]
    pool: str
    clients: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, shop: Shop) -> Accounts:
        """Find the pool of customers."""

        async def look() -> tuple[str, dict[str, str]]:
            async with AwsClient.connect(aws_of(shop.environment)) as aws:
                pools = await _call(aws, "ListUserPools", {"MaxResults": 60})
                (pool,) = (one["Id"] for one in pools["UserPools"] if one["Name"] == "customers")
                found = await _call(aws, "ListUserPoolClients", {"UserPoolId": pool, "MaxResults": 60})
                return pool, {one["ClientName"]: one["ClientId"] for one in found["UserPoolClients"]}

        return cls(shop.environment, *asyncio.run(look()))

    def new(self) -> Account:
        """Somebody signs up, and proves that the address is theirs."""
        email = f"ann-{uuid.uuid4().hex[:8]}@shop.example"

        async def sign_up() -> None:
            async with AwsClient.connect(aws_of(self.environment)) as aws:
                attributes = [{"Name": "email", "Value": email}]
                asked = {"ClientId": self.clients["web"], "Username": email, "Password": PASSWORD, "UserAttributes": attributes}
                await _call(aws, "SignUp", asked)
                await _call(aws, "AdminConfirmSignUp", {"UserPoolId": self.pool, "Username": email})

        asyncio.run(sign_up())
        return Account(email, self.environment["AWS_ENDPOINT_URL"], self.clients["web"])

    def of_email(self, email: str, password: str) -> Account:
        """Somebody who has signed up before."""
        return Account(email, self.environment["AWS_ENDPOINT_URL"], self.clients["web"], password)

    def machine(self, *scopes: str) -> str:
        """An access token of the back office, by client credentials."""

        async def secret() -> str:
            async with AwsClient.connect(aws_of(self.environment)) as aws:
                asked = {"UserPoolId": self.pool, "ClientId": self.clients["back-office"]}
                return str((await _call(aws, "DescribeUserPoolClient", asked))["UserPoolClient"]["ClientSecret"])

        answer = httpx.post(
            f"{self.environment['AWS_ENDPOINT_URL']}/oauth2/token",
            data={"grant_type": "client_credentials", "scope": " ".join(f"shop/{scope}" for scope in scopes)},
            auth=(self.clients["back-office"], asyncio.run(secret())),
        )
        return str(answer.json()["access_token"])


async def _call(aws: AwsClient, operation: str, request: dict[str, Any]) -> dict[str, Any]:
    return await aws.call("cognito-idp", "AWSCognitoIdentityProviderService", operation, request, version="1.1")
