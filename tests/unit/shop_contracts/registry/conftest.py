from __future__ import annotations

from collections.abc import Iterator

import pytest
from fakes.schema_log import FakeLog, SharedTopic
from shop_contracts.registry.http import application
from shop_contracts.registry.registry import Registry
from starlette.testclient import TestClient


@pytest.fixture
def topic() -> SharedTopic:
    return SharedTopic()


@pytest.fixture
def registry(topic: SharedTopic) -> Iterator[TestClient]:
    with TestClient(application(Registry(FakeLog(topic)))) as client:
        yield client
