"""Sign-ins in a Cognito user pool. A customer's id has the bits of the user's `sub`: who holds a token is known by it alone."""

from __future__ import annotations

from typing import Any

from shop_kit.aws.client import AwsClient, AwsError
from shop_kit.identifiers import uuid_of

from shop_services.identity.application.ports import NoSuchSignIn

PREFIX = "cus"


class CognitoSignIns:
    """Implements `SignIns`."""

    def __init__(self, aws: AwsClient, pool_id: str) -> None:
        self._aws = aws
        self._pool_id = pool_id

    async def email(self, customer_id: str) -> str:
        """Return the user's e-mail address. Raises NoSuchSignIn."""
        user = await self._call("AdminGetUser", customer_id)
        found = {one["Name"]: one["Value"] for one in user.get("UserAttributes", ())}
        if "email" not in found:
            raise NoSuchSignIn(customer_id)
        return str(found["email"])

    async def remove(self, customer_id: str) -> None:
        """Delete the user, and every session with it."""
        try:
            await self._call("AdminDeleteUser", customer_id)
        except NoSuchSignIn:
            return

    async def _call(self, operation: str, customer_id: str) -> dict[str, Any]:
        try:
            asked = {"UserPoolId": self._pool_id, "Username": str(uuid_of(PREFIX, customer_id))}
            return await self._aws.call("cognito-idp", "AWSCognitoIdentityProviderService", operation, asked, version="1.1")
        except ValueError as error:
            raise NoSuchSignIn(customer_id) from error
        except AwsError as error:
            if error.code != "UserNotFoundException":
                raise
            raise NoSuchSignIn(customer_id) from error
