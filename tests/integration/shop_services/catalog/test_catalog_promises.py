"""What the catalog's repositories promise: the same suite for DynamoDB and for those in memory, so that these cannot lie."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest
from fakes.bare_platform import PlatformSettings, make_table
from shop_contracts.proto.catalog.v1.products_pb2 import ProductEvent
from shop_kit.aggregates import Stale
from shop_kit.aws.client import AwsClient
from shop_kit.aws.dynamo import Dynamo
from shop_kit.metrics import Metrics
from shop_kit.outbox.dynamo import DynamoOutbox
from shop_kit.testing.clock import HandClock
from shop_kit.testing.event_log import EventLog, received
from shop_services.catalog.adapters.category_repository import DynamoCategoryRepository
from shop_services.catalog.adapters.in_memory import CatalogTables, InMemoryCategoryRepository, InMemoryProductRepository
from shop_services.catalog.adapters.product_repository import DynamoProductRepository, ProductTooLarge
from shop_services.catalog.application.editing import Editing, anything
from shop_services.catalog.application.importing import Line, Refused, import_products
from shop_services.catalog.application.ports import CategoryRepository, ProductRepository
from shop_services.catalog.application.sorting import put_category, remove_category
from shop_services.catalog.domain.categories import CategoryInUse
from shop_services.catalog.domain.faults import NotAccepted
from shop_services.catalog.domain.product import Content, Product, Status, Variant

pytestmark = [pytest.mark.anyio, pytest.mark.integration]
KITCHEN, CUPS = "cat_00000000000000000000000001", "cat_00000000000000000000000002"


@dataclass
class Catalog:
    """Both repositories, as one process has them. `log` is what they publish."""

    products: ProductRepository
    categories: CategoryRepository
    log: EventLog

    async def category(self, category_id: str, parent_id: str | None = None) -> None:
        await put_category(category_id, parent_id, {"en": "Somewhere"}, anything, self.categories)

    @property
    def editing(self) -> Editing:
        return Editing(self.products, self.categories)


class Published(EventLog):
    """A topic whose acknowledgements come at once."""

    def send(self, message: object) -> asyncio.Future[None]:
        self.messages.append(message)  # type: ignore[arg-type]  # an outbox sends nothing else
        done = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done


@asynccontextmanager
async def on_dynamodb(platform: PlatformSettings) -> AsyncIterator[Catalog]:
    name, log, clock = f"cat-{uuid.uuid4().hex[:8]}", Published(), HandClock()
    async with AwsClient.connect(platform.aws) as client:
        for table in (name, f"{name}-products", f"{name}-outbox"):
            await make_table(client, table, "pk", "sk")
        dynamo = Dynamo(client)
        async with DynamoOutbox.open(dynamo, table=name, outbox_table=f"{name}-outbox", producer=log, metrics=Metrics()) as outbox:
            products = DynamoProductRepository(dynamo, outbox, products_table=f"{name}-products", table=name, clock=clock)
            yield Catalog(products, DynamoCategoryRepository(dynamo, outbox, table=name, clock=clock), log)


@pytest.fixture(params=["in memory", "dynamodb"])
async def catalog(request: pytest.FixtureRequest) -> AsyncIterator[Catalog]:
    if request.param == "in memory":
        tables, clock = CatalogTables(), HandClock()
        found = Catalog(InMemoryProductRepository(tables, clock), InMemoryCategoryRepository(tables, clock), tables.log)
        await found.category(KITCHEN)
        yield found
        return
    async with on_dynamodb(request.getfixturevalue("platform")) as real:
        await real.category(KITCHEN)
        yield real


def product_id(number: int) -> str:
    return f"prd_000000000000000000000000{number:02d}"


def content(*skus: str, categories: Sequence[str] = (KITCHEN,)) -> Content:
    options = tuple(Variant(sku) for sku in skus[:1])
    return Content({"en": "Cup", "de": "Tasse"}, {}, "Fjord", tuple(categories), (), options)


async def shelf(catalog: Catalog, category_id: str) -> list[str]:
    found: list[str] = []
    behind: str | None = None
    while True:
        page = await catalog.products.shelf(category_id, limit=2, behind=behind)
        found += [one.id for one in page.items]
        behind = page.next_id
        if behind is None:
            return found


async def test_a_product_is_found_as_it_was_written(catalog: Catalog) -> None:
    written = await catalog.editing.write(product_id(1), content("c-1"), anything)

    assert await catalog.products.find(product_id(1)) == written
    assert await catalog.products.find_many([product_id(1), product_id(2)]) == {product_id(1): written}
    assert await catalog.products.owners(["c-1", "c-2"]) == {"c-1": product_id(1)}


async def test_only_what_is_shown_stands_on_the_shelves_of_its_categories(catalog: Catalog) -> None:
    await catalog.category(CUPS, KITCHEN)
    for number in range(1, 5):
        await catalog.editing.write(product_id(number), content(f"c-{number}"), anything)
        await catalog.editing.publish(product_id(number), anything)

    await catalog.editing.withdraw(product_id(2), anything)
    await catalog.editing.write(product_id(3), content("c-3", categories=[CUPS]), anything)

    assert await shelf(catalog, KITCHEN) == [product_id(1), product_id(4)]
    assert await shelf(catalog, CUPS) == [product_id(3)]


async def test_a_product_is_not_written_over_one_that_was_not_seen(catalog: Catalog) -> None:
    before = await catalog.editing.write(product_id(1), content("c-1"), anything)
    await catalog.editing.write(product_id(1), content("c-2"), anything)

    with pytest.raises(Stale):
        await catalog.products.save(before.with_content(content("c-3")), before=before)
    with pytest.raises(Stale):
        await catalog.products.save(Product(product_id(1), content("c-4")), before=None)
    assert await catalog.products.owners(["c-1", "c-2", "c-3", "c-4"]) == {"c-2": product_id(1)}


async def test_an_article_that_its_product_gave_up_is_free_again(catalog: Catalog) -> None:
    await catalog.editing.write(product_id(1), content("c-1"), anything)
    with pytest.raises(NotAccepted, match="c-1 is an article of"):
        await catalog.editing.write(product_id(2), content("c-1"), anything)

    await catalog.editing.write(product_id(1), content("c-9"), anything)

    assert (await catalog.editing.write(product_id(2), content("c-1"), anything)).revision.version == 1


async def test_of_many_who_want_one_article_at_once_one_gets_it(catalog: Catalog) -> None:
    wishes = [catalog.editing.write(product_id(number), content("c-1"), anything) for number in range(1, 9)]
    outcomes = await asyncio.gather(*wishes, return_exceptions=True)

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NotAccepted"] * 7 + ["Product"]


async def test_a_category_goes_only_when_nothing_stands_in_it_not_even_a_draft(catalog: Catalog) -> None:
    await catalog.editing.write(product_id(1), content("c-1"), anything)
    with pytest.raises(CategoryInUse):
        await remove_category(KITCHEN, anything, catalog.categories)

    await catalog.editing.write(product_id(1), content("c-1", categories=[]), anything)
    await remove_category(KITCHEN, anything, catalog.categories)

    with pytest.raises(NotAccepted, match="no category"):
        await catalog.editing.write(product_id(1), content("c-1"), anything)


async def test_a_category_that_goes_and_a_product_that_comes_never_both_succeed(catalog: Catalog) -> None:
    for number in range(1, 9):
        category_id = f"cat_0000000000000000000000010{number}"
        await catalog.category(category_id)
        wish = catalog.editing.write(product_id(number), content(f"c-{number}", categories=[category_id]), anything)
        going = remove_category(category_id, anything, catalog.categories)
        outcomes = await asyncio.gather(wish, going, return_exceptions=True)

        assert sum(isinstance(outcome, NotAccepted | CategoryInUse) for outcome in outcomes) == 1, outcomes


async def test_two_moves_that_would_close_a_circle_never_both_succeed(catalog: Catalog) -> None:
    await catalog.category(CUPS)
    moves = [catalog.category(KITCHEN, CUPS), catalog.category(CUPS, KITCHEN)]
    outcomes = await asyncio.gather(*moves, return_exceptions=True)

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NoneType", "NotAccepted"]
    tree = await catalog.categories.tree()
    assert sorted(len(tree.path(one)) for one in (KITCHEN, CUPS)) == [1, 2]


async def test_all_products_are_on_the_pages_once(catalog: Catalog) -> None:
    for number in range(1, 8):
        await catalog.editing.write(product_id(number), content(f"c-{number}"), anything)

    found: list[str] = []
    behind: str | None = None
    while True:
        page = await catalog.products.page(limit=3, behind=behind)
        found += [one.id for one in page.items]
        behind = page.next_id
        if behind is None:
            break

    assert sorted(found) == [product_id(number) for number in range(1, 8)]


async def test_lines_at_once_are_written_or_refused_each_by_itself(catalog: Catalog) -> None:
    lines = [Line(number, product_id(number), content(f"c-{number % 20}"), Status.PUBLISHED) for number in range(1, 31)]

    refused: Sequence[Refused] = await import_products(lines, catalog.editing)

    assert len(refused) == 10
    assert (
        len({line.product_id for line in lines} - {one.product_id for one in refused}) == len(await shelf(catalog, KITCHEN)) == 20
    )
    assert await import_products([replace(line, version=5) for line in lines[:2]], catalog.editing) == []


async def test_lines_that_move_many_products_at_once_leave_no_category_miscounted(catalog: Catalog) -> None:
    await catalog.category(CUPS)
    numbers = range(1, 41)
    new = [Line(number, product_id(number), content(f"c-{number}"), Status.PUBLISHED) for number in numbers]
    moved = [replace(line, content=content(f"c-{line.number}", categories=[CUPS]), version=1) for line in new]

    assert await import_products(new, catalog.editing) == []
    assert await import_products([*moved[:-1], *new[-1:]], catalog.editing) == []
    with pytest.raises(CategoryInUse):
        await remove_category(KITCHEN, anything, catalog.categories)
    assert await import_products(moved[-1:], catalog.editing) == []

    await remove_category(KITCHEN, anything, catalog.categories)
    assert len(await shelf(catalog, CUPS)) == len(numbers)


async def test_what_visitors_see_is_told_of_with_rising_versions(catalog: Catalog) -> None:
    await catalog.editing.write(product_id(1), content("c-1"), anything)
    await catalog.editing.publish(product_id(1), anything)
    await catalog.editing.write(product_id(1), content("c-2"), anything)
    await catalog.editing.withdraw(product_id(1), anything)

    async with asyncio.timeout(10):
        while len(catalog.log.of_key(product_id(1))) < 3:  # noqa: ASYNC110 - the relay has no event to wait for
            await asyncio.sleep(0)
    events = [received(one, ProductEvent).event for one in catalog.log.of_key(product_id(1))]
    assert [event.WhichOneof("kind") for event in events] == ["product_published", "product_changed", "product_withdrawn"]
    assert [event.version for event in events] == [2, 3, 4]
    assert events[1].product_changed.product.variants[0].sku == "c-2"


async def test_more_text_than_can_be_kept_is_refused(platform: PlatformSettings) -> None:
    async with on_dynamodb(platform) as real:
        with pytest.raises(ProductTooLarge):
            await real.editing.write(product_id(1), Content({"en": "Cup"}, {"en": "ä" * 200_000}), anything)
