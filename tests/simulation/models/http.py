"""HTTP from inside a simulated process: aiohttp's session over handlers by host name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec

from simulation.faults import Kind, Trouble
from simulation.models.dynamo import DynamoModel, Refused
from simulation.outside import CallFailed, Outside

AWS, REGISTRY, EDGE, PRICING, PROVIDER = "aws.sim", "registry.sim", "edge.sim", "pricing.sim", "provider.sim"
DEFAULT_SECONDS = 5.0

_CATEGORIES = {
    "TransactWriteItems": "commit",
    "PutItem": "write",
    "UpdateItem": "write",
    "DeleteItem": "write",
    "BatchWriteItem": "remove",
    "Scan": "scan",
}


class ModelResponse:
    """An answer: status and body."""

    def __init__(self, status: int, content: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.status = status
        self.headers = dict(headers or {})
        self._content = content

    async def read(self) -> bytes:
        """Return the whole body."""
        return self._content

    async def json(self, **_: Any) -> Any:
        """Return the body, decoded."""
        return msgspec.json.decode(self._content)

    async def text(self) -> str:
        """Return the body as text."""
        return self._content.decode()


Handler = Callable[["Internet", str, str, Mapping[str, str], bytes, float], Any]


class Internet:
    """Who answers under which host name."""

    def __init__(self, outside: Outside, dynamo: DynamoModel) -> None:
        self.outside = outside
        self.dynamo = dynamo
        self.schema_ids: dict[str, int] = {}
        self.secrets: dict[str, str] = {}
        self.hosts: dict[str, Handler] = {AWS: _aws, REGISTRY: _registry}

    async def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, timeout_seconds: float
    ) -> ModelResponse:
        """Return the answer. Raises aiohttp's errors."""
        parts = urlsplit(url)
        handler = self.hosts.get(parts.hostname or "")
        if handler is None:
            raise NotImplementedError(f"{method} {url}: nobody answers there in the simulation")
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        try:
            found: ModelResponse = await handler(self, method, path, headers, body, timeout_seconds)
        except CallFailed as failed:
            if failed.is_timeout:
                raise TimeoutError("no answer in time") from None
            if failed.kind is Kind.REFUSED:
                raise aiohttp.ClientConnectionError(f"cannot connect to {parts.hostname}") from None
            raise aiohttp.ServerDisconnectedError("the connection broke") from None
        return found


async def _aws(net: Internet, _method: str, _path: str, headers: Mapping[str, str], body: bytes, seconds: float) -> ModelResponse:
    target = next(value for name, value in headers.items() if name.lower() == "x-amz-target")
    service, _, operation = target.partition(".")
    request = msgspec.json.decode(body)
    if service == "secretsmanager":
        document = {"SecretString": net.secrets[request["SecretId"]]}
        return ModelResponse(200, msgspec.json.encode(document))
    process = net.outside.process()

    def effect() -> ModelResponse:
        net.dynamo.writer = process.name
        try:
            return ModelResponse(200, msgspec.json.encode(net.dynamo.call(operation, request)))
        except Refused as refused:
            return ModelResponse(refused.status, msgspec.json.encode(refused.document))

    def refusal(why: Trouble | Kind) -> ModelResponse:
        if why is Trouble.EXPIRED_KEYS:
            refused = Refused("ExpiredTokenException", "The security token included in the request is expired")
        elif why is Kind.BROKEN:
            refused = Refused("InternalServerError", "Internal server error", 500)
        elif operation == "TransactWriteItems":
            refused = net.dynamo.cancelled(request, "TransactionConflict" if why is Kind.THROTTLED else "ThrottlingError")
        else:
            refused = Refused(
                "ProvisionedThroughputExceededException", "The level of configured provisioned throughput was exceeded"
            )
        return ModelResponse(refused.status, msgspec.json.encode(refused.document))

    call = _describe(operation, request) if net.outside.tells else operation
    category = _CATEGORIES.get(operation, "read")
    return await net.outside.cross("dynamodb", category, call, effect, timeout_seconds=seconds, refusal=refusal)


def _describe(operation: str, request: dict[str, Any]) -> str:
    if operation != "TransactWriteItems":
        return f"{operation} on {request.get('TableName') or ', '.join(request.get('RequestItems', {}))}"
    parts = []
    for part in request["TransactItems"]:
        ((kind, write),) = part.items()
        key = write.get("Key") or write.get("Item", {})
        shown = next((next(iter(key[name].values())) for name in ("pk", "sku", "payment_id") if name in key), "?")
        status = next(iter(write.get("Item", {}).get("status", {}).values()), "")
        parts.append(f"{kind.lower()} {write['TableName']}/{shown}{' ' + status if status else ''}")
    return f"the transaction ({'; '.join(parts)})"


async def _registry(
    net: Internet, _method: str, path: str, _headers: Mapping[str, str], _body: bytes, seconds: float
) -> ModelResponse:
    subject = path.split("/")[2]
    known = net.schema_ids.setdefault(subject, len(net.schema_ids) + 1)
    answer = ModelResponse(200, msgspec.json.encode({"id": known, "version": 1, "subject": subject}))
    return await net.outside.cross("registry", "registry", f"asking for {subject}", lambda: answer, timeout_seconds=seconds)


class _Call:
    """What `session.post(...)` gives: to be awaited, or entered."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def __await__(self) -> Any:
        return self._answer.__await__()

    async def __aenter__(self) -> ModelResponse:
        found: ModelResponse = await self._answer
        return found

    async def __aexit__(self, *_: object) -> None:
        return None


class ModelSession:
    """Stands in for aiohttp.ClientSession."""

    def __init__(self, *_: Any, timeout: Any = None, **__: Any) -> None:
        self._seconds = getattr(timeout, "total", None) or DEFAULT_SECONDS
        self._internet = internet()
        self.closed = False

    async def __aenter__(self) -> ModelSession:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Nothing to close."""
        self.closed = True

    def request(
        self, method: str, url: Any, *, headers: Mapping[str, str] | None = None, data: Any = None, **options: Any
    ) -> _Call:
        """Send a request."""
        body = msgspec.json.encode(options["json"]) if options.get("json") is not None else data or b""
        seconds = getattr(options.get("timeout"), "total", None) or self._seconds
        return _Call(
            self._internet.request(method, str(url), headers or {}, body.encode() if isinstance(body, str) else body, seconds)
        )

    def post(self, url: Any, **options: Any) -> _Call:
        """POST."""
        return self.request("POST", url, **options)

    def get(self, url: Any, **options: Any) -> _Call:
        """GET."""
        return self.request("GET", url, **options)


class ModelConnector:
    """Stands in for aiohttp.TCPConnector."""

    def __init__(self, *_: Any, **__: Any) -> None:
        """Take what aiohttp's would; there is nothing to connect."""


_current: list[Internet] = []


def internet() -> Internet:
    """Return the internet of the history that runs."""
    return _current[-1]


def use(net: Internet | None) -> None:
    """Let sessions made from now on meet this internet."""
    _current[:] = [net] if net else []
