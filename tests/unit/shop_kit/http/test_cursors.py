from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shop_kit.http.cursors import cursor_behind, cursor_of, id_in_cursor, read_cursor
from shop_kit.http.problems import Problem


@given(st.dictionaries(st.text(), st.text() | st.integers(-(2**62), 2**62)))
def test_a_cursor_leads_back_to_its_position_and_stands_in_a_url_as_it_is(position: dict[str, str | int]) -> None:
    cursor = cursor_of(position)

    assert read_cursor(cursor) == position
    assert re.fullmatch("[A-Za-z0-9_-]*", cursor)


@pytest.mark.parametrize("cursor", ["!", "W10", "bXVn", "tasse", "ü", "eyJhIjpudWxsfQ"])
def test_a_cursor_that_no_list_gave_is_refused(cursor: str) -> None:
    with pytest.raises(Problem) as refused:
        read_cursor(cursor)

    assert (refused.value.status, refused.value.errors[0].field) == (400, "cursor")


def test_a_list_by_id_goes_on_behind_the_last_one_shown_and_ends_where_there_is_none() -> None:
    assert id_in_cursor(cursor_behind("mug"), str.isalpha) == "mug"
    assert id_in_cursor(None, str.isalpha) is None
    assert cursor_behind(None) is None


@pytest.mark.parametrize("position", [{"id": "not one of ours"}, {"id": 7}, {"sku": "mug"}, {}])
def test_a_cursor_of_another_list_is_refused(position: dict[str, str | int]) -> None:
    with pytest.raises(Problem) as refused:
        id_in_cursor(cursor_of(position), str.isalpha)

    assert (refused.value.status, refused.value.errors[0].field) == (400, "cursor")
