"""Where the real code meets the simulation: clients, clocks, chance and threads are replaced in the shop's modules, and nothing
else.

Replacing goes by identity: wherever a module of the shop holds `confluent_kafka.Consumer` or `time.monotonic`, as a name, a class's
method default or a dataclass' default, it gets the stand-in. So code may move and be renamed without anything here knowing.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import functools
import logging
import os
import random
import secrets
import sys
import threading
import time
import types
import typing
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from typing import Any

import aiohttp
import asyncpg
import confluent_kafka
import jwt
import msgspec
import uvloop
from opentelemetry.trace import INVALID_SPAN, NoOpTracer
from shop_kit import grpc as rpc
from shop_kit import logs, metrics, runtime, tracing
from shop_kit.aws import credentials
from shop_kit.http import server
from starlette import routing

from simulation import threads
from simulation.models import http, kafka, postgres, provider
from simulation.virtual_time import ProcessLoop

_real_time, _real_monotonic, _real_time_ns, _real_sleep = time.time, time.monotonic, time.time_ns, time.sleep
_real_uuid4, _real_randbits, _real_seed = uuid.uuid4, secrets.randbits, random.Random.seed
_real_thread, _real_event = threading.Thread, threading.Event


def _loop() -> ProcessLoop | None:
    found = asyncio._get_running_loop()
    return found if isinstance(found, ProcessLoop) else None


def _time() -> float:
    loop = _loop()
    return loop.wall_time() if loop else _real_time()


def _time_ns() -> int:
    loop = _loop()
    return int(loop.wall_time() * 1e9) if loop else _real_time_ns()


def _monotonic() -> float:
    loop = _loop()
    return loop.scheduler.now if loop else _real_monotonic()


def _sleep(seconds: float) -> None:
    if _loop():
        threads.sleep(seconds)
    else:
        _real_sleep(seconds)


_chance = random.Random()


def reseed(seed: int) -> None:
    """Let all that the shop draws by chance follow from here."""
    _chance.seed(seed)


def _uuid4() -> uuid.UUID:
    return uuid.UUID(int=_chance.getrandbits(128), version=4) if _loop() else _real_uuid4()


def _randbits(count: int) -> int:
    return _chance.getrandbits(count) if _loop() else _real_randbits(count)


def _seed(self: random.Random, a: Any = None, version: int = 2) -> None:
    _real_seed(self, _chance.getrandbits(32) if a is None and _loop() else a, version)


def _thread(*args: Any, **kwargs: Any) -> Any:
    return threads.SimulatedThread(*args, **kwargs) if _loop() else _real_thread(*args, **kwargs)


def _event() -> Any:
    return threads.SimulatedEvent() if _loop() else _real_event()


class _Tracer(NoOpTracer):
    """Begins no span, and takes less time for it than one that begins spans of no account."""

    def start_as_current_span(self, *_: Any, **__: Any) -> Any:
        return _NO_SPAN


_NO_SPAN = contextlib.nullcontext(INVALID_SPAN)


class _Provider:
    """Traces are not what is simulated here."""

    def get_tracer(self, *_: Any, **__: Any) -> NoOpTracer:
        return _Tracer()

    def shutdown(self) -> None:
        """Nothing to send."""


def _tracer_provider(*_: Any, **__: Any) -> _Provider:
    return _Provider()


def _signed(_keys: object, headers: Mapping[str, str], _body: bytes, **_: object) -> dict[str, str]:
    """No signature: the model of AWS takes keys for expired when a history says so."""
    return dict(headers)


_real_decode = jwt.decode
_decoded: dict[tuple[object, ...], dict[str, Any]] = {}


def _decode(token: str, key: jwt.PyJWK, **options: Any) -> dict[str, Any]:
    """Look each token up once under a key: histories take the same ones, and no expiry is looked at here."""
    known = (token, key.key.public_bytes_raw(), msgspec.json.encode(options))
    found = _decoded.get(known)
    if found is None:
        found = _decoded[known] = _real_decode(token, key, **options)
    return dict(found)


def _collect_seldom() -> None:
    """Garbage belongs to the process that plays, see `run.session`: a service's start would keep it for good."""


class _Metrics:
    """Instruments that count nothing: nobody reads those of a simulated process."""

    def counter(self, *_: Any, **__: Any) -> _Metrics:
        return self

    histogram = counter

    def gauge(self, *_: Any, **__: Any) -> None:
        """Nobody looks."""

    add = record = gauge


def _configure_logging(*_: Any, **__: Any) -> None:
    """Logs of all processes would mix; the story tells what matters."""


class _Listener:
    """A socket that nobody can connect to."""

    def getsockname(self) -> tuple[str, int]:
        return "127.0.0.1", 1

    def close(self) -> None:
        """Nothing to close."""


def _listening_socket(*_: Any, **__: Any) -> _Listener:
    return _Listener()


@contextlib.asynccontextmanager
async def _serving_grpc(*_: Any, **__: Any) -> AsyncIterator[int]:
    """Nobody calls over gRPC here: it only reads, and reading is simulated over HTTP."""
    yield 1


Serve = Callable[..., Coroutine[Any, Any, None]]
_serving: list[Serve] = []


async def _serve(app: Any, _listener: Any, *, stop: asyncio.Event, grace_seconds: float, tls: None) -> None:
    del tls  # nobody is on the way here
    await _serving[-1](app, stop=stop, grace_seconds=grace_seconds)


def serve_with(serve: Serve | None) -> None:
    """Say who takes the applications of the services."""
    _serving[:] = [serve] if serve else []


_main: list[Coroutine[Any, Any, None]] = []


def _run(main: Coroutine[Any, Any, None], **_: Any) -> None:
    _main.append(main)


def main_of(entry: Callable[[], object], environment: dict[str, str]) -> Coroutine[Any, Any, None]:
    """Return what a service's `main` would run, under this environment."""
    _main.clear()
    before = os.environ
    os.environ = environment  # type: ignore[assignment]  # noqa: B003 - a plain dictionary, for this moment
    try:
        entry()
    finally:
        os.environ = before  # noqa: B003
    return _main.pop()


_STAND_INS: list[tuple[Any, Any]] = [
    # What follows from the code alone, and is asked for at every start of a process.
    (typing.get_type_hints, functools.cache(typing.get_type_hints)),
    (msgspec.structs.fields, functools.cache(msgspec.structs.fields)),
    (routing.compile_path, functools.cache(routing.compile_path)),
    (jwt.decode, _decode),
    (time.time, _time),
    (time.time_ns, _time_ns),
    (time.monotonic, _monotonic),
    (time.sleep, _sleep),
    (uuid.uuid4, _uuid4),
    (secrets.randbits, _randbits),
    (threading.Thread, _thread),
    (threading.Event, _event),
    (uvloop.run, _run),
    (aiohttp.ClientSession, http.ModelSession),
    (aiohttp.TCPConnector, http.ModelConnector),
    (asyncpg.create_pool, postgres.create_pool),
    (asyncpg.connect, postgres.connect),
    (confluent_kafka.Consumer, kafka.ModelConsumer),
    (confluent_kafka.Producer, kafka.ModelProducer),
    (server.serve, _serve),
    (server.listening_socket, _listening_socket),
    (rpc.serving_grpc, _serving_grpc),
    (logs.configure_logging, _configure_logging),
    (credentials.signed, _signed),
    (metrics.Metrics, _Metrics),
    (runtime._collect_seldom, _collect_seldom),
    (tracing.tracer_provider, _tracer_provider),
]
_LIBRARIES = [
    (typing, "get_type_hints"),
    (msgspec.structs, "fields"),
    (routing, "compile_path"),
    (jwt, "decode"),
    (time, "time"),
    (time, "time_ns"),
    (time, "monotonic"),
    (time, "sleep"),
    (uuid, "uuid4"),
    (secrets, "randbits"),
    (threading, "Thread"),
    (threading, "Event"),
    (uvloop, "run"),
    (aiohttp, "ClientSession"),
    (aiohttp, "TCPConnector"),
    (asyncpg, "create_pool"),
    (asyncpg, "connect"),
    (confluent_kafka, "Consumer"),
    (confluent_kafka, "Producer"),
]


_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class _Telling(logging.Formatter):
    """A line with the virtual time, the process and everything that was logged."""

    def format(self, record: logging.LogRecord) -> str:
        loop = _loop()
        where = f"{loop.scheduler.now:7.2f} s  {loop.name}" if loop else ""
        extras = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        trace = "\n" + self.formatException(record.exc_info) if record.exc_info else ""
        return f"{where}  {record.levelname.lower()}  {record.getMessage()} {extras or ''}{trace}"


@contextlib.contextmanager
def simulated(*, logs: bool = False) -> Iterator[None]:
    """Replace everything within the block. What runs outside of any simulated process still gets the real thing.

    With `logs` what the services log goes to stderr, under the name of its process.
    """
    undo: list[tuple[Callable[..., object], tuple[Any, ...]]] = []
    stand_ins = {id(real): stand_in for real, stand_in in _STAND_INS}
    from shop_services.payments.adapters.http_provider import HttpProvider

    stand_ins[id(HttpProvider)] = provider.client_of(provider.provider)

    def put(where: Any, name: str, real: Any) -> None:
        undo.append((setattr, (where, name, real)))
        setattr(where, name, stand_ins[id(real)])

    for module in [
        module for name, module in sorted(sys.modules.items()) if name.partition(".")[0] in {"shop_kit", "shop_services"}
    ]:
        for name, value in list(vars(module).items()):
            if id(value) in stand_ins:
                put(module, name, value)
            for function in _functions(module, value):
                _replace_defaults(function, stand_ins, undo)
    for library, name in _LIBRARIES:
        put(library, name, getattr(library, name))
    undo.append((setattr, (random.Random, "seed", _real_seed)))
    random.Random.seed = _seed  # type: ignore[method-assign]
    undo.append((setattr, (concurrent.futures.Future, "result", concurrent.futures.Future.result)))
    concurrent.futures.Future.result = threads.result  # type: ignore[method-assign]
    disabled = logging.root.manager.disable
    handler = logging.StreamHandler()
    handler.setFormatter(_Telling())
    if logs:
        logging.getLogger().addHandler(handler)
        logging.getLogger().setLevel(logging.INFO)
    else:
        logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
        logging.disable(disabled)
        for call, arguments in reversed(undo):
            call(*arguments)


def _functions(module: types.ModuleType, value: Any) -> Iterator[Any]:
    if isinstance(value, types.FunctionType) and value.__module__ == module.__name__:
        yield value
    elif isinstance(value, type) and value.__module__ == module.__name__:
        for method in vars(value).values():
            inner = getattr(method, "__func__", method)
            if isinstance(inner, types.FunctionType):
                yield inner


def _replace_defaults(function: Any, stand_ins: dict[int, Any], undo: list[tuple[Callable[..., object], tuple[Any, ...]]]) -> None:
    if function.__defaults__ and any(id(one) in stand_ins for one in function.__defaults__):
        undo.append((setattr, (function, "__defaults__", function.__defaults__)))
        function.__defaults__ = tuple(stand_ins.get(id(one), one) for one in function.__defaults__)
    if function.__kwdefaults__ and any(id(one) in stand_ins for one in function.__kwdefaults__.values()):
        undo.append((setattr, (function, "__kwdefaults__", function.__kwdefaults__)))
        function.__kwdefaults__ = {name: stand_ins.get(id(one), one) for name, one in function.__kwdefaults__.items()}
