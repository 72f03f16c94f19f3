"""Items on their way to DynamoDB and back."""

from __future__ import annotations

import msgspec
from shop_kit.aws.dynamo import from_native, to_native
from shop_kit.shared_kernel import Sku


def test_a_value_object_that_is_a_string_is_stored_as_its_text() -> None:
    sent = msgspec.json.encode(to_native({"sku": Sku("GAR-00001")}))

    assert sent == b'{"sku":{"S":"GAR-00001"}}'
    assert from_native(msgspec.json.decode(sent)) == {"sku": "GAR-00001"}
