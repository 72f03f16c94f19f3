"""The tree of categories: whatever is made, moved and removed, it stays a tree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shop_services.catalog.domain.categories import DEEPEST, MOST_AT_ONCE, CategoryInUse, CategoryTree
from shop_services.catalog.domain.faults import NotAccepted

NAMES = {"en": "Somewhere"}
IDS = [f"cat_{letter}" for letter in "abcdefgh"]


def tree_of(*places: tuple[str, str | None]) -> CategoryTree:
    tree = CategoryTree({})
    for category_id, parent_id in places:
        tree = tree.put(category_id, parent_id, NAMES).tree
    return tree


CHAIN = tree_of(("a", None), ("b", "a"), ("c", "b"), ("x", None))


def test_a_category_moves_with_all_that_is_below_it() -> None:
    change = CHAIN.put("b", "x", NAMES)

    assert change.tree.path("c") == ("x", "b", "c")
    assert change.moved == ("c",)


def test_a_new_name_moves_nothing() -> None:
    assert CHAIN.put("b", "a", {"en": "Elsewhere"}).moved == ()


@pytest.mark.parametrize("parent", ["a", "b", "c"])
def test_nothing_moves_below_itself(parent: str) -> None:
    with pytest.raises(NotAccepted, match="circles"):
        CHAIN.put("a", parent, NAMES)


def test_a_parent_must_be_there() -> None:
    with pytest.raises(NotAccepted, match="no category nowhere"):
        CHAIN.put("b", "nowhere", NAMES)


def test_the_tree_has_an_end_downwards_also_for_what_moves_along() -> None:
    deep = tree_of(("0", None), *((str(level), str(level - 1)) for level in range(1, DEEPEST)), ("r", None))

    with pytest.raises(NotAccepted, match="levels"):
        deep.put("new", str(DEEPEST - 1), NAMES)
    with pytest.raises(NotAccepted, match="levels"):
        deep.put("0", "r", NAMES)


def test_no_more_move_at_once_than_can_be_told_of_together() -> None:
    wide = tree_of(("a", None), ("x", None), *((f"a{number}", "a") for number in range(MOST_AT_ONCE + 1)))

    with pytest.raises(NotAccepted, match="in parts"):
        wide.put("a", "x", NAMES)
    assert wide.put("a", None, {"en": "Renamed"}).moved == ()


def test_what_has_something_below_it_stays() -> None:
    with pytest.raises(CategoryInUse):
        CHAIN.remove("b")
    assert CHAIN.remove("c").is_removal


def test_a_revision_rises_with_the_category_and_with_where_it_stands() -> None:
    renamed = CHAIN.put("a", None, {"en": "Renamed"}).tree

    assert renamed.revision("c") > CHAIN.revision("c")
    assert renamed.revision("x") == CHAIN.revision("x")


@given(st.lists(st.tuples(st.sampled_from(IDS), st.none() | st.sampled_from(IDS)), max_size=30))
def test_it_is_a_tree_after_any_moves(moves: list[tuple[str, str | None]]) -> None:
    tree = CategoryTree({})
    for category_id, parent_id in moves:
        before = {one: tree.revision(one) for one in tree.categories}
        try:
            change = tree.put(category_id, parent_id, NAMES)
        except NotAccepted:
            continue
        paths = {one: change.tree.path(one) for one in change.tree.categories}
        changed = {one for one in before if paths[one] != tree.path(one)}
        assert all(path[0] in change.tree.children(None) and len(set(path)) == len(path) <= DEEPEST for path in paths.values())
        assert changed <= {category_id, *change.moved}
        assert all(change.tree.revision(one) >= before[one] for one in before)
        tree = change.tree
