"""What a registry's refusal says to whoever has edited a schema."""

from __future__ import annotations

from shop_sandbox.provision.schemas import refusal

URL = "http://127.0.0.1:1/subjects/greetings.v1-value"
INCOMPATIBLE = """\
Schema being registered is incompatible with an earlier schema for subject "greetings.v1-value", details: \
[{errorType:"FIELD_SCALAR_KIND_CHANGED", description:"#/GreetingEvent/2: The value was string and is \\"int32\\"."}, \
{errorType:"FIELD_REMOVED", description:"#/GreetingEvent/3: It is gone."}, {oldSchemaVersion: 2}, \
{oldSchema: 'syntax = "proto3";

message GreetingEvent {
  string language = 2;
}
'}, {validateFields: 'false', compatibility: 'BACKWARD'}]"""


def test_an_incompatible_schema_is_told_in_one_line_with_all_reasons_and_how_to_take_back_what_nobody_else_has() -> None:
    told, hint = str(refusal("greetings.v1-value", 409, INCOMPATIBLE, URL)).split("\n")

    assert told == (
        "schema greetings.v1-value: incompatible with version 2: "
        '#/GreetingEvent/2: The value was string and is "int32".; #/GreetingEvent/3: It is gone.'
    )
    assert f"`curl -X DELETE {URL}/versions/2 && shop-dev restart provision-schemas`" in hint


def test_any_other_refusal_is_told_in_one_line_too() -> None:
    told, hint = str(refusal("greetings.v1-value", 422, "Invalid schema:\n  line 3", URL)).split("\n")

    assert told == "schema greetings.v1-value: Invalid schema: line 3"
    assert "contracts check" in hint
    assert str(refusal("greetings.v1-value", 500, "down", URL)) == "schema greetings.v1-value: down"
