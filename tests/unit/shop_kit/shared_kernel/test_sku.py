from __future__ import annotations

import pytest
from shop_kit.shared_kernel import InvalidSku, parse_sku


@pytest.mark.parametrize("text", ["a", "SKU-0001", "9.mug_blue", "x" * 64])
def test_a_sku_is_the_text_it_was_made_from(text: str) -> None:
    assert parse_sku(text) == text


@pytest.mark.parametrize("text", ["", "-mug", ".mug", "mug blue", "mug\n", "m/g", "tassé", "x" * 65])
def test_what_could_not_stand_in_a_path_is_no_sku(text: str) -> None:
    with pytest.raises(InvalidSku, match="is no SKU"):
        parse_sku(text)
