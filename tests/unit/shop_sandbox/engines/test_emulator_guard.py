"""Only programs of the sandbox may use the emulator; other users of the machine and web pages may not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import MutableMapping
from typing import Any

import pytest
from shop_sandbox.engines.embedded.emulator.guard import Guard

OWN = "AKIAOWNOWNOWNOWNOWN0"
ISSUED = "ASIAOFASESSION000000"
HOST = "127.0.0.1:4566"


def enters(
    headers: dict[str, str] | None = None,
    *,
    key: str | None = OWN,
    host: str = HOST,
    path: str = "/",
    method: str = "POST",
    query: str = "",
) -> int | dict[str, str]:
    """200 where the emulator was asked, else the refusal."""
    signed = {"authorization": f"AWS4-HMAC-SHA256 Credential={key}/20260101/eu-west-1/s3/aws4_request, Signature=0"} if key else {}
    given = {"host": host, **signed, **(headers or {})}
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
    }
    sent: list[MutableMapping[str, Any]] = []

    async def inside(_scope: object, _receive: object, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    asyncio.run(Guard(inside, key_id=OWN, issued=lambda key_id: key_id == ISSUED)(scope, receive, send))
    if sent[0]["status"] == 200:
        return 200
    assert sent[0]["status"] == 403
    assert not any(name.startswith(b"access-control-") for name, _ in sent[0]["headers"])
    return dict(json.loads(sent[1]["body"]))


def test_a_program_with_the_sandboxs_key_enters() -> None:
    assert enters() == 200
    assert enters({"user-agent": "Boto3/1.40"}, host="localhost:4566") == 200
    assert enters(host="orders.s3.localhost:4566") == 200
    assert enters(host="[::1]:4566") == 200
    assert enters(host="host.docker.internal:4566") == 200


def test_a_key_that_the_emulator_gave_out_enters() -> None:
    assert enters(key=ISSUED) == 200


def test_a_signed_url_enters() -> None:
    assert enters(key=None, query=f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={OWN}%2F20260101%2Feu-west-1%2Fs3") == 200
    assert enters(key=None, query="X-Amz-Credential=AKIAOTHER%2F20260101") != 200


@pytest.mark.parametrize("key", ["test", "000000000000", "AKIAOWNOWNOWNOWNOWN1", ""])
def test_a_key_that_can_be_guessed_does_not(key: str) -> None:
    refused = enters(key=key or None)

    assert isinstance(refused, dict)
    assert refused["__type"] in ("UnrecognizedClientException", "MissingAuthenticationTokenException")
    assert "shop-dev env" in refused["message"]


@pytest.mark.parametrize("host", ["attacker.example:4566", "127.0.0.1.attacker.example", "localhost.attacker.example", ""])
def test_a_name_that_somebody_else_can_point_here_is_refused_even_with_the_key(host: str) -> None:
    assert isinstance(enters(host=host), dict)


@pytest.mark.parametrize("origin", ["https://attacker.example", "null", "http://127.0.0.1.attacker.example"])
@pytest.mark.parametrize("method", ["OPTIONS", "POST", "GET"])
def test_a_web_page_from_elsewhere_gets_nothing_and_no_preflight_is_answered(origin: str, method: str) -> None:
    assert isinstance(enters({"origin": origin}, method=method), dict)


def test_a_request_that_a_browser_sends_for_another_site_without_an_origin_is_refused() -> None:
    assert isinstance(enters({"sec-fetch-site": "cross-site"}, method="GET", path="/_ministack/health"), dict)


def test_a_page_that_the_developer_serves_from_this_machine_enters_with_the_key() -> None:
    assert enters({"origin": "http://localhost:3000"}) == 200
    assert enters({"origin": "http://localhost:3000"}, method="OPTIONS", key=None) == 200


@pytest.mark.parametrize(
    ("path", "host", "target"),
    [
        ("/_ministack/health", HOST, ""),
        ("/_aws/execute-api/a1/prod/orders", HOST, ""),
        ("/orders", "a1.execute-api.localhost:4566", ""),
        ("/", "u1.lambda-url.eu-west-1.localhost:4566", ""),
        ("/oauth2/token", HOST, ""),
        ("/eu-west-1_p1/.well-known/jwks.json", HOST, ""),
        ("/", HOST, "AWSCognitoIdentityProviderService.InitiateAuth"),
    ],
)
def test_what_is_public_in_aws_needs_no_key(path: str, host: str, target: str) -> None:
    assert enters({"x-amz-target": target}, key=None, path=path, host=host) == 200


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/_ministack/reset", ""),
        ("/_ministack/config", ""),
        ("/bucket/key", ""),
        ("/", "AWSCognitoIdentityProviderService.AdminCreateUser"),
        ("/", "DynamoDB_20120810.Scan"),
        ("/2015-03-31/functions", ""),
    ],
)
def test_everything_else_does(path: str, target: str) -> None:
    assert isinstance(enters({"x-amz-target": target}, key=None, path=path), dict)
