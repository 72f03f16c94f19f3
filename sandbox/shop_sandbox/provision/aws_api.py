"""The few AWS calls that provisioning makes, in the shapes of AWS's own protocols: JSON, Query and REST."""

from __future__ import annotations

import asyncio
import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlencode, urlsplit

from shop_sandbox.provision.signing import Credentials, sign

_ATTEMPTS = 4
_FIRST_PAUSE_SECONDS = 0.1
_THROTTLED = frozenset(
    {"Throttling", "ThrottlingException", "RequestLimitExceeded", "LimitExceededException", "SlowDown", "TooManyRequestsException"}
)


class AwsRefused(Exception):
    """AWS answered with an error. `code` is its name without namespace: `ResourceNotFoundException`."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}" if message else code)
        self.status, self.code, self.message = status, code, message


class AwsUnreachable(Exception):
    """Nothing answers at the endpoint."""


@dataclass(frozen=True)
class AwsAccount:
    """Where to call and as whom. `own_endpoints` are those of services that somebody else answers, by their name in signatures."""

    endpoint: str
    region: str
    credentials: Credentials
    own_endpoints: Mapping[str, str] = field(default_factory=dict)

    def endpoint_of(self, service: str) -> str:
        """Return where a service of AWS is."""
        return self.own_endpoints.get(service, self.endpoint)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> AwsAccount:
        """Read AWS's own variables. Raises KeyError with the name of a variable that is missing."""
        credentials = Credentials(
            environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"], environment.get("AWS_SESSION_TOKEN")
        )
        own = {name: url.rstrip("/") for name, variable in _OWN_ENDPOINTS.items() if (url := environment.get(variable))}
        return cls(environment["AWS_ENDPOINT_URL"].rstrip("/"), environment["AWS_REGION"], credentials, own)


_OWN_ENDPOINTS = {
    "cognito-idp": "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER",
    "apigateway": "AWS_ENDPOINT_URL_APIGATEWAYV2",
}
"""AWS's own variables (https://docs.aws.amazon.com/sdkref/latest/guide/ss-endpoints-table.html) of what LocalStack without an
account has not, by the services' names in signatures."""


@dataclass(frozen=True)
class _JsonService:
    name: str
    target: str
    version: str


_JSON_SERVICES = {
    "dynamodb": _JsonService("dynamodb", "DynamoDB_20120810", "1.0"),
    "sqs": _JsonService("sqs", "AmazonSQS", "1.0"),
    "ssm": _JsonService("ssm", "AmazonSSM", "1.1"),
    "secretsmanager": _JsonService("secretsmanager", "secretsmanager", "1.1"),
    "cognito-idp": _JsonService("cognito-idp", "AWSCognitoIdentityProviderService", "1.1"),
    "monitoring": _JsonService("monitoring", "GraniteServiceVersion20100801", "1.0"),
    "events": _JsonService("events", "AWSEvents", "1.1"),
}


class Answer(NamedTuple):
    """What came back over HTTP."""

    status: int
    headers: Mapping[str, str]
    text: str


def unreachable(url: str, error: Exception) -> AwsUnreachable:
    """Return the error for a request that nobody answered; it names the endpoint and not the request."""
    parts = urlsplit(url)
    return AwsUnreachable(f"{parts.scheme}://{parts.netloc} does not answer: {str(error) or type(error).__name__}")


class Session(Protocol):
    """A way to the account's endpoints."""

    async def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send a request as it stands; the URL is encoded already. Raises AwsUnreachable."""
        ...


class Aws:
    """Signed calls to one account, over one session."""

    def __init__(self, account: AwsAccount, session: Session) -> None:
        self._account = account
        self._session = session

    @property
    def region(self) -> str:
        return self._account.region

    async def json(self, service: str, operation: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Call an operation of a service that speaks JSON by target (DynamoDB, SQS…). Raises AwsRefused, AwsUnreachable."""
        spec = _JSON_SERVICES[service]
        headers = {"Content-Type": f"application/x-amz-json-{spec.version}", "X-Amz-Target": f"{spec.target}.{operation}"}
        text = await self._call(service, "POST", "/", headers, json.dumps(body).encode())
        found: dict[str, Any] = json.loads(text) if text else {}
        return found

    async def query(self, service: str, operation: str, parameters: Mapping[str, str], version: str) -> str:
        """Call an operation of the Query protocol (SNS) and return its XML. Raises AwsRefused, AwsUnreachable."""
        form = urlencode({"Action": operation, "Version": version, **parameters}).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
        return await self._call(service, "POST", "/", headers, form)

    async def rest(self, service: str, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> str:
        """Call a REST operation (S3). Raises AwsRefused, AwsUnreachable."""
        return await self._call(service, method, path, headers or {}, body)

    async def rest_json(self, service: str, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Call a REST operation whose bodies are JSON (Lambda, API Gateway, SES). Raises AwsRefused, AwsUnreachable."""
        sent = b"" if body is None else json.dumps(body).encode()
        text = await self._call(service, method, path, {"Content-Type": "application/json"}, sent)
        found: dict[str, Any] = json.loads(text) if text else {}
        return found

    async def _call(self, service: str, method: str, path: str, headers: Mapping[str, str], body: bytes) -> str:
        pause = _FIRST_PAUSE_SECONDS
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return await self._once(service, method, path, headers, body)
            except AwsRefused as error:
                if attempt == _ATTEMPTS or not (error.status >= 500 or error.code in _THROTTLED):
                    raise
            await asyncio.sleep(pause)
            pause *= 2
        raise AssertionError("the last attempt returns or raises")

    async def _once(self, service: str, method: str, path: str, headers: Mapping[str, str], body: bytes) -> str:
        account = self._account
        endpoint = account.endpoint_of(service)
        url = endpoint + path
        signed = sign(
            account.credentials,
            method=method,
            url=url,
            headers=headers,
            body=body,
            region=account.region,
            service=service,
            at=datetime.now(UTC),
        )
        answer = await self._session.send(method, url, signed, body)
        if answer.status < 300:
            return answer.text
        raise _refusal(answer)


def _refusal(answer: Answer) -> AwsRefused:
    """Read an error in JSON (`__type`) or XML (`<Code>`)."""
    status, text = answer.status, answer.text
    try:
        body = json.loads(text)
    except ValueError:
        return AwsRefused(
            status, next(iter(xml_values(text, "Code")), f"HTTP {status}"), next(iter(xml_values(text, "Message")), "")
        )
    kind = str(body.get("__type") or answer.headers.get("x-amzn-errortype") or f"HTTP {status}")
    return AwsRefused(status, kind.partition(":")[0].rpartition("#")[2], str(body.get("message") or body.get("Message") or ""))


def xml_values(text: str, element: str) -> list[str]:
    """The texts of all elements of a name, in order. AWS's answers are flat and machine-made: that is all there is to parse."""
    return [html.unescape(value) for value in re.findall(rf"<{element}>([^<]*)</{element}>", text)]
