"""Whatever customers, staff and accidents do, in whatever order: the books are right. Stories are drawn by Hypothesis from a seed,
and one that breaks something is made as short as it gets.

`SHOP_STORY_SEED=7 just e2e -k any_story` tells other stories.
"""

from __future__ import annotations

import os
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import httpx
import psutil
import pytest
from e2e.accounts import Accounts
from e2e.books import unsettled
from e2e.random_faults import process_of, until_all_is_ready
from e2e.shop import PRICE, Ordered, Shop, TooLate, all_at_once, until
from hypothesis import HealthCheck, Phase, note, seed, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture import engine
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

SEED = int(os.environ.get("SHOP_STORY_SEED", "1"))
STORIES, STEPS = 10, 16
MOST_DEATHS = 2
"""In one story: each takes seconds to get over."""
SHRINKING_SECONDS = 240
CARDS = (*["tok_visa"] * 6, "tok_declined", "tok_capture_fails", "tok_slow", "tok_error")
MORTAL = ("orders", "payments", "inventory", "pricing", "edge", "cart", "psp", "kafka", "postgres", "redis")
SETTLES_WITHIN_SECONDS, SETTLES_WHILE_SHRINKING_SECONDS = 30.0, 8.0
"""Once a story has broken something, shorter ones are told, each of which may wait in vain."""


@dataclass(frozen=True)
class Visitor:
    """Somebody with a cart: a customer, or a guest who is known by the token that came with it. Nobody at all has neither."""

    name: str
    token: str | None = None
    cart: str | None = None
    holds: dict[str, int] = field(default_factory=dict)
    """What the cart must hold."""

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Quoted:
    """What somebody was told that some articles cost."""

    token: str
    visitor: Visitor
    total: int
    units: Mapping[str, int]
    coupons: Sequence[str]

    def __repr__(self) -> str:
        lines = ", ".join(f"{count} x {sku}" for sku, count in self.units.items())
        return f"<{lines} for {self.visitor}{''.join(f' with {code}' for code in self.coupons)}: {self.total}>"


@dataclass(frozen=True)
class Death:
    """Who is killed, and when: while the orders are sent, or as soon as they are taken, when the shop works on them."""

    of: str
    when: Literal["sending", "taken"]


@dataclass(frozen=True)
class Buying:
    """How an order is paid, by how many different requests it is asked for, and how often each of them is sent."""

    card: str
    requests: int
    times: int


UNITS = st.integers(1, 3)
SELDOM_TWICE = st.sampled_from([1, 1, 1, 2])
BUYING = st.builds(Buying, st.sampled_from(CARDS), SELDOM_TWICE, SELDOM_TWICE)
DEATHS = st.none() | st.builds(Death, st.sampled_from(MORTAL), st.sampled_from(["taken", "sending"]))


class Story(RuleBasedStateMachine):
    """What was asked of a shop; what came of it stands in the shop, and is held against it at the story's end."""

    articles, coupons, visitors, quotes = Bundle("articles"), Bundle("coupons"), Bundle("visitors"), Bundle("quotes")

    def __init__(self, shop: Shop, customer: str, broken: list[str]) -> None:
        super().__init__()
        self.shop, self.customer, self.broken = shop, customer, broken
        self.prices: dict[str, int] = {}
        self.etags: dict[str, str] = {}
        self.stocked: dict[str, int] = {}
        self.coupon_limits: dict[str, int] = {}
        self.is_quoted = False
        self.ordered: dict[str, tuple[Ordered, Quoted]] = {}
        self.deaths = 0

    # Staff.

    @initialize(target=articles, stock=st.integers(1, 9))
    def there_is_an_article(self, stock: int) -> str:
        return self.an_article(stock)

    @rule(target=articles, stock=st.integers(0, 9))
    def staff_takes_an_article_in(self, stock: int) -> str:
        return self.an_article(stock)

    def an_article(self, stock: int) -> str:
        sku = self.shop.new_article(stock=stock)
        self.stocked[sku], self.prices[sku], self.etags[sku] = stock, PRICE, '"1"'
        return sku

    @rule(sku=articles, times=st.integers(1, 3))
    def staff_changes_a_price(self, sku: str, times: int) -> None:
        self.etags[sku] = self.shop.set_price(sku, times * PRICE, etag=self.etags[sku])
        self.prices[sku] = times * PRICE

    @initialize(target=coupons, uses=st.integers(1, 2))
    def there_is_a_coupon(self, uses: int) -> str:
        return self.a_coupon(uses)

    @rule(target=coupons, uses=st.integers(1, 2))
    def staff_gives_out_a_coupon(self, uses: int) -> str:
        return self.a_coupon(uses)

    def a_coupon(self, uses: int) -> str:
        code = self.shop.new_coupon(most_uses=uses)
        self.coupon_limits[code] = uses
        return code

    @rule(sku=articles, percent=st.integers(1, 99))
    def staff_promotes_an_article(self, sku: str, percent: int) -> None:
        self.shop.new_promotion(sku, basis_points=percent * 100)

    # Visitors.

    @initialize(target=visitors)
    def there_is_nobody(self) -> Visitor:
        return Visitor("nobody")

    @initialize(target=visitors)
    def there_is_a_customer(self) -> Visitor:
        opened = self.asked("POST", "/v1/carts", token=self.customer)
        self.asked("DELETE", f"/v1/carts/{opened['id']}/items", token=self.customer)
        return Visitor("a customer", self.customer, opened["id"])

    @rule(target=visitors)
    def a_guest_opens_a_cart(self) -> Visitor:
        opened = self.asked("POST", "/v1/carts", key=str(uuid.uuid4()))
        return Visitor("a guest", opened["guestToken"], opened["id"])

    @rule(visitor=visitors, sku=articles, units=st.integers(0, 3))
    def somebody_fills_a_cart(self, visitor: Visitor, sku: str, units: int) -> None:
        if visitor.cart is None:
            return
        item = f"/v1/carts/{visitor.cart}/items/{sku}"
        if units:
            self.asked("PUT", item, {"quantity": units}, token=visitor.token)
        else:
            self.asked("DELETE", item, token=visitor.token)
        visitor.holds[sku] = units

    @rule(target=quotes, visitor=visitors, sku=articles, units=UNITS, code=coupons, has_code=st.booleans())
    def somebody_asks_what_a_cart_costs(self, visitor: Visitor, sku: str, units: int, code: str, has_code: bool) -> Quoted:
        self.is_quoted = True
        return self.quoted(visitor, sku, units, code if has_code else None)

    def quoted(self, visitor: Visitor, sku: str, units: int, code: str | None) -> Quoted:
        """What the visitor's cart costs, or so many of an article when there is nothing in it."""
        lines = {sku: units} if visitor.cart is None else self.cart_of(visitor) or {sku: units}
        coupons = [code] if code else []
        answer = self.answered(partial(self.shop.ask_for_a_quote, *lines.items(), token=visitor.token, coupons=coupons))
        if answer.status_code == 422 and coupons:  # others have used it up
            answer = self.answered(partial(self.shop.ask_for_a_quote, *lines.items(), token=visitor.token))
        assert answer.status_code == 201, answer.text
        quote: dict[str, Any] = answer.json()
        assert quote["subtotal"] == sum(self.prices[one] * count for one, count in lines.items()), "not the prices of now"
        return Quoted(quote["token"], visitor, quote["total"], lines, quote["coupons"])

    def cart_of(self, visitor: Visitor) -> dict[str, int]:
        told = self.asked("GET", f"/v1/carts/{visitor.cart}", token=visitor.token)
        found = {item["sku"]: item["quantity"] for item in told["items"]}
        assert found == {sku: units for sku, units in visitor.holds.items() if units}, "the cart is not as it was filled"
        return found

    @rule(
        buyers=st.lists(st.tuples(visitors, articles, UNITS, st.booleans(), BUYING), min_size=1, max_size=4),
        code=coupons,
        death=DEATHS,
    )
    def some_buy_at_once(self, buyers: Sequence[tuple[Visitor, str, int, bool, Buying]], code: str, death: Death | None) -> None:
        """Each gets a quote, some of them with the same coupon, and then all order."""
        self.order(
            [(self.quoted(who, sku, units, code if has_code else None), buying) for who, sku, units, has_code, buying in buyers],
            death,
        )

    @precondition(lambda self: self.is_quoted)
    @rule(carts=st.lists(st.tuples(quotes, BUYING), min_size=1, max_size=3), death=DEATHS)
    def some_order_what_was_quoted(self, carts: Sequence[tuple[Quoted, Buying]], death: Death | None) -> None:
        fresh = {cart.token: (cart, buying) for cart, buying in carts if cart.token not in self.ordered}
        self.order(list(fresh.values()), death)

    def order(self, carts: Sequence[tuple[Quoted, Buying]], death: Death | None) -> None:
        """Everybody sends all their requests at once; somebody may die meanwhile."""
        requests = [
            (cart, partial(self.placed, cart, buying.card, key))
            for cart, buying in carts
            for key in [str(uuid.uuid4()) for _ in range(buying.requests)] * buying.times
        ]
        kill = self.ready_to_kill(death)
        meanwhile = kill if death and death.when == "sending" else []
        tasks: list[Callable[[], Any]] = [*meanwhile, *(ask for _, ask in requests)]
        answers = all_at_once(tasks)[len(meanwhile) :]
        if not meanwhile:
            all_at_once(kill)
        for cart, _ in carts:
            self.note_order(cart, [answer for (asked, _), answer in zip(requests, answers, strict=True) if asked is cart])

    def note_order(self, cart: Quoted, answers: Sequence[httpx.Response]) -> None:
        assert {answer.status_code for answer in answers} <= {202, 409}, [answer.text for answer in answers]
        accepted = [answer for answer in answers if answer.status_code == 202]
        (order_id,) = {answer.json()["id"] for answer in accepted}
        token = cart.visitor.token or accepted[0].json()["guestToken"]
        self.ordered[cart.token] = (Ordered(order_id, token, accepted[0]), cart)

    @precondition(lambda self: self.ordered)
    @rule(cart=st.integers(0, 20), card=st.sampled_from(CARDS))
    def somebody_orders_what_was_ordered_before(self, cart: int, card: str) -> None:
        _, quoted = self.one_of_the_orders(cart)
        assert self.placed(quoted, card, str(uuid.uuid4())).status_code == 409

    @precondition(lambda self: self.ordered)
    @rule(order=st.integers(0, 20))
    def somebody_cancels(self, order: int) -> None:
        ordered, _ = self.one_of_the_orders(order)
        assert self.answered(partial(self.shop.cancel, ordered)).status_code in {202, 409}

    def one_of_the_orders(self, number: int) -> tuple[Ordered, Quoted]:
        known = list(self.ordered.values())
        return known[number % len(known)]

    def placed(self, cart: Quoted, card: str, key: str) -> httpx.Response:
        return self.answered(partial(self.shop.order, cart.token, card=card, key=key, token=cart.visitor.token))

    def ready_to_kill(self, death: Death | None) -> list[Callable[[], Any]]:
        if death is None or self.deaths >= MOST_DEATHS:
            return []
        self.deaths += 1
        process = process_of(self.shop.sandbox, death.of)

        def kill() -> None:
            with suppress(psutil.NoSuchProcess):
                process.kill()

        return [kill]

    def asked(
        self, method: str, path: str, body: object = None, *, token: str | None = None, key: str | None = None
    ) -> dict[str, Any]:
        headers = ({"authorization": f"Bearer {token}"} if token else {}) | ({"idempotency-key": key} if key else {})
        url = self.shop.endpoints["edge"] + path
        answer = self.answered(lambda: self.shop.http.request(method, url, json=body, headers=headers))
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def answered(self, ask: Callable[[], httpx.Response]) -> httpx.Response:
        """The answer, asked for again while somebody is away or has too much to do, or the same request is under way."""

        def attempt() -> httpx.Response | None:
            try:
                answer = ask()
            except httpx.TransportError:
                return None
            is_later = answer.status_code >= 500 or "retry-after" in answer.headers
            return None if is_later else answer

        return until("the shop answers", attempt, seconds=90)

    # The books.

    def teardown(self) -> None:
        until_all_is_ready(self.shop.sandbox)
        completed = [cart for order, cart in self.ordered.values() if self.is_completed(order, cart)]
        sold, used = Counter[str](), Counter[str]()
        for cart in completed:
            sold.update(cart.units)
            used.update(cart.coupons)
        for sku, stocked in self.stocked.items():
            self.settles(
                f"what is free, reserved and sold of {sku}", partial(self.shop.stock, sku), (stocked - sold[sku], 0, sold[sku])
            )
        for code, limit in self.coupon_limits.items():
            self.settles(f"the orders that {code} is used for", partial(self.shop.coupon_uses, code), used[code])
            assert used[code] <= limit, f"{code} is used for {used[code]} orders, {limit} at most"

    def settles(self, what: str, look: Callable[[], Any], wanted: object) -> None:
        """Return when `look` finds what is wanted: what follows from an order's end may take a moment."""
        found: list[object] = []

        def is_so() -> bool:
            found.append(look())
            return found[-1] == wanted

        try:
            until(what, is_so, seconds=SETTLES_WHILE_SHRINKING_SECONDS if self.broken else SETTLES_WITHIN_SECONDS)
        except TooLate:
            self.broken.append(what)
            raise AssertionError(f"{what}: {found[-1]}, not {wanted}") from None

    def is_completed(self, order: Ordered, cart: Quoted) -> bool:
        outcome = self.shop.outcome(order)
        note(f"{order.id} of {cart} ended as {outcome['status']} {outcome.get('rejection') or ''}")
        assert outcome["total"]["minorUnits"] == cart.total, "an order costs something else than its quote said"
        is_completed = bool(outcome["status"] == "completed")
        self.settles(f"what is paid for {order.id}", partial(self.shop.charged, order.id), cart.total if is_completed else 0)
        return is_completed


def test_whatever_happens_the_books_are_right(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    print(f"SHOP_STORY_SEED={SEED}")  # noqa: T201 - to tell the same stories again
    monkeypatch.setattr(engine, "MAX_SHRINKING_SECONDS", SHRINKING_SECONDS)
    customer = Accounts.of(shop).new().signs_in()
    put_aside = shop.dead_letters()

    broken: list[str] = []

    def begin() -> Story:
        return Story(shop, customer, broken)

    run_state_machine_as_test(
        seed(SEED)(begin),  # type: ignore[arg-type]
        settings=settings(
            max_examples=STORIES,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            print_blob=True,
            report_multiple_bugs=False,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )

    assert unsettled(shop, put_aside) == []
