"""Which tokens orders takes for quotes: those that pricing has signed, for whom they were made, as long as they hold."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fakes.quotes import MINUTES_15, QuoteSigner, a_quote
from shop_contracts.tokens import QUOTE_AUDIENCE, QUOTE_CLAIM, QUOTE_ISSUER
from shop_kit.auth import Keys, TokenSigner, TokenVerifier
from shop_kit.errors import Unavailable
from shop_kit.shared_kernel import MOST_ARTICLES
from shop_kit.testing.clock import HandClock
from shop_services.orders.adapters.quote_records import QuoteRecord
from shop_services.orders.adapters.quotes import SignedQuotes
from shop_services.orders.application.ports import QuoteExpired, QuoteNotValid
from shop_services.orders.domain.quote import Quote

pytestmark = pytest.mark.anyio
QUOTE = a_quote(("mug", 2, 1999), ("pot", 1, 4550), coupons=("AUTUMN",), off=100)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def pricing(clock: HandClock) -> QuoteSigner:
    return QuoteSigner(clock=clock)


@pytest.fixture
def quotes(pricing: QuoteSigner, clock: HandClock) -> SignedQuotes:
    return SignedQuotes(pricing.verifier(clock))


def claim_of(quote: Quote) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(QuoteRecord.of(quote))
    return found


async def test_a_quote_is_read_as_it_was_made(quotes: SignedQuotes, pricing: QuoteSigner) -> None:
    assert await quotes.read(pricing.sign(QUOTE), customer_id="ann") == QUOTE


async def test_a_quote_holds_for_whom_it_was_made(quotes: SignedQuotes, pricing: QuoteSigner) -> None:
    token = pricing.sign(QUOTE, subject="ann")

    assert await quotes.read(token, customer_id="ann") == QUOTE
    with pytest.raises(QuoteNotValid, match="somebody else"):
        await quotes.read(token, customer_id="bob")


async def test_a_quote_holds_for_its_time(quotes: SignedQuotes, pricing: QuoteSigner, clock: HandClock) -> None:
    token = pricing.sign(QUOTE)
    clock.pass_by(MINUTES_15 - 1)
    assert await quotes.read(token, customer_id="ann") == QUOTE

    clock.pass_by(10)
    with pytest.raises(QuoteExpired):
        await quotes.read(token, customer_id="ann")


async def test_a_quote_that_pricing_has_not_signed_is_none(quotes: SignedQuotes, pricing: QuoteSigner, clock: HandClock) -> None:
    head, body, signature = pricing.sign(QUOTE).split(".")
    cheaper = pricing.sign(replace(QUOTE, total=1)).split(".")[1]
    claims = {"iss": QUOTE_ISSUER, "aud": QUOTE_AUDIENCE, "sub": "guest", "jti": "qte_1", "iat": 0, "exp": 2**40}
    forgeries = [
        QuoteSigner(clock=clock).sign(QUOTE),
        f"{head}.{cheaper}.{signature}",
        f"{head}.{body}.{signature[:-4]}AAAA",
        jwt.encode({**claims, QUOTE_CLAIM: claim_of(QUOTE)}, "", "none"),
        jwt.encode({**claims, QUOTE_CLAIM: claim_of(QUOTE)}, str(pricing.jwks()["keys"][0]["x"]) * 2, "HS256"),
        TokenSigner(pricing.key, QUOTE_ISSUER, clock).sign("ann", audience="shop-internal", lifetime_seconds=60),
        TokenSigner(pricing.key, "shop-edge", clock).sign("ann", audience=QUOTE_AUDIENCE, lifetime_seconds=60),
        "no.token.this",
    ]

    for token in forgeries:
        with pytest.raises(QuoteNotValid):
            await quotes.read(token, customer_id="ann")


@pytest.mark.parametrize(
    "changes",
    [
        {"total": QUOTE.total - 1},
        {"tax": 1},
        {"discount": QUOTE.discount + 1},
        {"subtotal": 0},
        {"lines": []},
        {"shipping": {"method": "standard", "price": 490, "discount": 0, "tax": 0, "total": 489}},
        {"shipping": {"method": "standard", "price": -490, "discount": 0, "tax": 0, "total": -490}},
        {"lines": None},
        {"total": "9.99"},
    ],
    ids=str,
)
async def test_a_quote_whose_sums_are_wrong_is_none_even_if_it_is_signed(
    quotes: SignedQuotes, pricing: QuoteSigner, changes: dict[str, object]
) -> None:
    token = pricing.sign_claim({**claim_of(QUOTE), **changes})

    with pytest.raises(QuoteNotValid, match="does not hold"):
        await quotes.read(token, customer_id="ann")


@pytest.mark.parametrize("wrong", [{"quantity": 0}, {"unitPrice": 1}, {"total": 0}, {"discount": -100}])
async def test_a_line_that_costs_something_else_than_it_says_is_refused(
    quotes: SignedQuotes, pricing: QuoteSigner, wrong: dict[str, int]
) -> None:
    claim = claim_of(QUOTE)
    first, *others = claim["lines"]

    with pytest.raises(QuoteNotValid):
        await quotes.read(pricing.sign_claim({**claim, "lines": [{**first, **wrong}, *others]}), customer_id="ann")


async def test_two_lines_on_one_article_and_more_articles_than_an_order_takes_are_refused(
    quotes: SignedQuotes, pricing: QuoteSigner
) -> None:
    twice = a_quote(("mug", 1, 1999), ("mug", 1, 1999))
    long = a_quote(*((f"sku-{number}", 1, 100) for number in range(MOST_ARTICLES + 1)))

    for quote, why in ((twice, "put together"), (long, "at most")):
        with pytest.raises(QuoteNotValid, match=why):
            await quotes.read(pricing.sign(quote), customer_id="ann")


async def test_tax_on_top_is_paid_with_the_rest(quotes: SignedQuotes, pricing: QuoteSigner) -> None:
    net = replace(QUOTE, tax_included=False)
    line = replace(net.lines[0], tax=100, total=net.lines[0].total + 100)
    taxed = replace(net, lines=(line, *net.lines[1:]), tax=100, total=net.total + 100)

    assert (await quotes.read(pricing.sign(taxed), customer_id="ann")).due.minor_units == QUOTE.total + 100


class Away(Keys):
    """Pricing's keys, while it is away."""

    async def find(self, kid: str) -> None:
        raise Unavailable("token issuer", f"connection refused while looking for {kid}")


async def test_nothing_is_believed_while_nobody_can_tell() -> None:
    quotes = SignedQuotes(TokenVerifier(Away(), issuer=QUOTE_ISSUER, audience=QUOTE_AUDIENCE))

    with pytest.raises(Unavailable):
        await quotes.read(QuoteSigner(Ed25519PrivateKey.generate()).sign(QUOTE), customer_id="ann")
