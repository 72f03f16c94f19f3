"""Cognito user pools with their clients, and SES identities."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from shop_sandbox.manifest.form import Sender, UserPool, UserPoolClient
from shop_sandbox.manifest.names import client_variable, issuer_variable, jwks_variable, login_variable, user_pool_variable
from shop_sandbox.provision.aws_api import Aws, AwsRefused
from shop_sandbox.provision.task import Outcome

_PAGE = 60
"""The most that Cognito lists at once."""
_FLOWS = {
    "password": "ALLOW_USER_PASSWORD_AUTH",  # nosec B105 # the name of a flow
    "srp": "ALLOW_USER_SRP_AUTH",
    "custom": "ALLOW_CUSTOM_AUTH",
    "admin-password": "ALLOW_ADMIN_USER_PASSWORD_AUTH",
    "refresh": "ALLOW_REFRESH_TOKEN_AUTH",
}


class UserPools:
    """The user pools of an account. Cognito takes two of one name, so they are listed first."""

    def __init__(self, aws: Aws, endpoint: str) -> None:
        self._aws = aws
        self._endpoint = endpoint
        self._ids: dict[str, str] = {}
        self.variables: dict[str, dict[str, str]] = {}
        """By pool, what services read: ids and addresses that Cognito gave out."""

    async def discover(self) -> None:
        """Learn which pools are there. Raises AwsRefused, AwsUnreachable."""
        for pool in await self._pages("ListUserPools", {}, "UserPools"):
            self._ids[pool["Name"]] = pool["Id"]

    def id(self, name: str) -> str:
        """Return the id of a pool that is there."""
        return self._ids[name]

    def issuer(self, name: str) -> str:
        """Return who issues the tokens of a pool that is there."""
        return f"https://cognito-idp.{self._aws.region}.amazonaws.com/{self._ids[name]}"

    async def settle(self, pool: UserPool) -> tuple[Outcome, str]:
        """Make the pool be there with its scopes and clients. Raises AwsRefused, AwsUnreachable."""
        made = pool.name not in self._ids
        policies = {"PasswordPolicy": {"MinimumLength": pool.password_min_length}}
        changes = []
        if made:
            asked = {"PoolName": pool.name, "UsernameAttributes": list(pool.sign_in), "Policies": policies}
            self._ids[pool.name] = (await self._call("CreateUserPool", asked))["UserPool"]["Id"]
        else:
            changes += await self._mend_policy(pool)
        changes += await self._domain(pool)
        changes += await self._scopes(pool)
        clients = {one["ClientName"]: one["ClientId"] for one in await self._clients(pool)}
        for client in pool.clients:
            changes += await self._client(pool, client, clients)
        self._keep(pool, clients)
        return Outcome.MADE if made else Outcome.CHANGED if changes else Outcome.UNCHANGED, ", ".join(changes)

    async def _mend_policy(self, pool: UserPool) -> list[str]:
        there = (await self._call("DescribeUserPool", self._of(pool)))["UserPool"]
        policy = there.get("Policies", {}).get("PasswordPolicy", {})
        if policy.get("MinimumLength") == pool.password_min_length:
            return []
        policies = {"PasswordPolicy": {**policy, "MinimumLength": pool.password_min_length}}
        await self._call("UpdateUserPool", {**self._of(pool), "Policies": policies})
        return ["passwordMinLength"]

    async def _domain(self, pool: UserPool) -> list[str]:
        """Give the pool its sign-in pages. Another prefix than it has is refused by Cognito: links to the old one are about."""
        if pool.domain is None:
            return []
        there = await self._call("DescribeUserPoolDomain", {"Domain": pool.domain})
        if there.get("DomainDescription", {}).get("UserPoolId") == self._ids[pool.name]:
            return []
        await self._call("CreateUserPoolDomain", {**self._of(pool), "Domain": pool.domain})
        return [f"domain {pool.domain}"]

    async def _scopes(self, pool: UserPool) -> list[str]:
        """Make a resource server for the part of each scope before the slash."""
        servers: dict[str, set[str]] = {}
        for scope in pool.scopes:
            server, _, name = scope.partition("/")
            servers.setdefault(server, set()).add(name)
        changes = []
        for server, names in servers.items():
            asked = {
                **self._of(pool),
                "Identifier": server,
                "Name": server,
                "Scopes": [{"ScopeName": name, "ScopeDescription": name} for name in sorted(names)],
            }
            try:
                there = (await self._call("DescribeResourceServer", {**self._of(pool), "Identifier": server}))["ResourceServer"]
            except AwsRefused as error:
                if error.code != "ResourceNotFoundException":
                    raise
                await self._call("CreateResourceServer", asked)
                continue
            if {one["ScopeName"] for one in there.get("Scopes", ())} != names:
                await self._call("UpdateResourceServer", asked)
                changes.append(f"scopes of {server}")
        return changes

    async def _client(self, pool: UserPool, client: UserPoolClient, clients: dict[str, str]) -> list[str]:
        wanted = _wanted(client)
        if client.name not in clients:
            asked = {**self._of(pool), "ClientName": client.name, "GenerateSecret": client.secret, **wanted}
            clients[client.name] = (await self._call("CreateUserPoolClient", asked))["UserPoolClient"]["ClientId"]
            return [f"client {client.name}"]
        key = {**self._of(pool), "ClientId": clients[client.name]}
        there = (await self._call("DescribeUserPoolClient", key))["UserPoolClient"]
        if all(_same(there.get(name), value) for name, value in wanted.items()):
            return []
        await self._call("UpdateUserPoolClient", {**key, "ClientName": client.name, **wanted})
        return [f"client {client.name}"]

    async def _clients(self, pool: UserPool) -> list[dict[str, Any]]:
        return await self._pages("ListUserPoolClients", self._of(pool), "UserPoolClients")

    def _keep(self, pool: UserPool, clients: Mapping[str, str]) -> None:
        identity = self._ids[pool.name]
        self.variables[pool.name] = {
            user_pool_variable(pool.name): identity,
            issuer_variable(pool.name): self.issuer(pool.name),
            jwks_variable(pool.name): f"{self._endpoint}/{identity}/.well-known/jwks.json",
            login_variable(pool.name): self._endpoint,
            **{client_variable(pool.name, client.name): clients[client.name] for client in pool.clients},
        }

    def _of(self, pool: UserPool) -> dict[str, Any]:
        return {"UserPoolId": self._ids[pool.name]}

    async def _pages(self, operation: str, body: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        token: dict[str, str] = {}
        while True:
            answer = await self._call(operation, {**body, "MaxResults": _PAGE, **token})
            found += answer.get(key, ())
            if not answer.get("NextToken"):
                return found
            token = {"NextToken": answer["NextToken"]}

    async def _call(self, operation: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return await self._aws.json("cognito-idp", operation, body)


def _wanted(client: UserPoolClient) -> dict[str, Any]:
    holds = {"AccessTokenValidity": client.access_token_minutes, "TokenValidityUnits": {"AccessToken": "minutes"}}
    if "client-credentials" in client.flows:
        return {**holds, **_over_oauth("client_credentials", client.scopes)}
    direct = {"ExplicitAuthFlows": sorted(_FLOWS[flow] for flow in client.flows if flow in _FLOWS)}
    if "authorization-code" not in client.flows:
        return {**holds, **direct}
    return {
        **holds,
        **direct,
        **_over_oauth("code", (*client.scopes, "openid")),
        "CallbackURLs": sorted(client.callback_urls),
        "LogoutURLs": sorted(client.logout_urls),
        "SupportedIdentityProviders": ["COGNITO"],
    }


def _over_oauth(flow: str, scopes: Iterable[str]) -> dict[str, Any]:
    return {"AllowedOAuthFlows": [flow], "AllowedOAuthFlowsUserPoolClient": True, "AllowedOAuthScopes": sorted(scopes)}


def _same(there: Any, wanted: Any) -> bool:
    return sorted(there or ()) == wanted if isinstance(wanted, list) else there == wanted


async def settle_sender(aws: Aws, sender: Sender) -> tuple[Outcome, str]:
    """Make the SES identity be there. Raises AwsRefused, AwsUnreachable.

    In AWS its owner must still prove it, by a mail or by DNS.
    """
    there = await aws.rest_json("ses", "GET", "/v2/email/identities")
    if any(one.get("IdentityName") == sender.identity for one in there.get("EmailIdentities", ())):
        return Outcome.UNCHANGED, ""
    await aws.rest_json("ses", "POST", "/v2/email/identities", {"EmailIdentity": sender.identity})
    return Outcome.MADE, ""
