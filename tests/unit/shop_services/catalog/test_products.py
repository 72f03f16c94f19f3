"""What a product must be to stand in the catalog, and to be shown."""

from __future__ import annotations

from dataclasses import replace

import pytest
from shop_services.catalog.domain.faults import NotAccepted
from shop_services.catalog.domain.media import LARGEST_BYTES, PictureRefused, checked, kind_of
from shop_services.catalog.domain.product import MOST_PICTURES, Content, Option, Picture, Product, Status, Variant

COLOUR = Option("colour", ("white", "sand"))
SIZE = Option("size", ("S", "M"))
CUP = Content(
    title={"en": "Cup"},
    category_ids=("cat_1",),
    options=(COLOUR, SIZE),
    variants=(Variant("c-1", {"colour": "white", "size": "S"}), Variant("c-2", {"colour": "sand", "size": "S"})),
)
JPEG, PNG = b"\xff\xd8\xff\xe0" + bytes(28), b"\x89PNG\r\n\x1a\n" + bytes(24)
WEBP, AVIF = b"RIFF\x10\x00\x00\x00WEBPVP8 " + bytes(16), b"\x00\x00\x00\x1cftypavif" + bytes(20)


def fields_refused(content: Content, *, status: Status = Status.DRAFT) -> set[str]:
    with pytest.raises(NotAccepted) as refused:
        Product("prd_1", content, status).accepted()
    return {fault.field for fault in refused.value.faults}


def test_a_draft_may_be_unfinished_but_not_nameless() -> None:
    assert Product("prd_1", Content({"en": "Cup"})).accepted().status is Status.DRAFT
    assert fields_refused(Content({})) == {"title"}


def test_what_is_shown_can_be_bought_and_found() -> None:
    assert fields_refused(Content({"en": "Cup"}), status=Status.PUBLISHED) == {"variants", "categoryIds"}
    assert Product("prd_1", CUP).published().is_shown


def test_a_product_that_is_shown_cannot_lose_what_it_needs() -> None:
    with pytest.raises(NotAccepted):
        Product("prd_1", CUP).published().with_content(replace(CUP, variants=()))


@pytest.mark.parametrize(
    "variant, field",
    [
        (Variant("c-3", {"colour": "white"}), "variants[2].options.size"),
        (Variant("c-3", {"colour": "blue", "size": "M"}), "variants[2].options.colour"),
        (Variant("c-3", {"colour": "white", "size": "M", "wood": "oak"}), "variants[2].options.wood"),
        (Variant("c-3", {"colour": "white", "size": "S"}), "variants"),
        (Variant("c-1", {"colour": "white", "size": "M"}), "variants"),
    ],
    ids=["an option left out", "a value that is not offered", "an option of nothing", "the same choice twice", "a SKU twice"],
)
def test_a_variant_is_one_choice_of_every_option(variant: Variant, field: str) -> None:
    assert fields_refused(replace(CUP, variants=(*CUP.variants, variant))) == {field}


def test_every_fault_is_told_at_once() -> None:
    content = replace(CUP, title={}, category_ids=("cat_1", "cat_1"), options=(COLOUR, COLOUR), variants=(Variant("c-1"),))

    assert fields_refused(content) == {"title", "categoryIds", "options", "variants[0].options.colour"}


def test_withdrawing_a_draft_leaves_it_one() -> None:
    assert Product("prd_1", CUP).withdrawn().status is Status.DRAFT
    assert Product("prd_1", CUP).published().withdrawn().status is Status.WITHDRAWN


def test_a_picture_is_there_once_and_there_is_an_end_to_them() -> None:
    product = Product("prd_1", CUP)
    for number in range(MOST_PICTURES):
        product = product.with_picture(Picture(f"med_{number}", "image/png", 5))

    assert product.with_picture(Picture("med_3", "image/png", 5)) == product
    assert len(product.without_picture("med_3").pictures) == MOST_PICTURES - 1
    with pytest.raises(NotAccepted):
        product.with_picture(Picture("med_new", "image/png", 5))


@pytest.mark.parametrize("kind, head", [("jpeg", JPEG), ("png", PNG), ("webp", WEBP), ("avif", AVIF)])
def test_a_picture_is_known_by_how_it_begins(kind: str, head: bytes) -> None:
    assert checked(head, size=1000, declared=f"image/{kind}") == f"image/{kind}"


@pytest.mark.parametrize("head", [b"", b"<svg onload=", b"GIF89a", b"\x89PNG", b"RIFF\x10\x00\x00\x00WAVEfmt "])
def test_anything_else_is_no_picture(head: bytes) -> None:
    assert kind_of(head) is None


@pytest.mark.parametrize(
    "head, size, declared",
    [(PNG, 0, "image/png"), (PNG, LARGEST_BYTES + 1, "image/png"), (PNG, 100, "image/jpeg"), (b"MZ", 100, "image/png")],
    ids=["empty", "too large", "another type than it says", "a program"],
)
def test_a_picture_that_is_not_what_it_says_is_refused(head: bytes, size: int, declared: str) -> None:
    with pytest.raises(PictureRefused):
        checked(head, size=size, declared=declared)
