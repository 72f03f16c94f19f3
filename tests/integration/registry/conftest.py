from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fakes.kafka_broker import Broker, free_port
from fakes.registry_process import RegistryProcess
from shop_sandbox.errors import ErrorCode, SandboxError

CANNOT_BE_HAD = {
    ErrorCode.JAVA_MISSING,
    ErrorCode.DOWNLOAD_FAILED,
    ErrorCode.OFFLINE_AND_NOT_FETCHED,
    ErrorCode.PLATFORM_UNSUPPORTED,
}


@pytest.fixture(scope="package")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    broker = Broker(tmp_path_factory.mktemp("kafka"), os.environ)
    try:
        broker.start()
    except SandboxError as error:
        if error.code in CANNOT_BE_HAD:
            pytest.skip(f"no Kafka here: {error.message}")
        raise
    yield broker
    broker.stop()


@pytest.fixture
def topic() -> str:
    return f"_schemas_{uuid.uuid4().hex[:8]}"


@pytest.fixture
def open_registry(broker: Broker, topic: str, tmp_path: Path) -> Iterator[Callable[..., RegistryProcess]]:
    """Make registry processes on one topic; what still runs at the end is stopped."""
    opened: list[RegistryProcess] = []

    def make(*, until: str = "/ready") -> RegistryProcess:
        log = tmp_path / f"registry-{len(opened)}.log"
        opened.append(RegistryProcess(log, kafka=broker.address, port=free_port(), topic=topic))
        opened[-1].start(until=until)
        return opened[-1]

    yield make
    for registry in opened:
        registry.kill()


@pytest.fixture
def registry(open_registry: Callable[..., RegistryProcess]) -> RegistryProcess:
    return open_registry()
