"""Records are read and written with the schema that a registry holds for them, of whatever kind."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import pytest
import shop_contracts
from fakes.registry_server import served_registry
from shop_dev.errors import ShopDevError
from shop_dev.kafka.producing import documents
from shop_dev.kafka.schemas import NotOfThisSchema, Schema, SchemaNotThere, Schemas

ROOT = Path(shop_contracts.__file__).parent.parent
MONEY, EVENTS = "shop_contracts/proto/common/v1/money.proto", "shop_contracts/proto/payments/v1/events.proto"
PRICE = {"type": "record", "name": "Price", "namespace": "shop", "fields": [{"name": "cents", "type": "long"}]}
QUOTE = {"type": "record", "name": "Quote", "namespace": "shop", "fields": [{"name": "price", "type": "shop.Price"}]}
PERSON = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}


class Here:
    """A registry of this test, and what reads from it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.schemas = Schemas(url)

    def register(self, subject: str, kind: str, schema: str, *, imports: Sequence[tuple[str, str]] = ()) -> None:
        references = [{"name": name, "subject": of, "version": 1} for name, of in imports]
        body = {"schemaType": kind, "schema": schema, "references": references}
        httpx.post(f"{self._url}/subjects/{subject.replace('/', '%2F')}/versions", json=body).raise_for_status()


@pytest.fixture
def here() -> Iterator[Here]:
    with served_registry() as url:
        yield Here(url)


def protobuf(here: Here) -> Schema:
    here.register(MONEY, "PROTOBUF", (ROOT / MONEY).read_text())
    here.register("payments-value", "PROTOBUF", (ROOT / EVENTS).read_text(), imports=[(MONEY, MONEY)])
    return here.schemas.latest("payments")


def avro(here: Here) -> Schema:
    here.register("shop.Price", "AVRO", json.dumps(PRICE))
    here.register("quotes-value", "AVRO", json.dumps(QUOTE), imports=[("shop.Price", "shop.Price")])
    return here.schemas.latest("quotes")


def json_schema(here: Here) -> Schema:
    here.register("people-value", "JSON", json.dumps(PERSON))
    return here.schemas.latest("people")


def test_what_is_written_with_a_protobuf_schema_is_read_by_the_id_in_it(here: Here) -> None:
    schema = protobuf(here)
    told = {"order_id": "ord_1", "payment_id": "pay_1", "payment_voided": {}}

    value = schema.write({"orderId": "ord_1", "payment_id": "pay_1", "paymentVoided": {}})
    found = here.schemas.of_value(value)

    assert (schema.kind, found and found.id) == ("PROTOBUF", schema.id)
    assert found is not None
    assert found.read(value) == told


def test_avro_is_read_with_what_it_refers_to(here: Here) -> None:
    schema = avro(here)

    value = schema.write({"price": {"cents": 1990}})
    found = here.schemas.of_value(value)

    assert found is not None
    assert (found.kind, found.id, found.read(value)) == ("AVRO", schema.id, {"price": {"cents": 1990}})


def test_json_is_checked_when_it_is_written(here: Here) -> None:
    schema = json_schema(here)

    value = schema.write({"age": 7})
    found = here.schemas.of_value(value)

    assert value[:5] == b"\0" + schema.id.to_bytes(4, "big")
    assert found is not None
    assert (found.kind, found.read(value)) == ("JSON", {"age": 7})
    with pytest.raises(NotOfThisSchema, match=r"\$\.age: 'old' is not of type 'integer'"):
        schema.write({"age": "old"})


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ({"order": "x"}, 'no field named "order"'),
        ({"order_id": "ord_1"}, "says nothing: give it one of payment_authorised"),
        ([1], "PaymentEvent|dict|list|object"),
    ],
)
def test_what_a_protobuf_schema_does_not_know_is_refused_with_what_it_knows(here: Here, content: object, why: str) -> None:
    with pytest.raises(NotOfThisSchema, match=why):
        protobuf(here).write(content)


@pytest.mark.parametrize("content", [{"price": {"cents": "many"}}, {"price": None}, {"price": {"cents": 1}, "more": 2}, 5])
def test_what_an_avro_schema_does_not_know_is_refused(here: Here, content: object) -> None:
    with pytest.raises(NotOfThisSchema):
        avro(here).write(content)


@pytest.mark.parametrize("make", [protobuf, avro, json_schema])
def test_bytes_that_are_none_of_a_schema_are_said_to_be(here: Here, make: object) -> None:
    schema = make(here)  # type: ignore[operator]

    with pytest.raises(NotOfThisSchema):
        schema.read(b"\0" + schema.id.to_bytes(4, "big") + b"\xff\xff\xff")


def test_a_schema_that_nobody_registered_is_said_each_time(here: Here) -> None:
    for _ in range(2):
        with pytest.raises(SchemaNotThere, match="/schemas/ids/77"):
            here.schemas.of_value(b"\0\0\0\0\x4dx")
    with pytest.raises(SchemaNotThere) as refused:
        here.schemas.latest("nobody")
    assert refused.value.is_certain


def test_a_registry_that_is_away_is_no_certain_answer() -> None:
    with pytest.raises(SchemaNotThere) as refused:
        Schemas("http://127.0.0.1:9").latest("orders")
    assert not refused.value.is_certain


@pytest.mark.parametrize("value", [b"", b"{}", b"plain text", b"\0\0"])
def test_a_value_in_another_format_names_no_schema(here: Here, value: bytes) -> None:
    assert here.schemas.of_value(value) is None


def test_documents_follow_each_other_with_or_without_line_ends() -> None:
    assert [*documents('{"a": 1}\n{"b": 2} [3]\n\n"x"')] == [{"a": 1}, {"b": 2}, [3], "x"]
    assert [*documents(" \n")] == []


def test_what_is_no_json_is_said_with_its_place() -> None:
    with pytest.raises(ShopDevError, match="in line 2, column 7"):
        list(documents('{"a": 1}\n{"b": }'))
