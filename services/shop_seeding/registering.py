"""Puts customers into a running shop: they sign up at its user pool, and register with identity."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shop_kit.aws.client import AwsClient, AwsError
from shop_kit.identifiers import identifier_of_uuid

from shop_seeding.calls import Caller
from shop_seeding.customers import PASSWORD, Customer
from shop_seeding.failing import SeedingFailed

POOL = "customers"
SCOPES = ("customers:read", "customers:write")


@dataclass(frozen=True)
class UserPool:
    """The pool that customers sign in at."""

    aws: AwsClient
    id: str

    @classmethod
    async def find(cls, aws: AwsClient) -> UserPool:
        """Return the shop's pool. Raises SeedingFailed when there is none."""
        pools = (await _call(aws, "ListUserPools", {"MaxResults": 60}))["UserPools"]
        found = next((one["Id"] for one in pools if one["Name"] == POOL), None)
        if found is None:
            raise SeedingFailed(f"there is no user pool {POOL}")
        return cls(aws, found)

    async def sign_up(self, email: str) -> str:
        """Let somebody sign in who cannot yet, and return their id as a customer."""
        user: dict[str, Any] = {"UserPoolId": self.id, "Username": email}
        attributes = [{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}]
        try:
            await _call(self.aws, "AdminCreateUser", {**user, "UserAttributes": attributes, "MessageAction": "SUPPRESS"})
        except AwsError as error:
            if error.code != "UsernameExistsException":
                raise
        known = await _call(self.aws, "AdminGetUser", user)
        if known["UserStatus"] != "CONFIRMED":
            await _call(self.aws, "AdminSetUserPassword", {**user, "Password": PASSWORD, "Permanent": True})
        return identifier_of_uuid("cus", uuid.UUID(next(one["Value"] for one in known["UserAttributes"] if one["Name"] == "sub")))


async def register(caller: Caller, identity: str, pool: UserPool, wanted: Sequence[Customer]) -> None:
    """Register customers, with their addresses and consents; those who are registered stay as they are. Raises SeedingFailed."""
    await asyncio.gather(*(_register(caller, identity, pool, one) for one in wanted))


async def _register(caller: Caller, identity: str, pool: UserPool, customer: Customer) -> None:
    me, what = f"{identity}/v1/customers/me", f"the customer {customer.email}"
    themselves = caller.acting_as(await pool.sign_up(customer.email), SCOPES)
    if not await themselves.put_new(me, {"name": customer.name, "language": customer.language}, what=what):
        return
    for address in customer.addresses:
        await themselves.post(f"{me}/addresses", address, what=what)
    for purpose, is_given in customer.consents.items():
        await themselves.put(f"{me}/consents/{purpose}", {"isGiven": is_given}, what=what)


async def _call(aws: AwsClient, operation: str, request: dict[str, Any]) -> dict[str, Any]:
    return await aws.call("cognito-idp", "AWSCognitoIdentityProviderService", operation, request, version="1.1")
