"""Which schema id a producer stamps: that of the schema it was built with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import shop_contracts
from fakes.registry_server import served_registry
from shop_contracts.proto.payments.v1.events_pb2 import PaymentEvent
from shop_kit.errors import Unavailable
from shop_kit.kafka.schema_ids import schema_ids

pytestmark = pytest.mark.anyio
ROOT = Path(shop_contracts.__file__).parent.parent
MONEY, EVENTS = "shop_contracts/proto/common/v1/money.proto", "shop_contracts/proto/payments/v1/events.proto"
TOPIC = "shop.payments.events.v1"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def registry() -> Iterator[str]:
    with served_registry() as url:
        yield url


def register(url: str, subject: str, source: str, *imports: str) -> int:
    references = [{"name": name, "subject": name, "version": 1} for name in imports]
    body = {"schemaType": "PROTOBUF", "schema": source, "references": references}
    return int(httpx.post(f"{url}/subjects/{subject.replace('/', '%2F')}/versions", json=body).raise_for_status().json()["id"])


async def test_a_newer_version_of_somebody_else_is_not_stamped(registry: str) -> None:
    source = (ROOT / EVENTS).read_text()
    register(registry, MONEY, (ROOT / MONEY).read_text())
    built_with = register(registry, f"{TOPIC}-value", source, MONEY)
    newer = source + "\nmessage SomethingNew {\n  string id = 1;\n}\n"
    latest = register(registry, f"{TOPIC}-value", newer, MONEY)

    assert await schema_ids(registry, {TOPIC: PaymentEvent}) == {TOPIC: built_with}
    assert latest != built_with


async def test_a_schema_that_is_not_registered_is_waited_for(registry: str) -> None:
    with pytest.raises(Unavailable, match=r"money\.proto"):
        await schema_ids(registry, {TOPIC: PaymentEvent})
