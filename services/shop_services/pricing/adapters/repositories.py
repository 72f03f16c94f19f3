"""Price lists, prices and quotes in DynamoDB."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from shop_kit.aggregates import Memory, Stale
from shop_kit.aggregates.dynamo import revision_of, stored_revision
from shop_kit.aws.dynamo import ConditionFailed, Item, Put, TransactionCancelled
from shop_kit.clock import Clock
from shop_kit.errors import KitError
from shop_kit.idempotency import Answer, AnsweredBefore, Claim
from shop_kit.service import TableStore
from shop_kit.shared_kernel import Money

from shop_services.pricing.adapters.documents import quote_document
from shop_services.pricing.adapters.events import price_event
from shop_services.pricing.adapters.quote_answers import Work
from shop_services.pricing.application.ports import Page, QuoteRecord, SignedQuote
from shop_services.pricing.domain.prices import ArticlePrices, Price, PriceList
from shop_services.pricing.domain.tax import TaxClass
from shop_services.pricing.domain.validity import Validity

LISTS = "price-lists"
"""The partition of all price lists: there are dozens."""
KEPT_SECONDS = 24 * 3600
"""How much longer than it holds a quote can be read."""


class DynamoPriceLists:
    """The PriceListRepository. A list never changes, so one that was read is never read again."""

    def __init__(self, store: TableStore) -> None:
        self._store = store
        self._known: Memory[PriceList] = Memory()

    async def add(self, price_list: PriceList) -> PriceList:
        """Add a list unless there is one with its id."""
        item = {"pk": LISTS, "sk": price_list.id, **_from_list(price_list)}
        try:
            await self._store.dynamo.write(Put(self._store.table, item, condition="attribute_not_exists(pk)"))
        except ConditionFailed as error:
            if error.item is None:
                raise
            return _to_list(error.item)
        return price_list

    async def find(self, ids: Iterable[str]) -> Mapping[str, PriceList]:
        """Those of the lists that exist."""
        wanted = set(ids)
        found = {name: known for name in wanted if (known := self._known.get(name))}
        missing = [{"pk": LISTS, "sk": name} for name in wanted - set(found)]
        for item in await self._store.dynamo.get_many(self._store.table, missing):
            price_list = found[item["sk"]] = _to_list(item)
            self._known.keep(price_list.id, price_list)
        return found

    async def page(self, *, limit: int, behind: str | None) -> Page[PriceList]:
        """Up to `limit` lists by id."""
        start = {"pk": LISTS, "sk": behind} if behind else None
        page = await self._store.dynamo.query(self._store.table, "pk = :lists", {":lists": LISTS}, limit=limit, start=start)
        return Page([*map(_to_list, page.items)], page.next_key["sk"] if page.next_key else None)


class DynamoPrices:
    """The PriceRepository: one item an article, written with its event. It names the lists; their terms stand with them alone."""

    def __init__(self, store: TableStore, lists: DynamoPriceLists, clock: Clock) -> None:
        self._store = store
        self._lists = lists
        self._clock = clock

    async def find(self, skus: Iterable[str]) -> Mapping[str, ArticlePrices]:
        """The prices of those articles that ever had any."""
        items = await self._store.dynamo.get_many(self._store.table, [_price_key(sku) for sku in set(skus)])
        lists = await self._lists.find({name for item in items for name in item["prices"]})
        return {item["id"]: _to_article(item, lists) for item in items}

    async def save(self, articles: Sequence[ArticlePrices]) -> Sequence[ArticlePrices]:
        """Write and announce prices, all or nothing. Raises Stale."""
        saved = [replace(one, revision=one.revision.next(handling=None, announces=True)) for one in articles]
        now = self._clock.now()
        try:
            await self._store.outbox.commit([*map(self._put, saved)], messages=[price_event(one, at=now) for one in saved])
        except TransactionCancelled as error:
            raise Stale("prices were changed by somebody else meanwhile") from error
        return saved

    def _put(self, saved: ArticlePrices) -> Put:
        is_first = saved.revision.version == 1
        return Put(
            self._store.table,
            {**_price_key(saved.id), **_from_article(saved)},
            condition="attribute_not_exists(pk)" if is_first else "version = :before",
            values={} if is_first else {":before": saved.revision.version - 1},
        )


class DynamoQuotes:
    """The QuoteAnswers: DynamoDB removes quotes when nobody needs them any more."""

    def __init__(self, store: TableStore) -> None:
        self._store = store

    async def add(self, signed: SignedQuote) -> None:
        """Keep a quote."""
        await self._store.dynamo.write(self._put(signed))

    async def answer(self, claim: Claim, work: Work, respond: Callable[[SignedQuote], Answer]) -> Answer:
        """Return the answer to a request: one transaction keeps it with the quote. Raises AnsweredBefore, KeyReused, InProgress."""
        try:
            return respond(await work(_Answered(self, claim, respond)))
        except AnsweredBefore:
            raise
        except KitError:  # what could be bought when it was first asked for may not be now
            kept = await self._store.idempotency.find(claim)
            if kept is None:
                raise
            raise AnsweredBefore(kept) from None

    async def add_answered(self, signed: SignedQuote, claim: Claim, answer: Answer) -> None:
        """Keep a quote with the answer to the request for it. Raises AnsweredBefore, KeyReused, InProgress."""
        await self._store.idempotency.keep(claim, answer, beside=[self._put(signed)])

    def _put(self, signed: SignedQuote) -> Put:
        item = {
            **_quote_key(signed.quote.id),
            "customer_id": signed.quote.customer_id,
            "document": quote_document(signed),
            "expires_at": int(signed.quote.expires_at) + KEPT_SECONDS,
        }
        return Put(self._store.table, item)

    async def find(self, quote_id: str) -> QuoteRecord | None:
        """Return a quote, or None."""
        item = await self._store.dynamo.get(self._store.table, _quote_key(quote_id))
        return QuoteRecord(quote_id, item.get("customer_id"), item["document"]) if item else None


@dataclass(frozen=True)
class _Answered:
    """The QuoteRepository of one request: what is added is kept with its answer."""

    quotes: DynamoQuotes
    claim: Claim
    respond: Callable[[SignedQuote], Answer]

    async def add(self, signed: SignedQuote) -> None:
        await self.quotes.add_answered(signed, self.claim, self.respond(signed))

    async def find(self, quote_id: str) -> QuoteRecord | None:
        return await self.quotes.find(quote_id)


def _quote_key(quote_id: str) -> Item:
    return {"pk": f"quote#{quote_id}", "sk": "quote"}


def _price_key(sku: str) -> Item:
    return {"pk": f"price#{sku}", "sk": "price"}


def _from_article(article: ArticlePrices) -> Item:
    return {
        "id": article.id,
        "tax_class": article.tax_class.value,
        "prices": {one.price_list.id: one.amount.minor_units for one in article.prices},
        **stored_revision(article.revision),
    }


def _to_article(item: Item, lists: Mapping[str, PriceList]) -> ArticlePrices:
    stored = [(lists[name], units) for name, units in sorted(item["prices"].items())]
    prices = tuple(Price(price_list, Money(price_list.currency, units)) for price_list, units in stored)
    return ArticlePrices(item["id"], TaxClass(item["tax_class"]), prices, revision_of(item))


def _from_list(price_list: PriceList) -> Item:
    return {
        "id": price_list.id,
        "currency": price_list.currency,
        "customer_group": price_list.customer_group,
        "tax_included": price_list.tax_included,
        **from_validity(price_list.validity),
    }


def _to_list(item: Item) -> PriceList:
    return PriceList(
        item["id"], item["currency"], item["customer_group"], tax_included=item["tax_included"], validity=to_validity(item)
    )


def from_validity(validity: Validity) -> Item:
    """Return how a span of time is stored: milliseconds, and nothing for no end."""
    ends = {"begins_ms": validity.begins, "ends_ms": validity.ends}
    return {name: int(seconds * 1000) for name, seconds in ends.items() if seconds is not None}


def to_validity(item: Item) -> Validity:
    """Return the span of time in an item."""
    begins, ends = item.get("begins_ms"), item.get("ends_ms")
    return Validity(None if begins is None else begins / 1000, None if ends is None else ends / 1000)
