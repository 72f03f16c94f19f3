"""The use cases of those who set prices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shop_kit.aggregates import decide_and_record
from shop_kit.errors import KitError
from shop_kit.shared_kernel import Money

from shop_services.pricing.application import refusals
from shop_services.pricing.application.ports import PriceListRepository, PriceRepository
from shop_services.pricing.domain.prices import ArticlePrices, Price, unpriced
from shop_services.pricing.domain.tax import TaxClass

ARTICLES_AT_ONCE = 90
"""What tells of them is a write or a few in the same transaction, and DynamoDB takes 100."""


@dataclass(frozen=True, slots=True)
class WantedPrices:
    """The prices that an article shall have, by price list, when it still is at the version that somebody saw (0: without any)."""

    sku: str
    tax_class: TaxClass
    amounts: tuple[tuple[str, Money], ...]
    seen_version: int


class StalePrices(KitError):
    """Somebody changed the article's prices meanwhile; `version` is theirs."""

    def __init__(self, sku: str, version: int) -> None:
        super().__init__(f"{sku} is at version {version}")
        self.sku = sku
        self.version = version


async def set_prices(
    wanted: Sequence[WantedPrices], *, lists: PriceListRepository, prices: PriceRepository
) -> Sequence[ArticlePrices | StalePrices]:
    """Give each of these different articles its prices, and return each as it is then, or why it stays as it was.

    An article that is as it is wanted stays as it is. Raises Refused when a list is missing or in another currency.
    """
    found: list[ArticlePrices | StalePrices] = []
    for start in range(0, len(wanted), ARTICLES_AT_ONCE):
        found += await _set_some(wanted[start : start + ARTICLES_AT_ONCE], lists, prices)
    return found


async def _set_some(
    wanted: Sequence[WantedPrices], lists: PriceListRepository, prices: PriceRepository
) -> Sequence[ArticlePrices | StalePrices]:
    made = [(one, await _made(one, lists)) for one in wanted]

    async def attempt(*, fresh: bool) -> Sequence[ArticlePrices | StalePrices]:
        del fresh  # prices are never decided from memory
        stored = await prices.find(one.sku for one in wanted)
        outcomes: dict[str, ArticlePrices | StalePrices] = {}
        changed: list[ArticlePrices] = []
        for one, price in made:
            before = stored.get(one.sku, unpriced(one.sku))
            after = before.set_to(one.tax_class, price)
            outcomes[one.sku] = before
            if before.revision.version and after.is_as(before):
                continue
            if one.seen_version != (before.revision.version if before.prices else 0):
                outcomes[one.sku] = StalePrices(one.sku, before.revision.version)
            else:
                changed.append(after)
        if changed:
            outcomes |= {saved.id: saved for saved in await prices.save(changed)}
        return [outcomes[one.sku] for one in wanted]

    return await decide_and_record(attempt, subject=f"the prices of {wanted[0].sku} and others")


async def _made(wanted: WantedPrices, lists: PriceListRepository) -> Sequence[Price]:
    found = await lists.find({name for name, _ in wanted.amounts})
    if missing := [(index, name) for index, (name, _) in enumerate(wanted.amounts) if name not in found]:
        raise refusals.no_such_lists(missing)
    wrong = [
        (index, found[name].currency)
        for index, (name, amount) in enumerate(wanted.amounts)
        if amount.currency != found[name].currency
    ]
    if wrong:
        raise refusals.other_currency(wrong)
    return [Price(found[name], amount) for name, amount in wanted.amounts]
