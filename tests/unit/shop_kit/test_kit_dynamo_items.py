"""Items on their way to DynamoDB and back."""

from __future__ import annotations

import asyncio
from enum import StrEnum

import msgspec
import pytest
from fakes.model_aws import ModelAws
from shop_kit.aws.dynamo import from_native, to_native


class Colour(StrEnum):
    RED = "red"


def test_a_value_object_that_is_a_string_is_stored_as_its_text() -> None:
    sent = msgspec.json.encode(to_native({"status": Colour.RED}))

    assert sent == b'{"status":{"S":"red"}}'
    assert from_native(msgspec.json.decode(sent)) == {"status": "red"}


@pytest.mark.parametrize(("keys", "reads", "deletions"), [(0, 0, 0), (1, 1, 1), (100, 1, 4), (101, 2, 5)])
def test_any_number_of_items_is_read_and_removed_in_batches_that_dynamodb_takes(keys: int, reads: int, deletions: int) -> None:
    aws = ModelAws()
    table = aws.model.make("t", "pk")
    wanted = [{"pk": f"{number:03d}"} for number in range(keys)]
    for key in wanted:
        table.put((key["pk"],), dict(key))

    async def story() -> list[dict[str, str]]:
        found = await aws.dynamo().get_many("t", [*wanted])
        await aws.dynamo().delete_many("t", [*wanted])
        return found

    assert asyncio.run(story()) == wanted
    assert table.items == {}
    assert aws.operations == ["BatchGetItem"] * reads + ["BatchWriteItem"] * deletions
