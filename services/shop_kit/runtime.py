"""Runs one service process: settings and telemetry up, what the service is composed of, HTTP; all down again in order."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from typing import Protocol, TypeVar

import uvloop
from opentelemetry.sdk.trace import TracerProvider

from shop_kit.errors import KitError
from shop_kit.http.server import listening_socket, serve
from shop_kit.logs import configure_logging
from shop_kit.service import Service
from shop_kit.settings import RuntimeSettings, SettingsInvalid, read_settings
from shop_kit.shutdown import Shutdown
from shop_kit.tracing import otlp_exporter, tracer_provider

_log = logging.getLogger(__name__)

WRONG_SETTINGS, PART_FAILED = 2, 1
HTTP_SHARE = 0.65
"""Of the time for stopping: longer than the longest answer that nobody waits for on purpose (5 s at the edge)."""
COLLECTED_AFTER = 10_000
"""Objects that may refer to others, made and not yet gone."""
SPANS_SECONDS = 1.0
"""How long the last spans may take to leave: they are worth less than a prompt end."""


class ServiceFailed(KitError):
    """A service ended before it was told to."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} has ended: a part of it failed")


class ServiceSettings(Protocol):
    """Any frozen Struct of settings with the runtime's group in it."""

    @property
    def runtime(self) -> RuntimeSettings:
        """What the process needs to run at all."""
        ...


S = TypeVar("S", bound=ServiceSettings)
Compose = Callable[[Service, S], Awaitable[None]]


def run_service(name: str, settings_type: type[S], compose: Compose[S]) -> None:
    """Run until SIGTERM or SIGINT, then drain within `shutdown_grace_seconds`: HTTP first, then the parts, last in first out.

    The one place that reads the environment. Wrong settings end the process with status 2 and all of them listed; a part of the
    service that fails ends it with status 1, so that whoever runs it starts it anew.
    """
    try:
        settings = read_settings(settings_type, os.environ)  # type: ignore[type-var]  # ServiceSettings are Structs; a Protocol cannot say so
    except SettingsInvalid as error:
        sys.stderr.write(f"{name}: {error}\n")
        raise SystemExit(WRONG_SETTINGS) from error
    configure_logging(name, settings.runtime.log_level)
    try:
        uvloop.run(_run(name, settings, compose))
    except ServiceFailed as failed:
        raise SystemExit(PART_FAILED) from failed


async def _run(name: str, settings: S, compose: Compose[S]) -> None:
    """Run until told to stop. Raises ServiceFailed."""
    provider = tracer_provider(name, otlp_exporter(settings.runtime.otel_exporter_otlp_endpoint))
    shutdown, started = Shutdown(settings.runtime.shutdown_grace_seconds), asyncio.Event()

    async def live() -> None:
        async with AsyncExitStack() as entered:
            listener = listening_socket(settings.runtime.shop_listen_fd, settings.runtime.listen_address, settings.runtime.port)
            entered.callback(listener.close)
            tracer = provider.get_tracer("shop_kit")
            service = Service(name, settings.runtime, tracer=tracer, shutdown=shutdown, entered=entered)
            await compose(service, settings)
            app = await service.start()
            _collect_seldom()
            started.set()
            _log.info("started", extra={"port": listener.getsockname()[1]})
            await serve(
                app,
                listener,
                stop=shutdown.begun,
                grace_seconds=settings.runtime.shutdown_grace_seconds * HTTP_SHARE,
                tls=service.inside,
            )

    living = asyncio.create_task(live())

    def end() -> None:
        shutdown.begin()
        if not started.is_set():
            living.cancel()  # still waiting for what it needs: there is nothing to drain

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end)
    try:
        await asyncio.wait({living})
        if not living.cancelled() and (failure := living.exception()):
            _log.error("a part of the service has failed", exc_info=failure)
            raise ServiceFailed(name) from failure
    finally:
        await _flush(provider)
        _log.info("stopped")


def _collect_seldom() -> None:
    """Leave alone for good what a start has made, and look for cycles in what comes later a fifteenth as often as by default.

    Requests and messages leave hardly any behind; with the default, orders under load spent a seventh of its time on looking.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECTED_AFTER)


async def _flush(provider: TracerProvider) -> None:
    """Let the last spans leave, in a thread that does not keep the process when nobody takes them."""
    flushed = asyncio.Event()
    loop = asyncio.get_running_loop()

    def flush() -> None:
        provider.shutdown()
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(flushed.set)

    threading.Thread(target=flush, name="last-spans", daemon=True).start()
    with suppress(TimeoutError):
        async with asyncio.timeout(SPANS_SECONDS):
            await flushed.wait()
