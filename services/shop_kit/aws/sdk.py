"""AWS's other services (S3, SNS, SES, SQS, …) through aiobotocore, with the kit's errors, breaker and spans.

DynamoDB and Secrets Manager have a client of their own (`shop_kit.aws.client`): they are called several times a checkout, at a
third of the CPU. What is called once an order or less comes through here, with all operations and protocols that AWS has.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any

from opentelemetry.trace import SpanKind, Tracer, get_tracer

from shop_kit.aws.client import NOT_LET_IN, THROTTLED, AwsError
from shop_kit.errors import Overloaded, Unavailable
from shop_kit.metrics import Metrics
from shop_kit.resilience import deadline
from shop_kit.resilience.breaker import CircuitBreaker
from shop_kit.settings import AwsSettings

ATTEMPTS = 3
CONNECT_SECONDS, READ_SECONDS = 2.0, 10.0
SLOW_DOWN = frozenset({"SlowDown", "Throttling", "RequestThrottled"})


class AwsSdk:
    """Calls any operation of the services that it was connected for, as botocore names them.

    A service's client is made at its first use, and the SDK imported then: no start should wait for half a second of CPU.
    """

    def __init__(
        self, settings: AwsSettings, services: Sequence[str], entered: AsyncExitStack, metrics: Metrics, tracer: Tracer
    ) -> None:
        self._settings = settings
        self._entered = entered
        self._clients: dict[str, asyncio.Task[Any]] = {}
        self._tracer = tracer
        self._breakers = {service: CircuitBreaker(f"aws {service}", open_seconds=1.0) for service in services}
        self._calls = metrics.counter(
            "shop_aws_sdk_calls_total", "Calls to AWS through its SDK.", "service", "operation", "outcome"
        )

    @classmethod
    @asynccontextmanager
    async def connect(
        cls, settings: AwsSettings, services: Sequence[str], *, metrics: Metrics | None = None, tracer: Tracer | None = None
    ) -> AsyncIterator[AwsSdk]:
        """Give clients for `services` (s3, sns, sesv2, sqs). Without keys in the settings AWS's default chain finds them."""
        async with AsyncExitStack() as entered:
            yield cls(settings, services, entered, metrics or Metrics(), tracer or get_tracer(__name__))

    async def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """Return the answer to one operation (`call("s3", "put_object", Bucket=…)`); a streamed body is read whole, as `Body`.

        Raises AwsError when AWS refuses it, Unavailable when it does not answer or let us in, Overloaded when it throttles.
        """
        attributes = {"rpc.system": "aws-api", "rpc.service": service, "rpc.method": operation}
        with self._tracer.start_as_current_span(operation, kind=SpanKind.CLIENT, attributes=attributes):
            try:
                answer = await self._breakers[service].call(lambda: self._once(service, operation, parameters))
            except AwsError as error:
                self._calls.add(service, operation, error.code)
                raise
            except (Unavailable, Overloaded):
                self._calls.add(service, operation, "away")
                raise
        self._calls.add(service, operation, "ok")
        return answer

    async def presigned(self, service: str, operation: str, seconds: int, **parameters: Any) -> str:
        """Return a URL that lets whoever has it do this one operation for `seconds`. Raises Unavailable when there are no keys.

        https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html
        """
        with _in_kit_errors(service, operation):
            client = await self._client(service)
            return str(await client.generate_presigned_url(operation, Params=parameters, ExpiresIn=seconds))

    async def _client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = asyncio.create_task(self._make_client(service))
        return await asyncio.shield(self._clients[service])  # whoever gives up waiting leaves it to the others

    async def _make_client(self, service: str) -> Any:
        from aiobotocore.config import AioConfig
        from aiobotocore.session import get_session

        session: Any = get_session()  # typed for each service by its literal name, and these names are values
        settings = self._settings
        config = AioConfig(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            signature_version="s3v4" if service == "s3" else None,
            s3={"addressing_style": "path" if settings.aws_endpoint_url else "auto"},
        )
        return await self._entered.enter_async_context(
            session.create_client(
                service,
                region_name=settings.aws_region,
                endpoint_url=settings.aws_endpoint_url,
                aws_access_key_id=settings.aws_access_key_id,
                aws_secret_access_key=settings.aws_secret_access_key,
                aws_session_token=settings.aws_session_token,
                config=config,
            )
        )

    async def _once(self, service: str, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        with _in_kit_errors(service, operation):
            async with asyncio.timeout(deadline.seconds_left()):
                answer: dict[str, Any] = await getattr(await self._client(service), operation)(**parameters)
                if hasattr(answer.get("Body"), "read"):
                    answer["Body"] = await answer["Body"].read()
        return answer


@contextmanager
def _in_kit_errors(service: str, operation: str) -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, NoCredentialsError
    from botocore.exceptions import ConnectionError as BotoConnectionError

    subject = f"aws {service}"
    try:
        yield
    except ClientError as error:
        found, status = error.response.get("Error", {}), error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
        code, message = str(found.get("Code", "")), str(found.get("Message", ""))
        reason = f"{operation}: {code}: {message}"
        if code in THROTTLED | SLOW_DOWN:
            raise Overloaded(subject, reason) from error
        if status >= 500 or code in NOT_LET_IN:
            raise Unavailable(subject, reason) from error
        raise AwsError(operation, code, message, dict(error.response)) from error
    except (HTTPClientError, BotoConnectionError, NoCredentialsError, TimeoutError, OSError) as error:
        raise Unavailable(subject, f"{operation}: {error or type(error).__name__}") from error
    except BotoCoreError as error:
        raise AwsError(operation, type(error).__name__, str(error), {}) from error
