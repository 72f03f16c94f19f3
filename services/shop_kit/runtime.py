"""Runs one service process: settings and telemetry up, the service's parts around its HTTP server, all down again in order."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeVar

import uvloop
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Tracer
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from shop_kit.auth import TokenVerifier
from shop_kit.clock import Clock, clock_of
from shop_kit.http.app import Check, create_app
from shop_kit.http.server import listening_socket, serve
from shop_kit.logs import configure_logging
from shop_kit.metrics import Metrics
from shop_kit.settings import RuntimeSettings, SettingsInvalid, read_settings
from shop_kit.tracing import otlp_exporter, tracer_provider

_log = logging.getLogger(__name__)


class ServiceSettings(Protocol):
    """Any frozen Struct of settings with the runtime's group in it."""

    @property
    def runtime(self) -> RuntimeSettings:
        """What the process needs to run at all."""
        ...


S = TypeVar("S", bound=ServiceSettings)


class Runtime:
    """What a service's `bootstrap` gets to build with."""

    def __init__(self, name: str, settings: RuntimeSettings, provider: TracerProvider) -> None:
        self.name = name
        self.settings = settings
        self.metrics = Metrics()
        self.stopping = asyncio.Event()
        """Set when the process is told to stop, before requests in flight are waited for: long polls end on it."""
        self.clock: Clock = clock_of(settings.shop_clock_file)
        """What a service takes the time from, so that a sandbox can move it."""
        self.tracer: Tracer = provider.get_tracer("shop_kit")

    def http_app(
        self,
        routes: Sequence[BaseRoute],
        *,
        readiness: Mapping[str, Check],
        tokens: TokenVerifier | None = None,
        max_body_bytes: int = 1_048_576,
    ) -> ASGIApp:
        """Return an application for these routes, observed and limited, with /health, /ready and /metrics."""
        return create_app(
            routes,
            readiness=readiness,
            tracer=self.tracer,
            metrics=self.metrics,
            tokens=tokens,
            max_body_bytes=max_body_bytes,
            timeout_seconds=self.settings.request_timeout_seconds,
        )


def run_service(name: str, settings_type: type[S], start: Callable[[Runtime, S], AbstractAsyncContextManager[ASGIApp]]) -> None:
    """Run until SIGTERM or SIGINT, then drain: HTTP first, then what `start` entered, last in first out.

    The one place that reads the environment. Wrong settings end the process with status 2 and all of them listed.
    """
    try:
        settings = read_settings(settings_type, os.environ)  # type: ignore[type-var]  # ServiceSettings are Structs; a Protocol cannot say so
    except SettingsInvalid as error:
        sys.stderr.write(f"{name}: {error}\n")
        raise SystemExit(2) from error
    configure_logging(name, settings.runtime.log_level)
    uvloop.run(_run(name, settings, start))


async def _run(name: str, settings: S, start: Callable[[Runtime, S], AbstractAsyncContextManager[ASGIApp]]) -> None:
    provider = tracer_provider(name, otlp_exporter(settings.runtime.otel_exporter_otlp_endpoint))
    runtime = Runtime(name, settings.runtime, provider)
    listener = listening_socket(settings.runtime.shop_listen_fd, settings.runtime.port)
    stop = runtime.stopping
    started = asyncio.Event()

    async def live() -> None:
        async with start(runtime, settings) as app:
            started.set()
            _log.info("started", extra={"port": listener.getsockname()[1]})
            await serve(app, listener, stop=stop, grace_seconds=settings.runtime.shutdown_grace_seconds)

    living = asyncio.create_task(live())

    def end() -> None:
        stop.set()
        if not started.is_set():
            living.cancel()  # still waiting for what it needs: there is nothing to drain

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end)
    try:
        await asyncio.wait({living})
        if not living.cancelled():
            living.result()
    finally:
        listener.close()
        await asyncio.to_thread(provider.shutdown)
        _log.info("stopped")
