"""confluent-kafka's own clients and serialisers, unchanged, through restarts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka.schema_registry import (
    AsyncSchemaRegistryClient,
    Metadata,
    MetadataProperties,
    Schema,
    SchemaReference,
    SchemaRegistryClient,
    ServerConfig,
)
from confluent_kafka.schema_registry.common.schema_registry_client import (
    AssociationCreateOrUpdateInfo,
    AssociationCreateOrUpdateRequest,
    ConfigCompatibilityLevel,
)
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.schema_registry.protobuf import (
    AsyncProtobufDeserializer,
    AsyncProtobufSerializer,
    ProtobufDeserializer,
    ProtobufSerializer,
)
from confluent_kafka.serialization import MessageField, SerializationContext
from fakes.registry_process import RegistryProcess
from shop_contracts.proto.common.v1 import money_pb2
from shop_contracts.proto.orders.v1 import events_pb2

pytestmark = pytest.mark.integration

VALUE = SerializationContext("shop.orders.events.v1", MessageField.VALUE)
SUBJECT = "shop.orders.events.v1-value"
PROTO_ROOT = Path(money_pb2.__file__).parents[4]


@pytest.fixture
def client(registry: RegistryProcess) -> SchemaRegistryClient:
    return SchemaRegistryClient({"url": registry.url})


def an_event() -> events_pb2.OrderEvent:
    event = events_pb2.OrderEvent()
    event.accepted.SetInParent()
    return event


def source(path: str) -> str:
    return (PROTO_ROOT / path).read_text()


def test_a_message_goes_through_serialisers_and_a_killed_registry(registry: RegistryProcess, client: SchemaRegistryClient) -> None:
    sent = an_event()
    serialized = ProtobufSerializer(events_pb2.OrderEvent, client)(sent, VALUE)

    registry.kill()
    registry.start()
    fresh = SchemaRegistryClient({"url": registry.url})
    received = ProtobufDeserializer(events_pb2.OrderEvent, {"use.latest.version": False}, fresh)(serialized, VALUE)

    assert received == sent
    references = fresh.get_latest_version(SUBJECT).schema.references or []
    assert [reference.name for reference in references] == ["shop_contracts/proto/common/v1/money.proto"]


def test_a_serialiser_finds_what_was_provisioned_as_text(client: SchemaRegistryClient) -> None:
    money, orders = money_pb2.DESCRIPTOR.name, events_pb2.DESCRIPTOR.name
    client.register_schema(money, Schema(source(money), "PROTOBUF"))
    references = [SchemaReference(money, money, 1)]
    provisioned = client.register_schema(SUBJECT, Schema(source(orders), "PROTOBUF", references=references))

    settings = {"auto.register.schemas": False}
    serialized = ProtobufSerializer(events_pb2.OrderEvent, client, settings)(an_event(), VALUE)

    assert serialized is not None
    assert int.from_bytes(serialized[1:5], "big") == provisioned
    assert client.get_versions(SUBJECT) == [1]


def test_a_reader_parses_with_the_latest_version_of_the_registry(client: SchemaRegistryClient) -> None:
    serialized = ProtobufSerializer(events_pb2.OrderEvent, client)(an_event(), VALUE)

    latest = ProtobufDeserializer(events_pb2.OrderEvent, {"use.latest.version": True}, client)

    assert latest(serialized, VALUE) == an_event()


@pytest.mark.anyio
async def test_the_async_client_and_serialisers_do_the_same(registry: RegistryProcess) -> None:
    client = AsyncSchemaRegistryClient({"url": registry.url})
    serializer = await AsyncProtobufSerializer(events_pb2.OrderEvent, client)
    deserializer = await AsyncProtobufDeserializer(events_pb2.OrderEvent, None, client)

    serialized = await serializer(an_event(), VALUE)

    assert await deserializer(serialized, VALUE) == an_event()
    assert await client.get_subjects() == ["shop.orders.events.v1-value", "shop_contracts/proto/common/v1/money.proto"]


def test_every_call_of_the_client_is_answered(client: SchemaRegistryClient) -> None:
    old, new = (
        Schema('syntax = "proto3"; message A {}', "PROTOBUF"),
        Schema('syntax = "proto3"; message A { int32 x = 1; }', "PROTOBUF"),
    )
    schema_id = client.register_schema("a", old)

    assert client.get_schema(schema_id).schema_str == old.schema_str
    assert client.lookup_schema("a", old).version == 1
    assert client.get_subjects() == ["a"]
    assert client.get_latest_version("a").schema_id == schema_id
    assert client.get_version("a", 1).schema_id == schema_id
    assert client.get_versions("a") == [1]
    assert client.test_compatibility("a", new) is True
    assert client.get_subjects_by_schema_id(schema_id) == ["a"]
    assert [(each.subject, each.version) for each in client.get_schema_versions(schema_id)] == [("a", 1)]
    assert client.get_referenced_by("a", 1) == []
    guid = client.lookup_schema("a", old).guid
    assert client.get_schema_by_guid(str(guid)).schema_str == old.schema_str
    client.set_compatibility("a", "FULL")
    assert client.get_compatibility("a") == "FULL"
    client.set_config("a", ServerConfig(compatibility=ConfigCompatibilityLevel.BACKWARD, compatibility_group="major"))
    assert client.get_config("a").compatibility_group == "major"
    assert client.get_config("a").compatibility_level == "BACKWARD"
    assert client.delete_version("a", 1) == 1
    assert client.delete_subject("a", permanent=True) == [1]


def test_metadata_travels_with_a_schema_and_finds_it(client: SchemaRegistryClient) -> None:
    metadata = Metadata(tags=None, properties=MetadataProperties({"major": "2"}), sensitive=[])
    client.register_schema("a", Schema('syntax = "proto3"; message A {}', "PROTOBUF"))
    schema_id = client.register_schema("a", Schema('syntax = "proto3"; message A {}', "PROTOBUF", metadata=metadata))

    assert client.get_schema(schema_id).metadata == metadata
    assert client.get_latest_with_metadata("a", {"major": "2"}).version == 2


def test_a_serialiser_writes_under_the_subject_its_topic_is_associated_with(client: SchemaRegistryClient) -> None:
    references = [SchemaReference(money_pb2.DESCRIPTOR.name, "money", 1)]
    client.register_schema("money", Schema(source(money_pb2.DESCRIPTOR.name), "PROTOBUF"))
    made = client.register_schema("shared", Schema(source(events_pb2.DESCRIPTOR.name), "PROTOBUF", references=references))
    info = AssociationCreateOrUpdateInfo(subject="shared", association_type="value", lifecycle="WEAK")
    wanted = AssociationCreateOrUpdateRequest("orders", "cluster", "o-1", "topic", [info])
    response = client.create_association(wanted)

    settings = {"auto.register.schemas": False, "use.latest.version": True}
    context = SerializationContext("orders", MessageField.VALUE)
    serialized = ProtobufSerializer(events_pb2.OrderEvent, client, settings)(an_event(), context)

    assert [each.subject for each in response.associations or []] == ["shared"]
    assert serialized is not None
    assert int.from_bytes(serialized[1:5], "big") == made
    client.delete_associations("o-1", "topic", ["value"])
    assert client.get_associations_by_resource_name("orders", "-", "topic", ["value"]) == []


def test_errors_arrive_as_the_client_knows_them(client: SchemaRegistryClient) -> None:
    with pytest.raises(SchemaRegistryError) as raised:
        client.get_latest_version("nothing")

    assert (raised.value.http_status_code, raised.value.error_code) == (404, 40401)


def test_an_incompatible_producer_is_refused(client: SchemaRegistryClient, open_registry: Callable[..., RegistryProcess]) -> None:
    client.register_schema("a", Schema('syntax = "proto3"; message A { int32 x = 1; }', "PROTOBUF"))

    with pytest.raises(SchemaRegistryError) as raised:
        client.register_schema("a", Schema('syntax = "proto3"; message A { string x = 1; }', "PROTOBUF"))

    assert raised.value.http_status_code == 409
    assert "FIELD_SCALAR_KIND_CHANGED" in str(raised.value)
