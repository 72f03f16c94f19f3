"""Items on their way to DynamoDB and back."""

from __future__ import annotations

from enum import StrEnum

import msgspec
from shop_kit.aws.dynamo import from_native, to_native


class Colour(StrEnum):
    RED = "red"


def test_a_value_object_that_is_a_string_is_stored_as_its_text() -> None:
    sent = msgspec.json.encode(to_native({"status": Colour.RED}))

    assert sent == b'{"status":{"S":"red"}}'
    assert from_native(msgspec.json.decode(sent)) == {"status": "red"}
