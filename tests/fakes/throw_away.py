"""Stores from throw-away containers, by testcontainers.

Its own reaper is off: two of them in parallel end each other's containers, and its image is one more to pull. In its place every
container carries the process that started it, and whoever starts one first removes those whose process is gone.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from docker import DockerClient
from fakes.kafka_broker import free_port
from shop_sandbox.engines.docker import stores
from shop_sandbox.engines.docker.images import MINISTACK, POSTGRES, VALKEY
from shop_sandbox.engines.external import ExternalDriver, read
from shop_sandbox.health.not_ready import NotReady
from shop_sandbox.ownership import Process
from testcontainers.community.postgres import PostgresContainer
from testcontainers.community.valkey import ValkeyContainer
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

SESSION = "dev.shop-dev.tests"
_READY_SECONDS = 90.0
_KEY, _SECRET = "AKIATHROWAWAY", "throw-away"

testcontainers_config.ryuk_disabled = True


@contextmanager
def throw_away(names: Iterable[str]) -> Iterator[Mapping[str, str]]:
    """Run these stores (`kafka`, `postgres`, `redis`, `aws`) within the block; gives where each is, as `external` takes it."""
    sweep()
    with ExitStack() as stack:
        found = {name: _MAKERS[name](stack) for name in names if name in _MAKERS}
        for name, url in found.items():
            _until_ready(name, url)
        yield found


def sweep() -> list[str]:
    """Remove containers of test runs that are gone, with their volumes; gives their names."""
    client, removed = DockerClient.from_env(), []
    for left in client.containers.list(all=True, filters={"label": SESSION}, ignore_removed=True):
        pid, _, start = left.labels[SESSION].partition(":")
        if not Process(pid=int(pid), start_time=start).runs:
            left.remove(force=True, v=True)
            removed.append(str(left.name))
    return removed


def _started(stack: ExitStack, container: DockerContainer, port: int, *, outside: int | None = None) -> int:
    """Start it with its port on this machine's loopback, and give that port."""
    outside, me = outside or free_port(), Process.of(os.getpid())
    ports: dict[str, Any] = container.ports
    ports[str(port)] = ("127.0.0.1", outside)
    container.with_kwargs(labels={SESSION: f"{me.pid}:{me.start_time}"})
    stack.enter_context(container)
    return outside


def _postgres(stack: ExitStack) -> str:
    container = PostgresContainer(str(POSTGRES), username="postgres", password="throw-away", dbname="postgres")
    return f"postgresql://postgres:throw-away@127.0.0.1:{_started(stack, container, stores.POSTGRES_PORT)}/postgres"


def _redis(stack: ExitStack) -> str:
    container = ValkeyContainer(str(VALKEY)).with_password("throw-away")
    return f"redis://:throw-away@127.0.0.1:{_started(stack, container, stores.REDIS_PORT)}"


def _kafka(stack: ExitStack) -> str:
    outside = free_port()
    store = stores.kafka(told_to_host=f"127.0.0.1:{outside}", told_to_containers=f"localhost:{stores.KAFKA_PORT}")
    container = DockerContainer(str(store.image)).with_envs(**store.environment)
    return f"127.0.0.1:{_started(stack, container, store.published, outside=outside)}"


def _aws(stack: ExitStack) -> str:
    store = stores.ministack(key_id=_KEY, secret_key=_SECRET)
    container = DockerContainer(str(MINISTACK)).with_envs(**store.environment)
    return f"http://{_KEY}:{_SECRET}@127.0.0.1:{_started(stack, container, store.port)}"


_MAKERS: Mapping[str, Callable[[ExitStack], str]] = {"kafka": _kafka, "postgres": _postgres, "redis": _redis, "aws": _aws}


def _until_ready(name: str, url: str) -> None:
    """Probe it as the sandbox probes what runs already."""
    driver, deadline = ExternalDriver(read(name, url)), time.monotonic() + _READY_SECONDS
    while True:
        try:
            driver.look()
        except NotReady as error:
            assert time.monotonic() < deadline, f"{name} is not ready: {error}"
            time.sleep(0.05)
        else:
            return
