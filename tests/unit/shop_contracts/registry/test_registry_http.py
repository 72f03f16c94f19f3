from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

import pytest
from fakes.registry_client import BROKEN, LONGER, ORDER, avro, error_of, protobuf, register
from fakes.schema_log import FakeLog, SharedTopic
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from shop_contracts.protobuf.compiler import compile_proto
from shop_contracts.registry.http import MAX_BODY_BYTES, application
from shop_contracts.registry.log import Superseded
from shop_contracts.registry.records import Record
from shop_contracts.registry.registry import Registry
from starlette.testclient import TestClient


def test_an_answer_to_a_registration_names_id_version_and_guid_only(registry: TestClient) -> None:
    assert register(registry, "orders", ORDER) == {"id": 1, "version": 1, "guid": registry.get("/schemas/ids/1").json()["guid"]}


def test_the_identity_of_a_schema_stays_what_it_was_in_earlier_releases(registry: TestClient) -> None:
    # A change here gives registered schemas new ids: raise records.IDENTITY_SCHEME with it.
    assert register(registry, "orders", ORDER)["guid"] == "c0f56073-80f5-38c3-04f5-4c6e02dc57fd"


def test_comments_and_layout_do_not_make_a_new_schema_and_the_first_text_is_kept(registry: TestClient) -> None:
    first = "// The order.\n" + ORDER
    register(registry, "orders", first)

    assert register(registry, "orders", ORDER.replace("; ", ";\n\n"))["version"] == 1
    assert registry.get("/subjects/orders/versions/latest").json()["schema"] == first


def test_a_schema_is_given_back_as_a_descriptor_when_asked(registry: TestClient) -> None:
    register(registry, "orders", ORDER)

    answers = [
        registry.get("/schemas/ids/1?format=serialized").json()["schema"],
        registry.get("/subjects/orders/versions/1?format=serialized").json()["schema"],
        registry.get("/subjects/orders/versions/1/schema?format=serialized").text,
        registry.post("/subjects/orders?format=serialized", json=protobuf(ORDER)).json()["schema"],
    ]

    assert {FileDescriptorProto.FromString(base64.b64decode(answer)).package for answer in answers} == {"shop"}


def test_a_descriptor_with_imports_is_registered_against_its_references(registry: TestClient) -> None:
    register(registry, "base", ORDER)
    text = 'syntax = "proto3"; import "order.proto"; message Paid { shop.Order order = 1; }'
    descriptor = base64.b64encode(compile_proto(text, {"order.proto": ORDER}).file.SerializeToString()).decode()
    references = [{"name": "order.proto", "subject": "base", "version": 1}]

    registered = register(registry, "paid", descriptor, references=references)

    assert register(registry, "paid", text, references=references)["id"] == registered["id"]
    assert 'import "order.proto";' in registry.get(f"/schemas/ids/{registered['id']}/schema").text


def test_references_count_in_any_order_and_only_as_far_as_they_are_imported(registry: TestClient) -> None:
    for name in ("a", "b", "c"):
        register(registry, name, f'syntax = "proto3"; message {name.upper()} {{}}')
    a, b, c = ({"name": f"{name}.proto", "subject": name, "version": 1} for name in "abc")
    text = 'syntax = "proto3"; import "a.proto"; import "b.proto"; message M { A a = 1; B b = 2; }'

    registered = register(registry, "m", text, references=[a, b])

    assert register(registry, "m", text, references=[c, b, a])["id"] == registered["id"]


def test_a_reference_to_the_latest_version_is_kept_by_its_number(registry: TestClient) -> None:
    register(registry, "base", ORDER)
    text = 'syntax = "proto3"; import "o.proto"; message P { shop.Order o = 1; }'

    register(registry, "p", text, references=[{"name": "o.proto", "subject": "base", "version": -1}])

    assert registry.get("/subjects/p/versions/1").json()["references"] == [{"name": "o.proto", "subject": "base", "version": 1}]


def test_a_bad_schema_says_where(registry: TestClient) -> None:
    answer = registry.post("/subjects/a/versions", json=protobuf('syntax = "proto3";\nmessage A { strin x = 1; }'))

    assert error_of(answer) == (422, 42201)
    assert 'schema.proto:2:13: "strin" is not defined.' in answer.json()["message"]


OPTIONS = """syntax = "proto3"; package shop;
option (my.owner) = "orders; and [more]";
message Order {
  option (my.audited) = { by: ["a", "b"] };
  string id = 1 [(my.rule).min = 1, deprecated = true, (my.other) = { x: [1] }];
  oneof how { int32 lines = 2 [(my.rule) = 3]; }
}
enum State { option deprecated = false; NEW = 0 [(my.word) = "new"]; }
service Orders { rpc Place(Order) returns (Order) { option (google.api.http) = { post: "/orders" }; } }
"""


def test_custom_options_that_nothing_declares_are_kept_with_a_warning(registry: TestClient) -> None:
    answer = registry.post("/subjects/a/versions", json=protobuf(OPTIONS))

    assert answer.status_code == 200, answer.text
    assert answer.headers["Warning"] == (
        '299 - "nothing declares the custom options google.api.http, my.audited, my.other, my.owner, my.rule, my.word"'
    )
    assert registry.get("/schemas/ids/1/schema").text == OPTIONS
    served = FileDescriptorProto.FromString(base64.b64decode(registry.get("/schemas/ids/1/schema?format=serialized").text))
    assert [(field.name, field.options.deprecated) for field in served.message_type[0].field] == [("id", True), ("lines", False)]
    assert "Warning" not in registry.post("/subjects/b/versions", json=protobuf(ORDER)).headers


def test_options_that_nothing_declares_tell_schemas_apart_and_layout_does_not(registry: TestClient) -> None:
    register(registry, "a", OPTIONS)

    assert register(registry, "a", OPTIONS.replace("\n", "\n\n") + "// more")["version"] == 1
    assert register(registry, "a", OPTIONS.replace("(my.rule) = 3", "(my.rule) = 4"))["version"] == 2
    assert error_of(registry.post("/subjects/a/versions", json=protobuf(OPTIONS.replace("string id", "int32 id")))) == (409, 40901)


def test_a_schema_with_undeclared_options_can_be_referred_to(registry: TestClient) -> None:
    register(registry, "base", OPTIONS)
    references = [{"name": "schema.proto", "subject": "base", "version": 1}]

    answer = registry.post(
        "/subjects/a/versions",
        json=protobuf('syntax = "proto3"; import "schema.proto"; message A { shop.Order o = 1; }', references=references),
    )

    assert (answer.status_code, "Warning" in answer.headers) == (200, False), answer.text


def test_other_faults_beside_undeclared_options_are_told(registry: TestClient) -> None:
    answer = registry.post("/subjects/a/versions", json=protobuf(OPTIONS.replace("string id", "strin id")))

    assert error_of(answer) == (422, 42201)
    assert '"strin" is not defined' in answer.json()["message"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"{", (400, 400)),
        (b"[]", (400, 400)),
        (b'{"schema": 7}', (400, 400)),
        (b'{"schema": "x", "references": [{"name": "a"}]}', (400, 400)),
        (b"{}", (422, 42201)),
        (b'{"schema": "", "schemaType": "PROTOBUF"}', (422, 42201)),
        (b'{"schema": "{", "schemaType": "JSON"}', (422, 42201)),
        (b'{"schema": "\\ud800", "schemaType": "PROTOBUF"}', (400, 400)),
        (b"\xff\xfe", (400, 400)),
    ],
)
def test_a_malformed_body_is_refused(registry: TestClient, body: bytes, expected: tuple[int, int]) -> None:
    assert error_of(registry.post("/subjects/a/versions", content=body)) == expected


def test_a_body_that_is_too_large_is_refused(registry: TestClient) -> None:
    assert error_of(registry.post("/subjects/a/versions", content=b"x" * (MAX_BODY_BYTES + 1))) == (413, 413)


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nothing", 404), ("PATCH", "/subjects", 405), ("GET", "/schemas/ids/x", 404)]
)
def test_what_is_not_served_is_an_error_of_the_api(registry: TestClient, method: str, path: str, status: int) -> None:
    assert error_of(registry.request(method, path)) == (status, status)


def test_listings_come_in_pages(registry: TestClient) -> None:
    for number in range(5):
        register(registry, f"s{number}", ORDER)

    assert registry.get("/subjects?offset=1&limit=2").json() == ["s1", "s2"]
    assert [each["subject"] for each in registry.get("/schemas?offset=3").json()] == ["s3", "s4"]
    assert registry.get("/schemas/ids/1/subjects?limit=1").json() == ["s0"]
    assert registry.get("/subjects?subjectPrefix=s3").json() == ["s3"]


def test_only_latest_versions_are_listed_when_asked(registry: TestClient) -> None:
    register(registry, "orders", ORDER)
    register(registry, "orders", LONGER)

    assert [each["version"] for each in registry.get("/schemas?latestOnly=true").json()] == [2]


def test_a_schema_is_found_by_its_guid(registry: TestClient) -> None:
    guid = register(registry, "orders", ORDER)["guid"]

    assert registry.get(f"/schemas/guids/{guid}").json()["schema"] == ORDER
    assert registry.get(f"/schemas/guids/{guid}/ids").json() == [{"context": ".", "id": 1}]
    assert error_of(registry.get("/schemas/guids/00000000-0000-0000-0000-000000000000")) == (404, 40403)


def test_each_context_has_ids_of_its_own(registry: TestClient) -> None:
    register(registry, "orders", ORDER)
    register(registry, ":.eu:orders", LONGER)

    assert registry.get("/schemas/ids/1").json()["schema"] == ORDER
    assert registry.get("/schemas/ids/1?subject=:.eu:").json()["schema"] == LONGER
    assert registry.get("/contexts/.eu/schemas/ids/1").json()["schema"] == LONGER
    assert registry.get("/contexts/.eu/subjects").json() == [":.eu:orders"]


def test_a_level_of_a_context_counts_for_its_subjects(registry: TestClient) -> None:
    registry.put("/contexts/.eu/config", json={"compatibility": "NONE"})
    register(registry, ":.eu:orders", ORDER)

    register(registry, ":.eu:orders", BROKEN)

    assert registry.get("/config/:.eu:orders?defaultToGlobal=true").json()["compatibilityLevel"] == "NONE"
    assert registry.get("/config").json() == {"compatibilityLevel": "BACKWARD"}


def test_a_config_keeps_what_a_request_does_not_name(registry: TestClient) -> None:
    registry.put("/config/orders", json={"compatibility": "FULL", "normalize": True})
    registry.put("/config/orders", json={"compatibilityGroup": "major"})

    assert registry.get("/config/orders").json() == {"compatibilityLevel": "FULL", "normalize": True, "compatibilityGroup": "major"}


def test_normalisation_of_a_config_counts_for_lookups(registry: TestClient) -> None:
    registry.put("/config/orders", json={"normalize": True})
    register(registry, "orders", LONGER)
    swapped = LONGER.replace("string id = 1; int32 lines = 2;", "int32 lines = 2; string id = 1;")

    assert registry.post("/subjects/orders", json=protobuf(swapped)).json()["version"] == 1
    assert error_of(registry.post("/subjects/other", json=protobuf(swapped))) == (404, 40401)


def test_metadata_of_the_config_is_given_to_new_schemas(registry: TestClient) -> None:
    registry.put(
        "/config/orders",
        json={
            "defaultMetadata": {"properties": {"owner": "shop", "major": "1"}},
            "overrideMetadata": {"properties": {"audited": "yes"}},
        },
    )
    register(registry, "orders", ORDER, metadata={"properties": {"major": "2"}})

    assert registry.get("/subjects/orders/versions/1").json()["metadata"]["properties"] == {
        "owner": "shop",
        "major": "2",
        "audited": "yes",
    }


def test_versions_of_another_compatibility_group_are_not_compared(registry: TestClient) -> None:
    registry.put("/config/orders", json={"compatibilityGroup": "major"})
    register(registry, "orders", ORDER, metadata={"properties": {"major": "1"}})

    register(registry, "orders", BROKEN, metadata={"properties": {"major": "2"}})

    again = registry.post("/subjects/orders/versions", json=protobuf(LONGER, metadata={"properties": {"major": "2"}}))
    assert error_of(again) == (409, 40901)


def json_schema(schema: Any, **more: object) -> dict[str, Any]:
    return {"schema": json.dumps(schema), "schemaType": "JSON", **more}


def closed(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


TEXT = {"type": "string"}
BY_ID = closed(id=TEXT)
LOOSER = closed(id=TEXT, note=TEXT)


@pytest.mark.parametrize(
    ("level", "first", "second", "differences"),
    [
        ("BACKWARD", BY_ID, LOOSER, []),
        ("BACKWARD", LOOSER, BY_ID, ["PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL"]),
        ("BACKWARD_TRANSITIVE", BY_ID, LOOSER, []),
        ("FORWARD", BY_ID, LOOSER, ["PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL"]),
        ("FORWARD", LOOSER, BY_ID, []),
        ("FORWARD_TRANSITIVE", LOOSER, BY_ID, []),
        ("FULL", BY_ID, LOOSER, ["PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL"]),
        ("FULL_TRANSITIVE", BY_ID, {**BY_ID, "title": "Order"}, []),
        ("NONE", BY_ID, TEXT, []),
    ],
)
def test_json_schemas_are_judged_at_every_level(
    registry: TestClient, level: str, first: Any, second: Any, differences: list[str]
) -> None:
    registry.put("/config/a", json={"compatibility": level})
    registry.post("/subjects/a/versions", json=json_schema(first))

    asked = registry.post("/compatibility/subjects/a/versions?verbose=true", json=json_schema(second)).json()
    registered = registry.post("/subjects/a/versions", json=json_schema(second))

    assert asked["is_compatible"] == (not differences)
    assert [line.split('"')[1] for line in asked.get("messages", []) if "errorType" in line] == differences
    assert registered.status_code == (409 if differences else 200)


def test_a_refusal_of_a_json_schema_names_difference_place_and_earlier_version(registry: TestClient) -> None:
    registry.post("/subjects/a/versions", json=json_schema(LOOSER))

    asked = registry.post("/compatibility/subjects/a/versions?verbose=true", json=json_schema(BY_ID)).json()

    assert asked["messages"] == [
        '{errorType:"PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL", description:"#/properties/note: The new schema is closed and '
        'does not declare the property."}',
        "{oldSchemaVersion: 1}",
        f"{{oldSchema: '{json.dumps(LOOSER, separators=(',', ':'))}'}}",
        "{validateFields: 'false', compatibility: 'BACKWARD'}",
    ]


def test_json_schemas_refer_to_each_other_by_name(registry: TestClient) -> None:
    registry.post("/subjects/money/versions", json=json_schema({"definitions": {"amount": {"type": "integer"}}}))
    money = [{"name": "money.json", "subject": "money", "version": 1}]
    order = closed(total={"$ref": "money.json#/definitions/amount"})

    assert error_of(registry.post("/subjects/order/versions", json=json_schema(order))) == (422, 42201)
    assert registry.post("/subjects/order/versions", json=json_schema(order, references=money)).status_code == 200
    inline, wider = closed(total={"type": "integer"}), closed(total={"type": "string"})
    assert registry.post("/compatibility/subjects/order/versions/1", json=json_schema(inline)).json()["is_compatible"]
    assert not registry.post("/compatibility/subjects/order/versions/1", json=json_schema(wider)).json()["is_compatible"]


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ({"type": "text"}, "#/type"),
        ({"$schema": "http://json-schema.org/draft-04/schema#", "exclusiveMinimum": 3}, "exclusiveMinimum"),
        ({"$schema": "https://json-schema.org/draft/2020-12/schema", "prefixItems": {}}, "#/prefixItems"),
        ({"$ref": "#/definitions/gone"}, "nothing is at the reference"),
        ({"$ref": "http://example.com/order.json"}, "nothing is fetched"),
        (5, "an object, true or false"),
    ],
)
def test_what_is_no_json_schema_is_refused_with_its_place(registry: TestClient, schema: Any, why: str) -> None:
    answer = registry.post("/subjects/a/versions", json=json_schema(schema))

    assert error_of(answer) == (422, 42201)
    assert why in answer.json()["message"]


@pytest.mark.parametrize("schema_type", ["JSON", "AVRO"])
def test_json_nested_too_deep_is_an_invalid_schema(registry: TestClient, schema_type: str) -> None:
    for depth in (500, 100_000):
        text = '{"type":"array","items":' * depth + '"int"' + "}" * depth

        answer = registry.post("/subjects/a/versions", json={"schema": text, "schemaType": schema_type})

        assert error_of(answer) == (422, 42201)


def test_layout_makes_no_new_version_and_order_none_when_normalised(registry: TestClient) -> None:
    registry.post("/subjects/a/versions", json={"schema": '{ "type" : "string", "title": "é" }', "schemaType": "JSON"})
    other_order = {"schema": '{"title":"é","type":"string"}', "schemaType": "JSON"}

    assert registry.get("/subjects/a/versions/1").json()["schema"] == '{"type":"string","title":"é"}'
    assert registry.post("/subjects/a?normalize=true", json=other_order).json()["version"] == 1
    assert error_of(registry.post("/subjects/a", json=other_order)) == (404, 40403)


def test_an_avro_schema_is_kept_as_the_java_library_prints_it(registry: TestClient) -> None:
    written = {"name": "shop.Order", "fields": [{"type": {"type": "string"}, "name": "id", "order": "ascending"}], "type": "record"}
    other = {"type": "record", "namespace": "shop", "name": "Order", "fields": [{"name": "id", "type": "string"}]}

    registry.post("/subjects/a/versions", json={"schema": json.dumps(written)})

    assert registry.get("/subjects/a/versions/1").json()["schema"] == json.dumps(other, separators=(",", ":")).replace(
        '"namespace":"shop","name":"Order"', '"name":"Order","namespace":"shop"'
    )
    assert registry.post("/subjects/a", json={"schema": json.dumps(other)}).json()["version"] == 1


def test_types_nested_in_avro_references_are_found_however_far(registry: TestClient) -> None:
    price = {"type": "record", "name": "shop.Price", "fields": [{"name": "cents", "type": "long"}]}
    line = {"type": "record", "name": "shop.Line", "fields": [{"name": "price", "type": "shop.Price"}]}
    order = {"type": "record", "name": "shop.Order", "fields": [{"name": "line", "type": "Line"}, {"name": "sum", "type": "Price"}]}
    to_price = {"name": "shop.Price", "subject": "price", "version": 1}
    to_line = {"name": "shop.Line", "subject": "line", "version": 1}

    registry.post("/subjects/price/versions", json={"schema": json.dumps(price)})
    registry.post("/subjects/line/versions", json={"schema": json.dumps(line), "references": [to_price]})
    answer = registry.post("/subjects/order/versions", json={"schema": json.dumps(order), "references": [to_line]})

    assert answer.status_code == 200, answer.text


ORDER_ID = {"name": "id", "type": "string"}


def test_an_avro_schema_may_grow_by_a_field_with_a_default(registry: TestClient) -> None:
    registry.post("/subjects/a/versions", json=avro(ORDER_ID))

    answer = registry.post("/subjects/a/versions", json=avro(ORDER_ID, {"name": "note", "type": "string", "default": ""}))

    assert (answer.json()["id"], answer.json()["version"]) == (2, 2)


def test_an_avro_field_without_a_default_is_refused_in_the_words_of_confluent(registry: TestClient) -> None:
    registry.post("/subjects/a/versions", json=avro(ORDER_ID))
    wider = avro(ORDER_ID, {"name": "note", "type": "string"})

    refused = registry.post("/subjects/a/versions", json=wider)
    asked = registry.post("/compatibility/subjects/a/versions/latest?verbose=true", json=wider)

    assert error_of(refused) == (409, 40901)
    assert asked.json()["is_compatible"] is False
    assert asked.json()["messages"][0] == (
        "{errorType:'READER_FIELD_MISSING_DEFAULT_VALUE', description:'The field 'note' at path '/fields/1' in the new schema has "
        "no default value and is missing in the old schema', additionalInfo:'note'}"
    )


def test_an_avro_type_of_a_reference_is_looked_into(registry: TestClient) -> None:
    registry.put("/config/code", json={"compatibility": "NONE"})
    for size in (1, 2):
        schema = json.dumps({"type": "fixed", "name": "Code", "namespace": "shop", "size": size})
        registry.post("/subjects/code/versions", json={"schema": schema})
    with_code = avro({"name": "code", "type": "shop.Code"})

    def refer(version: int) -> Any:
        return with_code | {"references": [{"name": "shop.Code", "subject": "code", "version": version}]}

    assert registry.post("/subjects/a/versions", json=refer(1)).status_code == 200
    assert error_of(registry.post("/subjects/a/versions", json=refer(2))) == (409, 40901)


def test_a_transitive_level_compares_with_every_version(registry: TestClient) -> None:
    registry.put("/config/o", json={"compatibility": "NONE"})
    for schema in (ORDER, BROKEN):
        register(registry, "o", schema)
    after_broken = BROKEN.replace("id = 1;", "id = 1; string more = 2;")
    path = "/compatibility/subjects/o/versions"

    registry.put("/config/o", json={"compatibility": "BACKWARD"})
    assert registry.post(path, json=protobuf(after_broken)).json() == {"is_compatible": True}
    registry.put("/config/o", json={"compatibility": "BACKWARD_TRANSITIVE"})
    assert registry.post(path, json=protobuf(after_broken)).json() == {"is_compatible": False}


def test_while_kafka_is_away_what_is_known_is_answered_and_changes_fail(registry: TestClient, topic: SharedTopic) -> None:
    register(registry, "orders", ORDER)
    topic.is_away = True

    assert register(registry, "orders", ORDER)["id"] == 1
    assert registry.get("/schemas/ids/1").status_code == 200
    assert error_of(registry.post("/subjects/orders/versions", json=protobuf(LONGER))) == (500, 50002)
    assert error_of(registry.post("/subjects/orders/versions", json=protobuf(BROKEN))) == (409, 40901)

    topic.is_away = False
    assert register(registry, "orders", LONGER)["version"] == 2


def test_before_the_state_is_read_nothing_is_called_unknown(topic: SharedTopic) -> None:
    class Reading(FakeLog):
        def catch_up(self) -> None:
            self.failure = "The topic is unusable."

        @property
        def is_caught_up(self) -> bool:
            return False

        @is_caught_up.setter
        def is_caught_up(self, value: bool) -> None:
            pass

    with TestClient(application(Registry(Reading(topic)))) as registry:
        assert error_of(registry.get("/subjects/orders/versions")) == (503, 50003)
        assert registry.get("/ready").status_code == 503
        assert registry.get("/ready").json()["reason"] == "The topic is unusable."
        assert registry.get("/health").status_code == 200


def test_a_change_is_decided_anew_when_another_registry_wrote_in_between(topic: SharedTopic) -> None:
    class Raced(FakeLog):
        """Loses the race once: the other registry takes the id this one was about to give out."""

        raced = False

        async def append(self, records: Sequence[Record]) -> None:
            if not self.raced:
                self.raced = True
                with TestClient(application(Registry(FakeLog(topic)))) as other:
                    register(other, "theirs", LONGER)
                raise Superseded("in between")
            await super().append(records)

    with TestClient(application(Registry(Raced(topic)))) as registry:
        assert register(registry, "ours", ORDER)["id"] == 2
        assert registry.get("/schemas/ids/1/subjects").json() == ["theirs"]


def test_a_fault_of_ours_is_an_error_of_the_api(topic: SharedTopic) -> None:
    class Faulty(FakeLog):
        async def lead(self) -> None:
            raise OSError("disk")

    with TestClient(application(Registry(Faulty(topic))), raise_server_exceptions=False) as registry:
        assert error_of(registry.post("/subjects/a/versions", json=protobuf(ORDER))) == (500, 500)


@pytest.mark.parametrize("identity", [b"", b"2 only", b"1 abc def", b"2 a b c", b"\xff"])
def test_an_identity_that_cannot_be_used_is_made_anew(topic: SharedTopic, identity: bytes) -> None:
    key = b'{"keytype":"SCHEMA","subject":"orders","version":1,"magic":1}'
    value = b'{"subject":"orders","version":1,"id":7,"schema":"\\"string\\"","deleted":false}'
    topic.records.append(Record(key, value, (("shop.identity", identity),)))

    with TestClient(application(Registry(FakeLog(topic)))) as registry:
        assert registry.post("/subjects/orders/versions", json={"schema": ' "string" '}).json()["id"] == 7


def test_records_of_another_registry_are_read_and_identified(topic: SharedTopic) -> None:
    import json

    value = {
        "subject": "orders",
        "version": 1,
        "id": 41,
        "schemaType": "PROTOBUF",
        "schema": "// theirs\n" + ORDER,
        "deleted": False,
    }
    topic.records += [
        Record(b'{"keytype":"NOOP","magic":0}', None),
        Record(b'{"keytype":"SCHEMA","subject":"orders","version":1,"magic":1}', json.dumps(value | {"md5": "x"}).encode()),
        Record(b'{"keytype":"CONFIG","subject":null,"magic":0}', b'{"subject":null,"compatibilityLevel":"FULL","new":null}'),
        Record(b'{"keytype":"SOMETHING_NEW","magic":9}', b"{}"),
        Record(b"\xff not json", b"\xff"),
        Record(b'{"keytype":"SCHEMA","subject":"broken","version":1,"magic":1}', b'{"id":'),
    ]
    with TestClient(application(Registry(FakeLog(topic)))) as registry:
        assert register(registry, "orders", ORDER)["id"] == 41
        assert registry.get("/config").json() == {"compatibilityLevel": "FULL"}
        assert registry.get("/subjects").json() == ["orders"]
        assert register(registry, "new", LONGER)["id"] == 42


def test_the_policy_lenient_lets_optional_properties_be_added_to_open_json_schemas(registry: TestClient) -> None:
    registry.post("/subjects/a/versions", json=json_schema({"type": "object", "properties": {"id": TEXT}}))
    wider = json_schema({"type": "object", "properties": {"id": TEXT, "note": TEXT}})

    assert error_of(registry.post("/subjects/a/versions", json=wider)) == (409, 40901)
    registry.put("/config/a", json={"compatibility": "FULL", "compatibilityPolicy": "LENIENT"})

    assert registry.post("/subjects/a/versions", json=wider).status_code == 200
