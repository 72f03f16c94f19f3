"""What the services' OpenAPI documents promise, asked of the running services with made-up requests, good and bad.

Schemathesis makes them from the documents: every example, every bound and its neighbour, every method that is not there, and some
by chance from a fixed seed. An answer must have a documented status, type, headers and body; what the document forbids must be
refused, what it allows accepted, and an operation that wants a token must get one.
"""

from __future__ import annotations

import itertools
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

import pytest
import requests
import schemathesis
from e2e.accounts import Account, Accounts
from e2e.assortment import NewProduct
from e2e.keyring import Keyring
from e2e.shop import CHECKOUT, Shop
from requests.adapters import HTTPAdapter
from schemathesis.specs.openapi.checks import missing_required_header, negative_data_rejection, positive_data_acceptance
from urllib3.util import Retry

pytestmark = pytest.mark.e2e

Test = TypeVar("Test", bound=Callable[..., None])

DOCUMENTS = CHECKOUT / "contracts" / "shop_contracts" / "openapi"
SEED = 20260302
EXAMPLES_BY_CHANCE = 8
CUSTOMERS = 8
"""Who take turns: one alone would be held up by the limit on how often a customer may ask."""
HOME = {"recipient": "Ann", "lines": ["1 Market Square"], "postalCode": "04109", "city": "Leipzig", "country": "DE"}

IDEMPOTENCY_KEY = re.compile(r'"?[!#-~]([ !#-~]{0,198}[!#-~])?"?')
NOTHING_LEARNED = {"extra-data-sources": {"responses": False}, "error-feedback": {"enabled": False}}
CONFIG = {
    "seed": SEED,
    "cache": {"enabled": False},
    "generation": {"deterministic": True, "max-examples": EXAMPLES_BY_CHANCE, "database": "none"},
    # What an answer of this run taught would make the next request another one in every run.
    "phases": {
        "fuzzing": NOTHING_LEARNED,
        "coverage": {"extra-data-sources": {"responses": False}, "generate-duplicate-query-parameters": True},
    },
}


@schemathesis.serializer("application/x-ndjson")
def _as_it_is(_context: schemathesis.SerializationContext, value: Any) -> bytes:
    """Lines are sent as they were made; what is no text at all is none."""
    return value.encode(errors="replace") if isinstance(value, str) else b""


@dataclass(frozen=True)
class Caller:
    """Somebody who may call a service, and things that are there for them by the names that paths and queries give them."""

    url: str
    token: str
    things: Mapping[str, str]
    internal: str = ""
    """A customer's token inside."""
    machine: str = ""
    """For what only machines may do."""

    def token_for(self, case: schemathesis.Case[Any]) -> str:
        """A token of a kind that the operation takes."""
        wanted = {scheme for way in case.operation.definition.raw["security"] for scheme in way}
        return self.machine if wanted == {"machine"} else self.token


def _patient_session() -> requests.Session:
    """Comes again when it is told to (429): the edge counts what it refuses as well, and cases come quicker than visitors may."""
    session = requests.Session()
    again = Retry(total=5, status_forcelist=[429], allowed_methods=None, raise_on_status=False)
    session.mount("http://", HTTPAdapter(max_retries=again))
    return session


@dataclass(frozen=True)
class Callers:
    """Who calls a service, in turns, and how the payment provider signs."""

    callers: Iterator[Caller]
    keyring: Keyring
    quote: Callable[[], str]
    """Gives a quote that nobody has used yet, as a token."""
    session: requests.Session = field(default_factory=_patient_session)

    def hold_to_its_document(self, case: schemathesis.Case[Any]) -> None:
        """Send a request and compare the answer with the document. Raises one failure with everything that differs."""
        caller = next(self.callers)
        _make_it_meet_something(case, caller.things)
        if isinstance(case.body, dict) and case.body.get("quote") == EXAMPLES["quote"]:
            case.body["quote"] = self.quote()
        if case.operation.path == "/v1/psp-webhooks":
            # The signature is over the body as it is sent, so it is always there, also where a case leaves it out: see the test of
            # missing ones.
            unsigned = [] if "Psp-Signature" in (case.headers or {}) else [negative_data_rejection]
            unheld = [missing_required_header, *unsigned]
            case.call_and_validate(caller.url, self.session, auth=self._sign_as_provider, excluded_checks=unheld, timeout=40)
            return
        unheld = [positive_data_acceptance] if _is_beyond_schemas(case) else []
        headers = {"Authorization": f"Bearer {caller.token_for(case)}"}
        case.call_and_validate(caller.url, self.session, headers, excluded_checks=unheld, timeout=40)

    def _sign_as_provider(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        body = request.body or b""
        assert isinstance(body, bytes | str), "a webhook is sent whole"
        request.headers["Psp-Signature"] = self.keyring.webhook_signature(body if isinstance(body, bytes) else body.encode())
        return request


def _make_it_meet_something(case: schemathesis.Case[Any], things: Mapping[str, str]) -> None:
    """Put ids of what is there in the place of the examples', and a fresh idempotency key in the place of any good one."""
    for values in (case.path_parameters, case.query):
        for name in set(values or {}) & set(things):
            if values[name] == EXAMPLES[name]:
                values[name] = things[name]
    lines = case.body.get("lines") if isinstance(case.body, dict) else None
    for line in lines if isinstance(lines, list) else ():
        if isinstance(line, dict) and line.get("sku") == EXAMPLES["sku"] and "sku" in things:
            line["sku"] = things["sku"]
    if IDEMPOTENCY_KEY.fullmatch(str(case.headers.get("Idempotency-Key", ""))):
        case.headers["Idempotency-Key"] = str(uuid.uuid4())


def _is_beyond_schemas(case: schemathesis.Case[Any]) -> bool:
    """Whether a document refuses the request in words alone: a cursor that no list gave, a currency that ISO 4217 does not have, an
    article twice in an import, a version that was not seen, variants that do not fit their product's options, articles without a
    price, times that end before they begin, a token that is no guest's, quotes that nobody has signed or that have become an order.
    """
    if case.method == "POST" and case.operation.path in {"/v1/quotes", "/v1/orders"}:
        return True
    if case.method != "GET" and case.operation.path.startswith(BEYOND_SCHEMAS):
        return True
    items = case.body.get("items") if isinstance(case.body, dict) else None
    skus = [item["sku"] for item in items if isinstance(item, dict) and "sku" in item] if isinstance(items, list) else []
    return bool({"cursor", "currency"} & {*(case.query or {})}) or len({str(sku) for sku in skus}) < len(skus)


BEYOND_SCHEMAS = (
    "/v1/products",
    "/v1/categories",
    "/v1/customers",
    "/v1/quotes",
    "/v1/price",
    "/v1/promotions",
    "/v1/coupons",
    "/v1/carts/{cartId}/merges",
)
"""Where what is written must go with what is there."""

EXAMPLES = {
    "orderId": "ord_01J9ZK3V5M8Q2T4W6Y8A0C2E4G",
    "paymentId": "pay_01J9ZK3V5M8Q2T4W6Y8A0C2E4G",
    "reservationId": "res_01J9ZK3V5M8Q2T4W6Y8A0C2E4G",
    "sku": "SKU-0001",
    "quote": "eyJhbGciOiJFZERTQSIsImtpZCI6IjEifQ.eyJxdW90ZSI6e319.c2lnbmF0dXJl",
    "quoteId": "qte_01J9ZK3V5M8Q2T4W6Y8A0C2E4G",
    "priceListId": "retail-eur",
    "productId": "prd_01J9ZK3V5M8Q2T4W6Y8A0C2E4G",
    "categoryId": "cat_01J9ZK3V5M8Q2T4W6Y8A0C2E4G",
    "cartId": "crt_01J9ZK3V5M8Q2T4W6Y8A0C2E4G",
    "addressId": "adr_01J9ZK3V5M8Q2T4W6Y8A0C2E4G",
}
"""The ids in the documents' examples."""


def _requests_of(name: str) -> Callable[[Test], Test]:
    """Call the test with every request that is made from the document, but for what would leave nobody to make the next."""
    document = schemathesis.openapi.from_path(Path(DOCUMENTS / f"{name}.yaml"), config=schemathesis.Config.from_dict(CONFIG))
    return cast("Callable[[Test], Test]", document.exclude(operation_id="eraseCustomer").parametrize())


@pytest.fixture(scope="module")
def keyring(shop: Shop) -> Keyring:
    return Keyring.of_sandbox(shop.environment)


@pytest.fixture(scope="module")
def callers(shop: Shop, keyring: Keyring) -> Callable[[str], Callers]:
    """Who calls each service: customers at the front door, colleagues behind it."""
    sku = shop.new_article(stock=1000)
    customers = [_customer(shop, keyring, account.signs_in(), sku) for account in _accounts(shop)]

    colleague = keyring.internal("conformance")
    as_colleague = {"authorization": f"Bearer {colleague}"}
    own = shop.http.post(
        f"{shop.endpoints['orders']}/v1/orders",
        json={"quote": shop.quote((sku, 1))["token"], "payment": {"methodToken": "tok_visa"}},
        headers={**as_colleague, "idempotency-key": str(uuid.uuid4())},
    ).json()["id"]
    shop.http.get(f"{shop.endpoints['orders']}/v1/orders/{own}", params={"wait": 20}, headers=as_colleague)
    found = shop.http.get(f"{shop.endpoints['payments']}/v1/payments", params={"orderId": own}, headers=as_colleague).json()
    things = {"orderId": own, "paymentId": found["items"][0]["id"], "reservationId": own.replace("ord_", "res_"), "sku": sku}
    things |= {"cartId": shop.http.post(f"{shop.endpoints['cart']}/v1/carts", headers=as_colleague).json()["id"]}

    def of(service: str) -> Callers:
        match service:
            case "edge":
                product = NewProduct.made(shop, colleague)
                shown = {"productId": product.id, "categoryId": product.category_id}
                machine = Accounts.of(shop).machine("catalog:write")
                calling = [replace(one, things={**one.things, **shown}, machine=machine) for one in customers]
            case "identity":
                calling = [replace(one, url=shop.endpoints["identity"], token=one.internal) for one in customers]
            case _:
                calling = [Caller(shop.endpoints[service], colleague, things)]
        return Callers(itertools.cycle(calling), keyring, partial(_quote, shop, sku))

    return of


def _quote(shop: Shop, sku: str) -> str:
    return str(shop.quote((sku, 1))["token"])


def _accounts(shop: Shop) -> list[Account]:
    accounts = Accounts.of(shop)
    return [accounts.new() for _ in range(CUSTOMERS)]


def _customer(shop: Shop, keyring: Keyring, token: str, sku: str) -> Caller:
    """A customer with an order and an address."""
    as_customer = {"authorization": f"Bearer {token}"}
    quote = shop.quote((sku, 1), token=token)
    order = shop.place(quote=quote["token"], token=token)
    me = f"{shop.endpoints['edge']}/v1/customers/me"
    registered = shop.http.put(me, json={"name": "Ann"}, headers={**as_customer, "if-none-match": "*"}).json()
    added = shop.http.post(f"{me}/addresses", json=HOME, headers={**as_customer, "idempotency-key": str(uuid.uuid4())}).json()
    shop.outcome(order)
    cart = shop.http.post(f"{shop.endpoints['edge']}/v1/carts", headers=as_customer).json()
    things = {"orderId": order.id, "sku": sku, "addressId": added["id"], "cartId": cart["id"], "quoteId": quote["id"]}
    return Caller(shop.endpoints["edge"], token, things, keyring.internal(registered["id"]))


@pytest.fixture(scope="module")
def identity(callers: Callable[[str], Callers]) -> Callers:
    return callers("identity")


@pytest.fixture(scope="module")
def cart(callers: Callable[[str], Callers]) -> Callers:
    return callers("cart")


@pytest.fixture(scope="module")
def catalog(shop: Shop, keyring: Keyring) -> Callers:
    """Staff, with a product that is shown and the category that it stands in."""
    staff = keyring.internal("conformance")
    product = NewProduct.made(shop, staff)
    things = {"productId": product.id, "categoryId": product.category_id}
    quote = partial(_quote, shop, shop.new_article(stock=5))
    return Callers(itertools.cycle([Caller(shop.endpoints["catalog"], staff, things)]), keyring, quote)


@pytest.fixture(scope="module")
def edge(callers: Callable[[str], Callers]) -> Callers:
    return callers("edge")


@pytest.fixture(scope="module")
def orders(callers: Callable[[str], Callers]) -> Callers:
    return callers("orders")


@pytest.fixture(scope="module")
def inventory(callers: Callable[[str], Callers]) -> Callers:
    return callers("inventory")


@pytest.fixture(scope="module")
def payments(callers: Callable[[str], Callers]) -> Callers:
    return callers("payments")


@pytest.fixture(scope="module")
def pricing(callers: Callable[[str], Callers]) -> Callers:
    return callers("pricing")


@_requests_of("cart")
def test_cart_keeps_its_document(case: schemathesis.Case[Any], cart: Callers) -> None:
    cart.hold_to_its_document(case)


@pytest.fixture(scope="module")
def search(callers: Callable[[str], Callers]) -> Callers:
    return callers("search")


@_requests_of("search")
def test_search_keeps_its_document(case: schemathesis.Case[Any], search: Callers) -> None:
    search.hold_to_its_document(case)


@_requests_of("catalog")
def test_catalog_keeps_its_document(case: schemathesis.Case[Any], catalog: Callers) -> None:
    catalog.hold_to_its_document(case)


@_requests_of("edge")
def test_edge_keeps_its_document(case: schemathesis.Case[Any], edge: Callers) -> None:
    edge.hold_to_its_document(case)


@_requests_of("identity")
def test_identity_keeps_its_document(case: schemathesis.Case[Any], identity: Callers) -> None:
    identity.hold_to_its_document(case)


@_requests_of("orders")
def test_orders_keeps_its_document(case: schemathesis.Case[Any], orders: Callers) -> None:
    orders.hold_to_its_document(case)


@_requests_of("inventory")
def test_inventory_keeps_its_document(case: schemathesis.Case[Any], inventory: Callers) -> None:
    inventory.hold_to_its_document(case)


@_requests_of("payments")
def test_payments_keeps_its_document(case: schemathesis.Case[Any], payments: Callers) -> None:
    payments.hold_to_its_document(case)


@_requests_of("pricing")
def test_pricing_keeps_its_document(case: schemathesis.Case[Any], pricing: Callers) -> None:
    pricing.hold_to_its_document(case)
