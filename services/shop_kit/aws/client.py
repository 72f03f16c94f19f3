"""Signed calls of AWS's JSON protocols with time-outs and bounded retries."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec
from opentelemetry.trace import SpanKind, Tracer, get_tracer

from shop_kit.aws.credentials import Keys, keys_of, signed
from shop_kit.errors import Conflict, KitError, Overloaded, Unavailable
from shop_kit.metrics import Metrics
from shop_kit.resilience.breaker import CircuitBreaker
from shop_kit.resilience.retry import Retry, RetryBudget
from shop_kit.settings import AwsSettings

THROTTLED = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "RequestLimitExceeded",
        "LimitExceededException",
        "TooManyRequestsException",
    }
)
_CONTENDED = frozenset({"TransactionInProgressException", "TransactionConflictException"})
# Keys that expired, were rotated or lost a right: whoever runs the service mends it, and no request is at fault.
NOT_LET_IN = frozenset(
    {
        "ExpiredTokenException",
        "ExpiredToken",
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "AccessDeniedException",
    }
)


class AwsError(KitError):
    """A refusal by AWS: `code` as AWS names it, `document` the whole answer."""

    def __init__(self, operation: str, code: str, message: str, document: dict[str, Any]) -> None:
        super().__init__(f"{operation}: {code}: {message}")
        self.operation = operation
        self.code = code
        self.document = document


class AwsClient:
    """Calls any JSON-protocol service of AWS in one region, over one pool of connections."""

    def __init__(self, settings: AwsSettings, session: aiohttp.ClientSession, keys: Keys, metrics: Metrics, tracer: Tracer) -> None:
        self._region = settings.aws_region
        self._endpoint = settings.aws_endpoint_url
        self._own_endpoints = {"cognito-idp": settings.aws_endpoint_url_cognito_identity_provider}
        self._session = session
        self._keys = keys
        self._tracer = tracer
        self._retry = Retry(attempts=4, first_seconds=0.05, cap_seconds=1.0, budget=RetryBudget(reserve=20.0))
        self._breakers: dict[str, CircuitBreaker] = {}
        self._calls = metrics.counter("shop_aws_calls_total", "Calls to AWS, retries included.", "service", "operation", "outcome")

    @classmethod
    @asynccontextmanager
    async def connect(
        cls, settings: AwsSettings, *, metrics: Metrics | None = None, tracer: Tracer | None = None, connections: int = 64
    ) -> AsyncIterator[AwsClient]:
        """Give a client with its own pool. Nothing is called until it is used."""
        connector = aiohttp.TCPConnector(limit=connections, keepalive_timeout=30)
        timeout = aiohttp.ClientTimeout(total=5, connect=2)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=False) as session:
            yield cls(settings, session, keys_of(settings), metrics or Metrics(), tracer or get_tracer(__name__))

    async def call(
        self, service: str, prefix: str, operation: str, request: dict[str, Any], *, version: str = "1.0"
    ) -> dict[str, Any]:
        """Return the answer to one operation. Raises AwsError when AWS refuses it, Unavailable when it does not answer or
        does not let us in, Overloaded when it throttles, Conflict when others are at work on the same."""
        breaker = self._breakers.setdefault(service, CircuitBreaker(f"aws {service}", open_seconds=1.0))
        body = msgspec.json.encode(request)
        with self._tracer.start_as_current_span(
            operation, kind=SpanKind.CLIENT, attributes={"rpc.system": "aws-api", "rpc.service": service, "rpc.method": operation}
        ):
            return await self._retry.run(
                lambda: breaker.call(lambda: self._once(service, f"{prefix}.{operation}", operation, body, version))
            )

    async def _once(self, service: str, target: str, operation: str, body: bytes, version: str) -> dict[str, Any]:
        url = self._own_endpoints.get(service) or self._endpoint or f"https://{service}.{self._region}.amazonaws.com"
        content_type = f"application/x-amz-json-{version}"
        headers = {"host": urlsplit(url).netloc, "content-type": content_type, "x-amz-target": target}
        headers = signed(await self._keys.current(), headers, body, region=self._region, service=service)
        try:
            async with self._session.post(f"{url}/", data=body, headers=headers, allow_redirects=False) as response:
                content = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self._calls.add(service, operation, "unreachable")
            raise Unavailable(f"aws {service}", f"{operation}: {error or type(error).__name__}") from error
        if response.status == 200:
            self._calls.add(service, operation, "ok")
            return _document(content)
        return self._refused(service, operation, response.status, _document(content))

    def _refused(self, service: str, operation: str, status: int, document: dict[str, Any]) -> dict[str, Any]:
        code = str(document.get("__type", f"HTTP {status}")).rpartition("#")[2]
        message = str(document.get("message") or document.get("Message") or "")
        self._calls.add(service, operation, code)
        subject, reason = f"aws {service}", f"{operation}: {code}: {message}"
        if code in THROTTLED:
            raise Overloaded(subject, reason)
        if code in _CONTENDED:
            raise Conflict(subject, reason)
        if status >= 500 or code in NOT_LET_IN:
            raise Unavailable(subject, reason)
        raise AwsError(operation, code, message, document)


def _document(content: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(content, type=dict[str, Any]) if content else {}
    except msgspec.DecodeError:
        return {"message": content[:200].decode(errors="replace")}
