"""confluent-kafka's JSON Schema and Avro serialisers, unchanged, with references, through a restart of the registry."""

from __future__ import annotations

import json
from typing import Any

import pytest
from confluent_kafka.schema_registry import AsyncSchemaRegistryClient, Schema, SchemaReference, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AsyncAvroDeserializer, AsyncAvroSerializer, AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.schema_registry.json_schema import (
    AsyncJSONDeserializer,
    AsyncJSONSerializer,
    JSONDeserializer,
    JSONSerializer,
)
from confluent_kafka.serialization import MessageField, SerializationContext
from fakes.registry_process import RegistryProcess

pytestmark = pytest.mark.integration

VALUE = SerializationContext("orders", MessageField.VALUE)
ORDER = {"id": "ord_1", "total": {"cents": 1250}}

JSON_MONEY = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "properties": {"cents": {"type": "integer"}},
    "required": ["cents"],
    "additionalProperties": False,
}
JSON_ORDER = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "title": "Order",
    "type": "object",
    "properties": {"id": {"type": "string"}, "total": {"$ref": "money.json"}},
    "required": ["id"],
    "additionalProperties": False,
}
AVRO_MONEY = {"type": "record", "name": "Money", "namespace": "shop", "fields": [{"name": "cents", "type": "long"}]}
AVRO_ORDER = {
    "type": "record",
    "name": "Order",
    "namespace": "shop",
    "fields": [{"name": "id", "type": "string"}, {"name": "total", "type": "shop.Money"}],
}
KINDS = pytest.mark.parametrize("kind", ["JSON", "AVRO"])


def order_schema(kind: str) -> Schema:
    schema, name = (JSON_ORDER, "money.json") if kind == "JSON" else (AVRO_ORDER, "shop.Money")
    return Schema(json.dumps(schema), kind, references=[SchemaReference(name, "money", 1)])


def money_schema(kind: str) -> Schema:
    return Schema(json.dumps(JSON_MONEY if kind == "JSON" else AVRO_MONEY), kind)


def with_note(kind: str) -> Schema:
    """The next version: an optional note more, and money as it was."""
    order: dict[str, Any] = json.loads(json.dumps(JSON_ORDER if kind == "JSON" else AVRO_ORDER))
    if kind == "JSON":
        order["properties"]["note"] = {"type": "string"}
    else:
        order["fields"].append({"name": "note", "type": ["null", "string"], "default": None})
    return Schema(json.dumps(order), kind, references=order_schema(kind).references)


def serializer(kind: str, client: SchemaRegistryClient, schema: Schema | None = None) -> Any:
    schema = schema or order_schema(kind)
    return JSONSerializer(schema, client) if kind == "JSON" else AvroSerializer(client, schema)


def deserializer(kind: str, client: SchemaRegistryClient) -> Any:
    reader = order_schema(kind)
    return JSONDeserializer(reader, schema_registry_client=client) if kind == "JSON" else AvroDeserializer(client, reader)


@pytest.fixture
def client(registry: RegistryProcess) -> SchemaRegistryClient:
    return SchemaRegistryClient({"url": registry.url})


@KINDS
def test_a_message_goes_through_serialisers_and_a_killed_registry(
    registry: RegistryProcess, client: SchemaRegistryClient, kind: str
) -> None:
    client.register_schema("money", money_schema(kind))
    serialized = serializer(kind, client)(ORDER, VALUE)

    registry.kill()
    registry.start()
    fresh = SchemaRegistryClient({"url": registry.url})

    assert deserializer(kind, fresh)(serialized, VALUE) == ORDER
    assert [one.subject for one in fresh.get_latest_version("orders-value").schema.references or []] == ["money"]
    assert fresh.register_schema("orders-value", order_schema(kind)) == fresh.get_latest_version("orders-value").schema_id


@KINDS
def test_versions_are_judged_across_a_restart(registry: RegistryProcess, client: SchemaRegistryClient, kind: str) -> None:
    client.register_schema("money", money_schema(kind))
    client.register_schema("orders-value", order_schema(kind))
    other_money = json.dumps(JSON_MONEY | {"required": []} if kind == "JSON" else AVRO_MONEY | {"name": "shop.Cash"})

    registry.kill()
    registry.start()
    fresh = SchemaRegistryClient({"url": registry.url})
    serialized = serializer(kind, fresh, with_note(kind))({**ORDER, "note": "gift"}, VALUE)

    assert fresh.get_versions("orders-value") == [1, 2]
    assert fresh.test_compatibility("orders-value", order_schema(kind)) == (kind == "AVRO")  # AVRO passes over what is gone
    assert not fresh.test_compatibility("orders-value", Schema(other_money, kind))
    with pytest.raises(SchemaRegistryError, match="409"):
        fresh.register_schema("orders-value", Schema(other_money, kind))
    if kind == "AVRO":
        assert deserializer(kind, fresh)(serialized, VALUE) == ORDER


@KINDS
@pytest.mark.anyio
async def test_the_async_serialisers_do_the_same(registry: RegistryProcess, kind: str) -> None:
    client = AsyncSchemaRegistryClient({"url": registry.url})
    await client.register_schema("money", money_schema(kind))
    schema = order_schema(kind)
    if kind == "JSON":
        write: Any = await AsyncJSONSerializer(schema, client)
        read: Any = await AsyncJSONDeserializer(schema, schema_registry_client=client)
    else:
        write, read = await AsyncAvroSerializer(client, schema), await AsyncAvroDeserializer(client, schema)

    assert await read(await write(ORDER, VALUE), VALUE) == ORDER
    assert await client.get_subjects() == ["money", "orders-value"]
