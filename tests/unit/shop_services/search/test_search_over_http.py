"""Search as visitors ask for it, over an index that says what it was asked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import httpx
import pytest
from opentelemetry import trace
from shop_kit.errors import Unavailable
from shop_kit.http.app import create_app
from shop_kit.metrics import Metrics
from shop_kit.testing.clock import HandClock
from shop_services.search.adapters.rest import SearchApi
from shop_services.search.application.ports import Count, Facets, Found, FoundArticle, FoundProduct, Price, Suggestion
from shop_services.search.domain.seeking import Position, Sort, Wish, configuration_of, in_language

pytestmark = pytest.mark.anyio
ARTICLES = [
    FoundArticle("CUP-1", {"colour": "white"}, Price(1390, tax_included=True), "out-of-stock"),
    FoundArticle("CUP-2", {"colour": "sand"}, Price(1290, tax_included=True), "low"),
    FoundArticle("CUP-3", {"colour": "rust"}, None, None),
]
CUP = FoundProduct("prd_1", "Espresso cup", "Fjord", ["cat_1"], None, ARTICLES)
FACETS = Facets([Count("cat_1", 7, "Cups")], [Count("Fjord", 7)], {"colour": [Count("white", 5)]})


@dataclass
class Index:
    """An index with one cup in it."""

    wishes: list[Wish] = field(default_factory=list)
    behind: Position | None = None
    is_built: bool = True

    async def find(self, wish: Wish, *, now: float) -> Found:
        self.wishes.append(wish)
        return Found(7, [CUP], FACETS, self.behind)

    async def suggest(self, beginning: str, *, language: str, limit: int) -> Sequence[Suggestion]:
        return [Suggestion("category", f"{beginning} in {language}", "cat_1")][:limit]

    async def as_of(self) -> float:
        if not self.is_built:
            raise Unavailable("read model search", "form 1 is still being built")
        return 1_800_000_000.0


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def index() -> Index:
    return Index()


@pytest.fixture
async def http(index: Index) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(SearchApi(index, HandClock()).routes(), readiness={}, tracer=trace.get_tracer("test"), metrics=Metrics())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://search") as client:
        yield client


async def test_what_is_found_has_its_lowest_price_and_what_can_be_had(http: httpx.AsyncClient) -> None:
    answer = (await http.get("/v1/products", params={"q": "cup"})).json()

    (cup,) = answer["items"]
    assert (cup["priceFrom"], cup["availability"]) == ({"currency": "EUR", "minorUnits": 1290}, "low")
    assert [one["availability"] for one in cup["variants"]] == ["out-of-stock", "low", "unknown"]
    assert (cup["variants"][2]["price"], cup["variants"][2]["taxIncluded"]) == (None, None)
    assert answer["facets"]["categories"] == [{"value": "cat_1", "count": 7, "name": "Cups"}]
    assert answer["facets"]["options"] == [{"name": "colour", "values": [{"value": "white", "count": 5}]}]
    assert (answer["total"], answer["asOf"]) == (7, "2027-01-15T08:00:00.000+00:00")


async def test_a_wish_is_taken_apart(http: httpx.AsyncClient, index: Index) -> None:
    query = "q=cup&brand=Fjord&brand=Loft&option=colour:white&option=colour:sand&option=size:M: tall&minPrice=5&inStock=true"

    await http.get(f"/v1/products?{query}&sort=-price&language=de&currency=JPY")

    (wish,) = index.wishes
    assert (wish.words, wish.language, wish.currency, wish.sort) == ("cup", "de", "JPY", Sort.PRICE_DOWN)
    assert (wish.brands, wish.price_from, wish.only_in_stock) == (["Fjord", "Loft"], 5, True)
    assert wish.option_groups == [[("colour", "white"), ("colour", "sand")], [("size", "M: tall")]]


@pytest.mark.parametrize(
    "sort, key",
    [(Sort.RELEVANCE, -0.0607927), (Sort.PRICE_UP, 1290.0), (Sort.TITLE, "espresso cup")],
    ids=["rank", "price", "title"],
)
async def test_a_cursor_leads_to_where_the_page_ended(http: httpx.AsyncClient, index: Index, sort: Sort, key: float | str) -> None:
    index.behind = Position(key, "prd_1")
    cursor = (await http.get("/v1/products", params={"sort": sort.value})).json()["nextCursor"]

    await http.get("/v1/products", params={"sort": sort.value, "cursor": cursor})
    other_order = await http.get("/v1/products", params={"sort": "-price", "cursor": cursor})

    assert index.wishes[-1].behind == index.behind
    assert other_order.status_code == 400


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "q=a&q=b",
        "colour=white",
        "option=colour",
        "currency=EURO",
        "currency=XXX",
        "language=english",
        "sort=newest",
        "cursor=abc",
        "cursor=eyJpZCI6ImEifQ",
        "minPrice=-1",
        "minPrice=null",
        "q=%00",
        "brand=%00",
        "categoryId=kitchen",
    ],
)
async def test_a_query_that_makes_no_sense_is_refused(http: httpx.AsyncClient, index: Index, query: str) -> None:
    answer = await http.get(f"/v1/products?{query}")

    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/invalid-query")
    assert index.wishes == []


async def test_nothing_half_built_is_shown(http: httpx.AsyncClient, index: Index) -> None:
    index.is_built = False

    answer = await http.get("/v1/products")

    assert (answer.status_code, answer.headers["retry-after"], index.wishes) == (503, "1", [])


async def test_suggestions_need_a_beginning(http: httpx.AsyncClient) -> None:
    assert (await http.get("/v1/suggestions?q=esp&language=de")).json()["items"] == [
        {"kind": "category", "text": "esp in de", "id": "cat_1"}
    ]
    assert (await http.get("/v1/suggestions")).status_code == 400
    assert (await http.get("/v1/suggestions?q=")).status_code == 400


def test_a_language_without_stems_is_searched_as_it_is_spelt() -> None:
    assert (configuration_of("de"), configuration_of("xx")) == ("german", "simple")


def test_a_text_falls_back_to_english_and_then_to_any() -> None:
    assert in_language({"de": "Tasse", "en": "Cup"}, "de") == "Tasse"
    assert in_language({"de": "Tasse", "en": "Cup"}, "fr") == "Cup"
    assert in_language({"de": "Tasse"}, "fr") == "Tasse"
