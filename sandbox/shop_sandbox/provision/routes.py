"""Routes of API Gateway: one HTTP API for all services, leading to their processes and functions."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from shop_sandbox.manifest.form import Throttling
from shop_sandbox.provision.aws_api import Aws
from shop_sandbox.provision.identity import UserPools
from shop_sandbox.provision.task import Outcome

API_NAME = "shop-dev"
API_ID = hashlib.sha256(API_NAME.encode()).hexdigest()[:8]
"""The emulator takes an id by tag, so that the API's address stays the same."""
_STAGE = "$default"
_TO_FUNCTION = {"integrationType": "AWS_PROXY", "integrationMethod": "POST", "payloadFormatVersion": "2.0"}
_TO_PROCESS = {
    "integrationType": "HTTP_PROXY",
    "integrationMethod": "ANY",
    "payloadFormatVersion": "1.0",
    "requestParameters": {"overwrite:path": "$request.path"},
}
"""The path goes through as it came; API Gateway would ask for the bare address without this."""


def api_url(endpoint: str) -> str:
    """Return the address of the API on the emulator."""
    return f"{endpoint}/_aws/execute-api/{API_ID}"


@dataclass(frozen=True)
class WantedRoute:
    """`key` is API Gateway's, as in `POST /v1/orders`; `target` is a URL, or the ARN of a function."""

    key: str
    target: str
    user_pool: str | None = None
    scopes: tuple[str, ...] = ()
    """Of which a token must have one."""


class Api:
    """The HTTP API of an account."""

    def __init__(self, aws: Aws, pools: UserPools) -> None:
        self._aws = aws
        self._pools = pools
        self._id = API_ID
        self._routes: dict[str, dict[str, Any]] = {}
        self._integrations: dict[str, str] = {}
        self._authorizers: dict[str, str] = {}

    async def open(self) -> None:
        """Make the API be there, and learn what it has. Raises AwsRefused, AwsUnreachable."""
        found = [one for one in (await self._call("GET", "")).get("items", ()) if one["name"] == API_NAME]
        if found:
            self._id = found[0]["apiId"]
        else:
            made = {"name": API_NAME, "protocolType": "HTTP", "tags": {"ms-custom-id": API_ID}}
            self._id = (await self._call("POST", "", made))["apiId"]
            await self._call("POST", f"/{self._id}/stages", {"stageName": _STAGE, "autoDeploy": True})
        self._routes = {one["routeKey"]: one for one in await self._items("routes")}
        self._integrations = {one["integrationUri"]: one["integrationId"] for one in await self._items("integrations")}
        self._authorizers = {one["name"]: one["authorizerId"] for one in await self._items("authorizers")}

    async def settle(self, route: WantedRoute) -> tuple[Outcome, str]:
        """Make the route lead where it should. Raises AwsRefused, AwsUnreachable."""
        wanted: dict[str, Any] = {
            "routeKey": route.key,
            "target": f"integrations/{await self._integration(route)}",
            "authorizationType": "JWT" if route.user_pool else "NONE",
        }
        if route.user_pool:
            wanted |= {"authorizerId": await self._authorizer(route.user_pool), "authorizationScopes": [*route.scopes]}
        there = self._routes.get(route.key)
        if there is None:
            await self._call("POST", f"/{self._id}/routes", wanted)
            return Outcome.MADE, f"to {route.target}"
        if {name: there.get(name, []) for name in wanted} == wanted:
            return Outcome.UNCHANGED, ""
        await self._call("PATCH", f"/{self._id}/routes/{there['routeId']}", wanted)
        return Outcome.CHANGED, f"to {route.target}"

    async def throttle(self, throttling: Throttling) -> tuple[Outcome, str]:
        """Bound what every route lets through. Raises AwsRefused, AwsUnreachable."""
        settings = {"throttlingRateLimit": throttling.per_second, "throttlingBurstLimit": throttling.burst}
        path = f"/{self._id}/stages/{quote(_STAGE, safe='')}"
        if (await self._call("GET", path)).get("defaultRouteSettings") == settings:
            return Outcome.UNCHANGED, ""
        await self._call("PATCH", path, {"defaultRouteSettings": settings})
        return Outcome.CHANGED, f"{throttling.per_second} a second, {throttling.burst} at once"

    async def _integration(self, route: WantedRoute) -> str:
        uri = route.target
        if uri not in self._integrations:
            wanted = _TO_FUNCTION if uri.startswith("arn:") else _TO_PROCESS
            made = await self._call("POST", f"/{self._id}/integrations", {**wanted, "integrationUri": uri})
            self._integrations[uri] = made["integrationId"]
        return self._integrations[uri]

    async def _authorizer(self, pool: str) -> str:
        """Cognito's access tokens name their client under `client_id`, which API Gateway takes for an audience."""
        if pool not in self._authorizers:
            audience = [value for name, value in self._pools.variables.get(pool, {}).items() if "_CLIENT_" in name]
            wanted = {
                "name": pool,
                "authorizerType": "JWT",
                "identitySource": ["$request.header.Authorization"],
                "jwtConfiguration": {"issuer": self._pools.issuer(pool), "audience": audience},
            }
            self._authorizers[pool] = (await self._call("POST", f"/{self._id}/authorizers", wanted))["authorizerId"]
        return self._authorizers[pool]

    async def _items(self, kind: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self._call("GET", f"/{self._id}/{kind}")).get("items", [])
        return found

    async def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return await self._aws.rest_json("apigateway", method, f"/v2/apis{path}", body)
