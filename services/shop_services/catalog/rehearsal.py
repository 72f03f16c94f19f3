"""The catalog over tables in memory, for the proofs of its contracts."""

from __future__ import annotations

from collections.abc import Sequence

from shop_kit.messages import OutgoingMessage
from shop_kit.rehearsal import Rehearsal
from shop_kit.testing.clock import HandClock

from shop_services.catalog.adapters.in_memory import (
    CatalogTables,
    InMemoryCategoryRepository,
    InMemoryMediaStore,
    InMemoryProductRepository,
)
from shop_services.catalog.application.editing import Editing, anything
from shop_services.catalog.application.sorting import put_category, remove_category
from shop_services.catalog.domain.product import Content, Option, Variant

KITCHEN, CUPS, ATTIC = (f"cat_0000000000000000000000000{number}" for number in range(3))
CUP, PICTURE = "prd_00000000000000000000000000", "med_00000000000000000000000000"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(24)


def rehearsal() -> Rehearsal:
    """One message of each kind that the catalog sends; it hears nothing."""
    return Rehearsal(sends=_sends)


async def _sends() -> Sequence[OutgoingMessage]:
    tables, clock = CatalogTables(), HandClock()
    categories, media = InMemoryCategoryRepository(tables, clock), InMemoryMediaStore(tables, clock)
    editing = Editing(InMemoryProductRepository(tables, clock), categories)
    await put_category(KITCHEN, None, {"en": "Kitchen", "de": "Küche"}, anything, categories)
    await put_category(CUPS, KITCHEN, {"en": "Cups"}, anything, categories)
    await put_category(ATTIC, None, {"en": "Attic"}, anything, categories)
    await remove_category(ATTIC, anything, categories)
    await editing.write(CUP, _cup(), anything)
    await editing.publish(CUP, anything)
    tables.uploads[CUP, PICTURE] = ("image/png", PNG)
    await editing.attach(CUP, PICTURE, media, anything)
    await editing.withdraw(CUP, anything)
    return tables.log.messages


def _cup() -> Content:
    return Content(
        title={"en": "Espresso cup", "de": "Espressotasse"},
        description={"en": "Holds 60 ml."},
        brand="Fjord",
        category_ids=(CUPS,),
        options=(Option("colour", ("white", "sand")),),
        variants=(
            Variant("CUP-0001", {"colour": "white"}, {"weight": "180 g"}),
            Variant("CUP-0002", {"colour": "sand"}, {"weight": "180 g"}),
        ),
    )
