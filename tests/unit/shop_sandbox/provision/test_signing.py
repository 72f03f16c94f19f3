"""Signature Version 4, against botocore: the SDK that AWS itself ships."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from shop_sandbox.provision import signing

AT = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Request:
    service: str
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def url(self) -> str:
        return f"https://example.amazonaws.com:8443{self.path}"


REQUESTS = [
    Request(
        "dynamodb",
        "POST",
        "/",
        {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "DynamoDB_20120810.GetItem"},
        b'{"a":1}',
    ),
    Request("sns", "POST", "/", {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}, b"Action=ListTopics"),
    Request("s3", "PUT", "/media?versioning", {}, b"<x/>"),
    Request("s3", "GET", "/media/a%20b", {}, b""),
    Request("s3", "GET", "/media?prefix=a%2Fb&list-type=2", {}, b""),
]


def by_botocore(request: Request, token: str | None) -> str:
    made = AWSRequest(method=request.method, url=request.url, data=request.body, headers=dict(request.headers))
    kind: Any = S3SigV4Auth if request.service == "s3" else SigV4Auth
    kind(Credentials("AKIDEXAMPLE", "secret", token), request.service, "eu-west-1").add_auth(made)
    return str(made.headers["Authorization"])


@pytest.mark.parametrize("token", [None, "a-session-token"])
@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: f"{request.service} {request.method} {request.path}")
def test_a_signature_is_the_one_botocore_makes(monkeypatch: pytest.MonkeyPatch, request_: Request, token: str | None) -> None:
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: AT)

    ours = signing.sign(
        signing.Credentials("AKIDEXAMPLE", "secret", token),
        method=request_.method,
        url=request_.url,
        headers=request_.headers,
        body=request_.body,
        region="eu-west-1",
        service=request_.service,
        at=AT,
    )

    assert ours["Authorization"] == by_botocore(request_, token)
