"""What a cart holds, and what becomes of two."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shop_kit.shared_kernel import MOST_ARTICLES, Sku
from shop_services.cart.domain.cart import Cart, CartFull, Line, merge

LINES = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 9)).map(
    lambda numbers: tuple(Line(Sku(sku), quantity) for sku, quantity in numbers.items())
)


def cart(*lines: tuple[str, int], owner: str = "ann") -> Cart:
    return Cart(f"crt_{owner}", owner, tuple(Line(Sku(sku), quantity) for sku, quantity in lines))


def test_an_article_keeps_its_place_when_its_number_changes() -> None:
    assert cart(("mug", 1), ("lamp", 2)).with_quantity(Sku("mug"), 5) == cart(("mug", 5), ("lamp", 2))


def test_none_of_an_article_takes_it_out() -> None:
    assert cart(("mug", 1), ("lamp", 2)).with_quantity(Sku("mug"), 0) == cart(("lamp", 2))
    assert cart().with_quantity(Sku("mug"), 0) == cart()


def test_a_cart_holds_so_many_articles_and_no_more() -> None:
    full = cart(*((f"sku-{number}", 1) for number in range(MOST_ARTICLES)))

    assert full.with_quantity(Sku("sku-7"), 3).lines[7].quantity == 3
    with pytest.raises(CartFull):
        full.with_quantity(Sku("another"), 1)


def test_of_an_article_in_both_the_larger_number_stays_and_others_come_behind() -> None:
    merged = merge(cart(("mug", 2), ("lamp", 1)), cart(("candle", 4), ("mug", 1), ("lamp", 3), owner="guest"))

    assert merged.cart == cart(("mug", 2), ("lamp", 3), ("candle", 4))
    assert merged.left_out == ()


def test_what_finds_no_room_is_left_out_and_what_was_there_stays() -> None:
    own = [(f"sku-{number}", 1) for number in range(MOST_ARTICLES - 1)]
    merged = merge(cart(*own), cart(("sku-0", 9), ("first", 1), ("second", 2), owner="guest"))

    assert merged.cart == cart(("sku-0", 9), *own[1:], ("first", 1))
    assert merged.left_out == (Line(Sku("second"), 2),)


@given(LINES, LINES)
def test_merging_again_changes_nothing(own: tuple[Line, ...], guests: tuple[Line, ...]) -> None:
    once = merge(Cart("1", "ann", own), Cart("2", "guest", guests)).cart

    assert merge(once, Cart("2", "guest", guests)).cart == once
    assert {line.sku for line in once.lines} == {line.sku for line in (*own, *guests)}
