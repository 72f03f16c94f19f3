"""Routes of API Gateway from an OpenAPI document."""

from __future__ import annotations

from shop_sandbox.manifest.form import Gateway
from shop_sandbox.provision.gateway import gateway_routes
from shop_sandbox.provision.routes import WantedRoute

GATEWAY = Gateway(user_pool="readers", resource_server="post")
DOCUMENT = """
components:
  securitySchemes:
    reader: {type: oauth2}
    robot: {type: oauth2}
    guest: {type: http}
paths:
  /v1/letters/{letterId}:
    get: {security: [{reader: [letters:read]}, {robot: [letters:sort]}]}
    put: {security: [{reader: [letters:write, letters:read]}]}
    delete: {}
  /v1/letters:
    get: {security: [{}, {reader: [letters:read]}]}
    post: {security: [{guest: []}, {reader: [letters:write]}]}
  /health:
    get: {security: [{}]}
"""


def test_what_only_the_pools_tokens_open_gets_an_authorizer_and_the_rest_is_judged_by_the_service() -> None:
    made = [*gateway_routes(DOCUMENT, GATEWAY, "http://post")]

    assert made == [
        WantedRoute("GET /v1/letters/{letterId}", "http://post", "readers", ("post/letters:read", "post/letters:sort")),
        WantedRoute("PUT /v1/letters/{letterId}", "http://post", "readers", ("post/letters:read", "post/letters:write")),
        WantedRoute("GET /v1/letters", "http://post"),
        WantedRoute("POST /v1/letters", "http://post"),
    ]
