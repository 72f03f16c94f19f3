"""Ids of things, and the UUIDs that some of them come from."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis.strategies import uuids
from shop_kit.identifiers import identifier_of_uuid, is_identifier, new_identifier, uuid_of


def test_an_id_says_what_it_is_and_no_two_are_the_same() -> None:
    made = {new_identifier("ord") for _ in range(1000)}

    assert len(made) == 1000
    assert all(is_identifier("ord", one) and not is_identifier("cus", one) for one in made)


@given(uuids())
def test_an_id_of_a_uuid_is_that_uuid_again(uuid: UUID) -> None:
    made = identifier_of_uuid("cus", uuid)

    assert is_identifier("cus", made)
    assert uuid_of("cus", made) == uuid


def test_ids_of_uuids_sort_as_the_uuids_do() -> None:
    first, second = UUID(int=1 << 100), UUID(int=(1 << 100) + 1)

    assert identifier_of_uuid("cus", first) < identifier_of_uuid("cus", second)


@pytest.mark.parametrize(
    "text",
    ["", "cus_", "cus_01J9ZK3V5M8Q2T4W6Y8A0C2E4", "cus_01J9ZK3V5M8Q2T4W6Y8A0C2E4GG", "cus_81J9ZK3V5M8Q2T4W6Y8A0C2E4G", "cus_\x00"],
)
def test_what_has_another_form_comes_from_no_uuid(text: str) -> None:
    with pytest.raises(ValueError):
        uuid_of("cus", text)
