"""What the nursery imports once, so that its children need not."""

from __future__ import annotations

import contextlib
import gc
import importlib
from typing import Final

PRELOADED: Final = (
    "starlette.applications",
    "starlette.middleware",
    "starlette.responses",
    "starlette.routing",
    "uvicorn",
    "uvicorn.lifespan.on",
    "uvicorn.loops.uvloop",
    "uvicorn.protocols.http.httptools_impl",
    "msgspec",
    "yaml",
    "confluent_kafka",
    "confluent_kafka.admin",
    "google.protobuf.runtime_version",
    "google.protobuf.timestamp_pb2",
    "opentelemetry.sdk.trace.export",
    "opentelemetry.proto.collector.trace.v1.trace_service_pb2",
    "aiohttp",
    "awscrt.auth",
    "awscrt.http",
    "asyncpg",
    "redis.asyncio",
    "jwt",
    "difflib",
    "sqlite3",
    "google.protobuf.json_format",
    "jsonschema",
    "prometheus_client",
    "opentelemetry.trace.propagation.tracecontext",
    "google.rpc.error_details_pb2",
    "google.rpc.status_pb2",
    "grpc.aio",
    "grpc_health.v1.health",
    "grpc_reflection.v1alpha.reflection",
)
"""What services, registry, provisioning and telemetry import from others, most urgent first: the registry starts before the
services. Code of the platform itself is imported after the fork, so that a reload sees what was edited.

Importing must start no thread and open nothing: a fork has only the thread that forked. gRPC keeps to that until its first
channel or server is made, see https://github.com/grpc/grpc/blob/master/doc/fork_support.md.
"""


def preload() -> None:
    """Import what the children will need; a module that is missing is their problem, told by them."""
    gc.disable()
    for module in PRELOADED:
        with contextlib.suppress(ImportError):
            importlib.import_module(module)
    gc.freeze()  # the collector would write to every object, and so unshare every page
    gc.enable()
