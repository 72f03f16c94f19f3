"""What a service is composed of: its stores, what it consumes and repeats, and what it serves.

A service's `compose` says what it needs, in the order in which one thing needs another:

    async def inventory(service: Service, settings: InventorySettings) -> None:
        store = await service.kafka_and_table(settings.kafka, settings.aws, table=…, outbox_table=…, publishes={…})
        stock = DynamoStockRepository(store.dynamo, stock_table=…)
        service.consumes(subscription(stock, service.clock))
        service.repeats(partial(sweep, stock), name="sweeper", every_seconds=1.0)
        service.serves(InventoryApi(stock, store.idempotency).routes(), tokens=…)

The runtime then starts the consumer and what is repeated, and serves; at the end everything stops in the opposite order.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message as ProtobufMessage
from opentelemetry.trace import Tracer
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from shop_kit.auth import TokenVerifier
from shop_kit.auth.tokens import REMEMBERED_TOKENS
from shop_kit.clock import Clock, clock_of
from shop_kit.errors import KitError
from shop_kit.http.app import Check, create_app, operations_app
from shop_kit.http.server import listening_socket, serving
from shop_kit.kafka.consumer import Consumer
from shop_kit.kafka.producer import Producer
from shop_kit.messages import Subscription
from shop_kit.metrics import Metrics
from shop_kit.repeating import repeating
from shop_kit.resilience.calls import GuardedCalls
from shop_kit.resilience.declared import CallPolicy, read_resilience
from shop_kit.resilience.retry import Retry
from shop_kit.settings import AwsSettings, KafkaSettings, RuntimeSettings
from shop_kit.shutdown import Shutdown
from shop_kit.tls import RENEWAL_SECONDS, Files, MutualTls

if TYPE_CHECKING:
    import asyncpg

    from shop_kit.aws.client import AwsClient
    from shop_kit.aws.dynamo import Dynamo
    from shop_kit.aws.sdk import AwsSdk
    from shop_kit.grpc import GrpcService
    from shop_kit.grpc.client import GrpcClient
    from shop_kit.idempotency.dynamo import DynamoIdempotency
    from shop_kit.outbox.dynamo import DynamoOutbox
    from shop_kit.outbox.postgres import Relay
    from shop_kit.projections import Projection, ReadModel

T = TypeVar("T")
Publishes = Mapping[str, type[ProtobufMessage]]
"""The topics that a service publishes on, each with the message that it carries."""


class Miscomposed(KitError):
    """A service was put together in a way that cannot work."""


@dataclass(frozen=True)
class TableStore:
    """A table of one's own, with outbox, inbox and idempotency keys in it."""

    table: str
    dynamo: Dynamo
    outbox: DynamoOutbox
    idempotency: DynamoIdempotency


@dataclass(frozen=True)
class DatabaseStore:
    """A database of one's own, with outbox, inbox and idempotency keys in it."""

    pool: asyncpg.Pool[asyncpg.Record]
    relay: Relay


@dataclass(frozen=True)
class _Kafka:
    settings: KafkaSettings
    producer: Producer


class Service:
    """What a service's `compose` builds with, and what the runtime then runs."""

    def __init__(
        self, name: str, settings: RuntimeSettings, *, tracer: Tracer, shutdown: Shutdown, entered: AsyncExitStack
    ) -> None:
        self.name = name
        self.settings = settings
        self.tracer = tracer
        self.shutdown = shutdown
        self.metrics = Metrics()
        self.clock: Clock = clock_of(settings.shop_clock_file)
        """What a service takes the time from, so that a sandbox can move it."""
        self.resilience = read_resilience(settings.shop_resilience)
        """What the manifest declares of calls, limits and what goes first."""
        self.tls = _mutual_tls(settings)
        """What connections inside are made with, both ways; None where they are plain."""
        self._entered = entered
        self._calls: dict[str, GuardedCalls] = {}
        self.settling: list[Callable[[float], Awaitable[None]]] = []
        """What to wait for in `settle`."""
        self._readiness: dict[str, Check] = {}
        self._kafka: _Kafka | None = None
        self._subscriptions: list[Subscription[Any]] = []
        self._repeated: list[Callable[[], AbstractAsyncContextManager[Any]]] = []
        self._app: ASGIApp | None = None
        self._grpc: list[GrpcService] = []
        self._grpc_tokens: TokenVerifier | None = None

    async def enter(self, part: AbstractAsyncContextManager[T]) -> T:
        """Keep `part` for as long as the service runs; what is entered last ends first."""
        return await self._entered.enter_async_context(part)

    def ready(self, name: str, check: Check) -> None:
        """Ask `check` whenever somebody asks whether the service is ready. It raises Transient when it is not."""
        self._readiness[name] = check

    def policy(self, name: str) -> CallPolicy:
        """Return how another service is called, as the manifest declares it under `resilience.calls`.

        Raises Miscomposed where it declares nothing: no call is without bounds.
        """
        policy = self.resilience.calls_of(name)
        if policy is None:
            hint = f"add `- {{service: {name}}}` to `resilience.calls` in its service.yaml"
            raise Miscomposed(f"{self.name} calls {name}, and does not say how: {hint}")
        return policy

    def calls(self, name: str) -> GuardedCalls:
        """Return what all calls to another service are made with. Raises Miscomposed."""
        if name not in self._calls:
            self._calls[name] = GuardedCalls(self.policy(name), self.metrics)
        return self._calls[name]

    def tokens_from(
        self, name: str, url: str | None, *, issuer: str, audience: str, remembers: int = REMEMBERED_TOKENS
    ) -> TokenVerifier:
        """Return what verifies tokens of a service, by the keys that it publishes at `url`; without a `url` no token holds.

        Raises Miscomposed.
        """
        return TokenVerifier.of_issuer(
            issuer,
            url,
            audience=audience,
            clock=self.clock,
            remembers=remembers,
            tls=self.tls,
            calls=self.calls(name),
        )

    async def grpc_client(self, name: str, contract: ServiceDescriptor, address: str) -> GrpcClient:
        """Return what calls a service over gRPC. Raises Miscomposed."""
        from shop_kit.grpc.client import GrpcClient

        calls = self.calls(name)
        return await self.enter(GrpcClient.connect(calls, contract, address, tracer=self.tracer, tls=self.tls))

    async def aws(self, settings: AwsSettings) -> AwsClient:
        """Return a client for AWS."""
        from shop_kit.aws.client import AwsClient

        return await self.enter(AwsClient.connect(settings, metrics=self.metrics, tracer=self.tracer))

    async def aws_sdk(self, settings: AwsSettings, *services: str) -> AwsSdk:
        """Return clients for services of AWS that are called seldom (s3, sns, sesv2, sqs)."""
        from shop_kit.aws.sdk import AwsSdk

        return await self.enter(AwsSdk.connect(settings, services, metrics=self.metrics, tracer=self.tracer))

    async def secret(self, settings: AwsSettings, secret_id: str) -> str:
        """Return a secret's text, waiting for AWS where it is not there yet."""
        from shop_kit.aws.client import AwsClient
        from shop_kit.aws.secrets import read_secret

        async with AwsClient.connect(settings, metrics=self.metrics, tracer=self.tracer) as aws:
            return await Retry.patient().run(lambda: read_secret(aws, secret_id))

    async def kafka(self, settings: KafkaSettings, *, publishes: Publishes) -> Producer:
        """Return a producer for these topics; what the service consumes comes from the same Kafka."""
        producer = await self.enter(
            Producer.connect(
                settings,
                client_id=self.name,
                topics=publishes,
                metrics=self.metrics,
                drain_seconds=self.shutdown.share(0.5),
            )
        )
        self._kafka = _Kafka(settings, producer)
        self.ready("kafka", producer.check)
        return producer

    async def kafka_and_table(
        self, kafka: KafkaSettings, aws: AwsSettings, *, table: str, outbox_table: str, publishes: Publishes
    ) -> TableStore:
        """Return a table whose outbox publishes to Kafka."""
        from shop_kit.aws.dynamo import Dynamo
        from shop_kit.idempotency.dynamo import DynamoIdempotency
        from shop_kit.outbox.dynamo import DynamoOutbox

        dynamo = Dynamo(await self.aws(aws))
        self.ready("dynamodb", partial(dynamo.check, table))
        producer = await self.kafka(kafka, publishes=publishes)
        outbox = await self.enter(
            DynamoOutbox.open(
                dynamo,
                table=table,
                outbox_table=outbox_table,
                producer=producer,
                metrics=self.metrics,
                drain_seconds=self.shutdown.share(0.6),
            )
        )
        self.settling.append(outbox.settle)
        keys = await self.enter(DynamoIdempotency.open(dynamo, table, self.clock))
        return TableStore(table, dynamo, outbox, keys)

    async def kafka_and_database(self, kafka: KafkaSettings, database_url: str, *, publishes: Publishes) -> DatabaseStore:
        """Return a database whose outbox publishes to Kafka."""
        from shop_kit.outbox.postgres import PostgresRelay

        pool = await self.database(database_url)
        producer = await self.kafka(kafka, publishes=publishes)
        relay = await self.enter(
            PostgresRelay.start(database_url, producer, metrics=self.metrics, drain_seconds=self.shutdown.share(0.6))
        )
        return DatabaseStore(pool, relay)

    async def database(self, database_url: str) -> asyncpg.Pool[asyncpg.Record]:
        """Return connections to a database that publishes nothing."""
        from shop_kit import postgres

        pool = await self.enter(postgres.connect(database_url, close_seconds=self.shutdown.share(0.5)))
        self.ready("postgresql", partial(postgres.check, pool))
        return pool

    async def read_model(self, pool: asyncpg.Pool[asyncpg.Record], kafka: KafkaSettings, projection: Projection) -> ReadModel:
        """Keep a read model up to date in the service's database, and return what reads it. Ready once there is one to read."""
        from shop_kit.projections import Projector, ReadModel

        await self.enter(Projector.start(pool, kafka, projection, metrics=self.metrics, group=self.name))
        model = ReadModel(pool, projection)
        self.ready(f"read model {projection.name}", model.check)
        return model

    @property
    def inside(self) -> ssl.SSLContext | None:
        """Return whom the service's port answers: None for everybody, as on one for visitors, which has operations elsewhere."""
        return self.tls.server if self.tls and self.settings.port_operations is None else None

    async def settle(self, seconds: float) -> None:
        """Return when everything that was committed is published. Raises Unavailable when that takes longer than `seconds`.

        For processes that are frozen when they have answered (Lambda); others publish as they go.
        """
        await asyncio.gather(*(settle(seconds) for settle in self.settling))

    def consumes(self, *subscriptions: Subscription[Any]) -> None:
        """Consume, as the group that has the service's name, once everything is composed."""
        self._subscriptions += subscriptions

    def repeats(self, work: Callable[[], Awaitable[object]], *, name: str, every_seconds: float) -> None:
        """Do `work` again and again, once everything is composed."""
        self._repeated.append(partial(repeating, work, name=name, every_seconds=every_seconds))

    def serves(self, routes: Sequence[BaseRoute], *, tokens: TokenVerifier | None = None, max_body_bytes: int = 1_048_576) -> None:
        """Serve these routes, observed and limited, with /health, /ready and /metrics.

        Where the service has a port for operations (`runtime.ports: [operations]` in its manifest), the reasons of readiness and
        the metrics are there, and only there.
        """
        self._app = create_app(
            routes,
            readiness=self._readiness,
            tracer=self.tracer,
            metrics=self.metrics,
            tokens=tokens,
            max_body_bytes=max_body_bytes,
            timeout_seconds=self.settings.request_timeout_seconds,
            is_public=self.settings.port_operations is not None,
        )

    def serves_grpc(self, *services: GrpcService, tokens: TokenVerifier | None = None) -> None:
        """Serve these beside HTTP, on the port `grpc` of the manifest, with health and reflection."""
        self._grpc += services
        self._grpc_tokens = tokens

    async def start(self) -> ASGIApp:
        """Start what was composed. Returns the application to serve. Raises Miscomposed."""
        if self._app is None:
            raise Miscomposed(f"{self.name} serves nothing: call `service.serves(routes)`, with no routes if there are none")
        if self._subscriptions:
            await self._start_consumer()
        if self._grpc:
            await self._start_grpc()
        if self.tls:
            self.repeats(self.tls.renew, name="certificate", every_seconds=RENEWAL_SECONDS)
        for repeated in self._repeated:
            work = await self.enter(repeated())
            self.ready(work.name, work.check)
        if self.settings.port_operations is not None:
            listener = listening_socket(None, self.settings.listen_address, self.settings.port_operations)
            await self.enter(serving(operations_app(readiness=self._readiness, metrics=self.metrics), listener))
        return self._app

    async def _start_grpc(self) -> None:
        from shop_kit.grpc import serving_grpc

        if self.settings.port_grpc is None:
            raise Miscomposed(f"{self.name} serves gRPC, but has no port for it: add `grpc` to `runtime.ports` in its service.yaml")
        await self.enter(
            serving_grpc(
                self._grpc,
                address=self.settings.listen_address,
                port=self.settings.port_grpc,
                readiness=self._readiness,
                tokens=self._grpc_tokens,
                tracer=self.tracer,
                metrics=self.metrics,
                most_seconds=self.settings.request_timeout_seconds,
                drain_seconds=self.shutdown.share(0.4),
                tls=self.tls,
            )
        )

    async def _start_consumer(self) -> None:
        if self._kafka is None:
            raise Miscomposed(f"{self.name} consumes, but from no Kafka: call `service.kafka(…)` or `service.kafka_and_…(…)` first")
        consumer = await self.enter(
            Consumer.connect(
                self._kafka.settings,
                group=self.name,
                subscriptions=self._subscriptions,
                dead_letters=self._kafka.producer,
                metrics=self.metrics,
                tracer=self.tracer,
                drain_seconds=self.shutdown.share(0.5),
            )
        )
        self.ready("consumer", consumer.check)


def _mutual_tls(settings: RuntimeSettings) -> MutualTls | None:
    """Return what the settings ask for. Raises CertificateUnusable."""
    certificate, key, authority = settings.shop_tls_certificate, settings.shop_tls_key, settings.shop_tls_authority
    return MutualTls(Files(Path(certificate), Path(key), Path(authority))) if certificate and key and authority else None
