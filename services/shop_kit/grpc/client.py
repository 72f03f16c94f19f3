"""Calls another service over gRPC, bounded and observed, and tried again only where its contract says that this is safe.

What travels with a call: the deadline of the work at hand, its correlation id and span, and the caller's token. Who stops waiting
cancels the call. Errors come back as the kit's own, so that a service answers with what it was told.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import grpc
from google.protobuf.descriptor import Descriptor, ServiceDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions
from google.protobuf.message import Message as ProtobufMessage
from google.protobuf.message_factory import GetMessageClass
from opentelemetry.trace import SpanKind, Tracer

from shop_kit import context
from shop_kit.errors import Conflict, Invalid, KitError, Overloaded, Refused, Unavailable
from shop_kit.grpc.details import KEY, refusal_in
from shop_kit.resilience import deadline
from shop_kit.resilience.calls import CallKind, GuardedCalls
from shop_kit.tls import MutualTls
from shop_kit.tracing import traceparent

A = TypeVar("A", bound=ProtobufMessage)

_OPTIONS = (
    # gRPC's own waits grow to two minutes: a service that was started again is up after half a second.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
)
LONGEST_CALL_SECONDS = 30.0
_SAFE_TO_REPEAT = frozenset({MethodOptions.NO_SIDE_EFFECTS, MethodOptions.IDEMPOTENT})
_ANSWERED = "OK"


class CallFailed(KitError):
    """A call ended with a status that says something about the call itself: no token, no right, nothing found."""

    def __init__(self, service: str, code: grpc.StatusCode, details: str) -> None:
        super().__init__(f"{service} answers {code.name}: {details}")
        self.code = code
        self.details = details


@dataclass(frozen=True)
class _Method:
    path: str
    answer: Descriptor
    is_safe_to_repeat: bool
    kind: CallKind
    invoke: Any


class _Channels:
    """One channel after the other: a channel keeps the certificate that it was made with."""

    def __init__(self, address: str, tls: MutualTls | None) -> None:
        self._address = address
        self._tls = tls
        self._channel: grpc.aio.Channel | None = None
        self._generation = -1
        self._closing: asyncio.Task[None] | None = None

    def renewed(self) -> grpc.aio.Channel | None:
        """Return a new channel when there is another certificate than before, or none yet; calls on the old one may finish."""
        generation = self._tls.generation if self._tls else 0
        if generation == self._generation:
            return None
        self._generation, old = generation, self._channel
        self._channel = self._open()
        if old is not None:
            self._closing = asyncio.create_task(old.close(grace=LONGEST_CALL_SECONDS))
        return self._channel

    async def close(self) -> None:
        """Cancel what is under way."""
        if self._channel is not None:
            await self._channel.close(grace=None)

    def _open(self) -> grpc.aio.Channel:
        if self._tls is None:
            return grpc.aio.insecure_channel(self._address, options=_OPTIONS)
        authority, key, certificate = self._tls.pem()
        credentials = grpc.ssl_channel_credentials(authority, key, certificate)
        return grpc.aio.secure_channel(self._address, credentials, options=_OPTIONS)


class GrpcClient:
    """The methods of one service, each found by the request that it takes."""

    def __init__(self, calls: GuardedCalls, service: ServiceDescriptor, channels: _Channels, tracer: Tracer) -> None:
        self._calls = calls
        self._name = calls.name
        self._tracer = tracer
        self._service = service
        self._channels = channels
        self._methods: dict[str, _Method] = {}

    @classmethod
    @asynccontextmanager
    async def connect(
        cls, calls: GuardedCalls, service: ServiceDescriptor, address: str, *, tracer: Tracer, tls: MutualTls | None = None
    ) -> AsyncIterator[GrpcClient]:
        """Give a client for the block. `service` is of the contract: `pricing_service_pb2.DESCRIPTOR.services_by_name[…]`."""
        channels = _Channels(address, tls)
        try:
            yield cls(calls, service, channels, tracer)
        finally:
            await channels.close()

    async def call(self, request: ProtobufMessage, answer: type[A], *, seconds: float | None = None, token: str | None = None) -> A:
        """Return the answer to a request, within what its policy allows, `seconds` and the deadline at hand.

        A method that its contract calls idempotent is tried again while the service is UNAVAILABLE, and no other.
        Raises Unavailable, Overloaded, Conflict, Refused, Invalid; CallFailed for any other status.
        """
        method = self._current()[request.DESCRIPTOR.full_name]
        if answer.DESCRIPTOR.full_name != method.answer.full_name:
            raise TypeError(f"{method.path} answers with {method.answer.full_name}, not with {answer.DESCRIPTOR.full_name}")

        async def once() -> Any:
            return await self._traced(method, request, token)

        found = await self._calls.call(once, kind=method.kind, may_repeat=method.is_safe_to_repeat, seconds=seconds)
        if isinstance(found, KitError):
            raise found
        return found  # type: ignore[no-any-return]  # it is of the type that was compared above

    def _current(self) -> dict[str, _Method]:
        """Return the methods over a channel with the certificate of now."""
        channel = self._channels.renewed()
        if channel is not None:
            service = self._service
            self._methods = {method.input_type.full_name: _method(service, method, channel) for method in service.methods}
        return self._methods

    async def _traced(self, method: _Method, request: ProtobufMessage, token: str | None) -> ProtobufMessage | KitError:
        """Return the answer, or an error that trying again does not help. Raises Unavailable."""
        attributes = {"rpc.system": "grpc", "rpc.method": method.path, "peer.service": self._name}
        with self._tracer.start_as_current_span(method.path.lstrip("/"), kind=SpanKind.CLIENT, attributes=attributes) as span:
            context.mark_span(span)
            try:
                answer: ProtobufMessage = await method.invoke(request, timeout=deadline.seconds_left(), metadata=_metadata(token))
            except grpc.aio.AioRpcError as failed:
                span.set_attribute("rpc.grpc.status_code", failed.code().value[0])
                self._calls.count(failed.code().name)
                error = _error(self._name, failed)
                if failed.code() is grpc.StatusCode.UNAVAILABLE:
                    raise error from failed
                return error
            self._calls.count(_ANSWERED)
        return answer


def _method(service: ServiceDescriptor, method: Any, channel: grpc.aio.Channel) -> _Method:
    path = f"/{service.full_name}/{method.name}"
    invoke = channel.unary_unary(
        path,
        request_serializer=GetMessageClass(method.input_type).SerializeToString,
        response_deserializer=GetMessageClass(method.output_type).FromString,
    )
    level = method.GetOptions().idempotency_level
    kind = CallKind.READ if level == MethodOptions.NO_SIDE_EFFECTS else CallKind.WRITE
    return _Method(path, method.output_type, level in _SAFE_TO_REPEAT, kind, invoke)


def _metadata(token: str | None) -> tuple[tuple[str, str], ...]:
    found: Mapping[str, str | None] = {
        "x-correlation-id": context.correlation_id(),
        "traceparent": traceparent(),
        "authorization": f"Bearer {token}" if token else None,
    }
    return tuple((name, value) for name, value in found.items() if value)


def _error(service: str, failed: grpc.aio.AioRpcError) -> KitError:
    details = failed.details() or failed.code().name
    match failed.code():
        case grpc.StatusCode.UNAVAILABLE | grpc.StatusCode.DEADLINE_EXCEEDED:
            return Unavailable(service, details)
        case grpc.StatusCode.RESOURCE_EXHAUSTED:
            return Overloaded(service, details)
        case grpc.StatusCode.ABORTED:
            return Conflict(service, details)
        case grpc.StatusCode.INVALID_ARGUMENT:
            return _refusal(failed) or Invalid(details)
        case code:
            return CallFailed(service, code, details)


def _refusal(failed: grpc.aio.AioRpcError) -> Refused | None:
    metadata: Any = failed.trailing_metadata() or ()  # pairs, which its stub does not say
    told = dict(metadata).get(KEY)
    return refusal_in(told) if isinstance(told, bytes) else None
