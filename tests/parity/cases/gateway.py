"""HTTP APIs of API Gateway, as provisioning makes them."""

from __future__ import annotations

from parity.account import Account
from parity.case import case, expect, expect_equal, refused

_APIS = "apigatewayv2/latest/api-reference"


def _api(account: Account) -> str:
    return str(account.client("apigatewayv2").create_api(Name=account.name(), ProtocolType="HTTP")["ApiId"])


def _integration(account: Account, api: str) -> str:
    made = account.client("apigatewayv2").create_integration(
        ApiId=api,
        IntegrationType="HTTP_PROXY",
        IntegrationMethod="ANY",
        IntegrationUri="http://127.0.0.1:9",
        PayloadFormatVersion="1.0",
        RequestParameters={"overwrite:path": "$request.path"},
    )
    return str(made["IntegrationId"])


@case("apigatewayv2:CreateApi", "apigatewayv2:GetApis", says="An API is made and listed by its name.", page=f"{_APIS}/apis.html")
def api_is_made(account: Account) -> None:
    api = _api(account)
    listed = [one["ApiId"] for one in account.client("apigatewayv2").get_apis(MaxResults="500")["Items"]]
    expect(api in listed, "does not list it")


@case(
    "apigatewayv2:CreateStage",
    "apigatewayv2:GetStage",
    "apigatewayv2:UpdateStage",
    says="The stage `$default` is made, described, and limited in what its routes let through.",
    page=f"{_APIS}/apis-apiid-stages-stagename.html",
)
def stage_is_limited(account: Account) -> None:
    gateway, api = account.client("apigatewayv2"), _api(account)
    gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    gateway.update_stage(
        ApiId=api, StageName="$default", DefaultRouteSettings={"ThrottlingRateLimit": 500.0, "ThrottlingBurstLimit": 1000}
    )
    found = gateway.get_stage(ApiId=api, StageName="$default").get("DefaultRouteSettings", {})
    expect_equal((found.get("ThrottlingRateLimit"), found.get("ThrottlingBurstLimit")), (500.0, 1000), "the limits")


@case(
    "apigatewayv2:CreateIntegration",
    "apigatewayv2:GetIntegrations",
    says="An integration keeps its address and what it does with the path.",
    page=f"{_APIS}/apis-apiid-integrations.html",
)
def integration_is_made(account: Account) -> None:
    api = _api(account)
    integration = _integration(account, api)
    (found,) = account.client("apigatewayv2").get_integrations(ApiId=api)["Items"]
    wanted = (integration, "http://127.0.0.1:9", {"overwrite:path": "$request.path"})
    expect_equal((found["IntegrationId"], found["IntegrationUri"], found.get("RequestParameters")), wanted, "the integration")


@case(
    "apigatewayv2:CreateRoute",
    "apigatewayv2:GetRoutes",
    "apigatewayv2:UpdateRoute",
    says="A route is made and led elsewhere; a second one of its key is refused with ConflictException.",
    page=f"{_APIS}/apis-apiid-routes.html",
)
def route_is_led_elsewhere(account: Account) -> None:
    gateway, api = account.client("apigatewayv2"), _api(account)
    first, second = _integration(account, api), _integration(account, api)
    route = gateway.create_route(ApiId=api, RouteKey="GET /a", Target=f"integrations/{first}")["RouteId"]
    gateway.update_route(ApiId=api, RouteId=route, Target=f"integrations/{second}")
    (found,) = gateway.get_routes(ApiId=api)["Items"]
    expect_equal((found["RouteKey"], found["Target"]), ("GET /a", f"integrations/{second}"), "the route")
    with refused("ConflictException"):
        gateway.create_route(ApiId=api, RouteKey="GET /a", Target=f"integrations/{first}")


@case(
    "apigatewayv2:CreateAuthorizer",
    "apigatewayv2:GetAuthorizers",
    "apigatewayv2:CreateRoute",
    says="A JWT authorizer keeps issuer and audience, and a route demands its scopes.",
    page=f"{_APIS}/apis-apiid-authorizers.html",
)
def authorizer_is_made(account: Account) -> None:
    gateway, api = account.client("apigatewayv2"), _api(account)
    told = {"Issuer": "https://issuer.example", "Audience": ["web"]}
    made = gateway.create_authorizer(
        ApiId=api, Name="users", AuthorizerType="JWT", IdentitySource=["$request.header.Authorization"], JwtConfiguration=told
    )["AuthorizerId"]
    (found,) = gateway.get_authorizers(ApiId=api)["Items"]
    expect_equal((found["AuthorizerId"], found.get("JwtConfiguration")), (made, told), "the authorizer")
    gateway.create_route(
        ApiId=api,
        RouteKey="GET /a",
        AuthorizationType="JWT",
        AuthorizerId=made,
        AuthorizationScopes=["shop/a"],
        Target=f"integrations/{_integration(account, api)}",
    )
    (route,) = gateway.get_routes(ApiId=api)["Items"]
    expect_equal((route.get("AuthorizationType"), route.get("AuthorizationScopes")), ("JWT", ["shop/a"]), "what the route demands")


@case(
    "apigatewayv2:GetRoutes",
    says="An API that is not there is refused with NotFoundException.",
    page=f"{_APIS}/apis-apiid-routes.html",
)
def routes_of_no_api(account: Account) -> None:
    with refused("NotFoundException"):
        account.client("apigatewayv2").get_routes(ApiId="nothing0")
