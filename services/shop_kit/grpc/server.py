"""Serves gRPC on a port of its own, with health and reflection, until the block ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from opentelemetry.trace import Tracer

from shop_kit.auth import TokenVerifier
from shop_kit.errors import KitError, Transient
from shop_kit.grpc.access import Access, Guarded, declared
from shop_kit.grpc.observation import Observed
from shop_kit.http.app import CHECK_SECONDS, Check
from shop_kit.metrics import Metrics
from shop_kit.tls import MutualTls

LARGEST_MESSAGE_BYTES = 1_048_576


class PortTaken(KitError):
    """The port for gRPC cannot be listened on."""


@dataclass(frozen=True)
class GrpcService:
    """A service as generated code names it, what adds its implementation to a server, and who may call each of its methods.

    `GrpcService("shop.pricing.v1.PricingService", partial(add_PricingServiceServicer_to_server, api), {"GetQuote": Scope("…")})`
    """

    name: str
    add_to: Callable[[grpc.aio.Server], None]
    access: Mapping[str, Access]


def _only_known(tls: MutualTls) -> grpc.ServerCredentials:
    """Return credentials that let in whose certificate is from the authority, and take over one's own when it was renewed."""
    taken_over = tls.generation

    def current() -> grpc.ServerCertificateConfiguration:
        authority, key, certificate = tls.pem()
        return grpc.ssl_server_certificate_configuration([(key, certificate)], root_certificates=authority)

    def renewed() -> grpc.ServerCertificateConfiguration | None:
        nonlocal taken_over
        if tls.generation == taken_over:
            return None
        taken_over = tls.generation
        return current()

    # None, for nothing new, is missing in the stub.
    return grpc.dynamic_ssl_server_credentials(current(), renewed, require_client_authentication=True)  # type: ignore[arg-type]


@asynccontextmanager
async def serving_grpc(
    services: Sequence[GrpcService],
    *,
    address: str,
    port: int,
    readiness: Mapping[str, Check],
    tokens: TokenVerifier | None,
    tracer: Tracer,
    metrics: Metrics,
    most_seconds: float,
    drain_seconds: Callable[[], float],
    tls: MutualTls | None = None,
) -> AsyncIterator[int]:
    """Serve within the block; gives the port. At the end calls under way may finish within `drain_seconds`.

    With `tls` nobody is answered whose certificate is of another authority. `tokens` is what the scopes of methods are checked
    with. Raises PortTaken, and Undeclared for a method without a rule.
    """
    access = {method: rule for service in services for method, rule in declared(service.name, service.access).items()}
    server = grpc.aio.server(
        interceptors=[Observed(tracer=tracer, metrics=metrics, most_seconds=most_seconds), Guarded(access, tokens)],
        options=[("grpc.max_receive_message_length", LARGEST_MESSAGE_BYTES), ("grpc.so_reuseport", 0)],
    )
    for service in services:
        service.add_to(server)
    names = [service.name for service in services]
    own_health = _Health(dict.fromkeys(("", *names), readiness))
    health_pb2_grpc.add_HealthServicer_to_server(own_health, server)
    reflection.enable_server_reflection([*names, health.SERVICE_NAME, reflection.SERVICE_NAME], server)
    host = f"[{address}]" if ":" in address else address
    try:
        bound = server.add_secure_port(f"{host}:{port}", _only_known(tls)) if tls else server.add_insecure_port(f"{host}:{port}")
    except RuntimeError as error:
        raise PortTaken(f"gRPC cannot listen on {host}:{port}: {error}") from error
    await server.start()
    try:
        yield bound
    finally:
        await own_health.enter_graceful_shutdown()
        await server.stop(grace=drain_seconds())


class _Health(health.aio.HealthServicer):  # type: ignore[name-defined, misc]  # its types leave `aio` out
    """Health as the service's own readiness tells it (https://grpc.io/docs/guides/health-checking/)."""

    def __init__(self, checks: Mapping[str, Mapping[str, Check]]) -> None:
        super().__init__()
        self._checks = checks
        self._is_stopping = False

    async def Check(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """Answer SERVING when every check passes; NOT_FOUND for a service that is not here."""
        if request.service not in self._checks:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"there is no {request.service} here")
        passed = await asyncio.gather(*map(_passes, self._checks[request.service].values()))
        is_serving = all(passed) and not self._is_stopping
        status = health_pb2.HealthCheckResponse.ServingStatus
        return health_pb2.HealthCheckResponse(status=status.SERVING if is_serving else status.NOT_SERVING)

    async def enter_graceful_shutdown(self) -> None:
        """Answer NOT_SERVING from now on, so that balancers look elsewhere while calls finish."""
        self._is_stopping = True
        await super().enter_graceful_shutdown()


async def _passes(check: Check) -> bool:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await check()
    except (Transient, TimeoutError):
        return False
    return True
