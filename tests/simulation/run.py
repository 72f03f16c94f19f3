"""Runs one history and says what was wrong with it, if anything was."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import multiprocessing
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import msgspec
from fakes.quotes import a_quote
from greenlet import getcurrent
from shop_services.orders.domain.quote import Quote
from shop_services.payments.adapters.webhooks import signature

from simulation import invariants, seams, threads
from simulation.faults import Fault, Moment
from simulation.history import (
    PRICES,
    SILENT_SECONDS,
    ConsoleRefund,
    Deed,
    GiveBack,
    History,
    PlaceOrder,
    Poison,
    Restock,
    Unreadable,
)
from simulation.models import http, kafka, postgres, provider
from simulation.outside import Outside
from simulation.shop import HURRIED, PATIENT, Instance, NoAnswer, Reply, Shop, sign
from simulation.virtual_time import OutOfSteps

LOOK_EVERY_SECONDS = 0.5
CANARY_SECONDS = 20.0
HELD_MOST_SECONDS = 335.0
"""How long one message may hold its partition's offset: the kit's patience of 300 s, and a time-out and a pause on top."""
WEBHOOK_SECRET = "a secret of the simulation"
MOST_STEPS = 150_000


@dataclass
class Customers:
    """What became of the deeds, as their doers saw it."""

    order_ids: dict[int, str] = field(default_factory=dict)
    answers: dict[Deed, Reply] = field(default_factory=dict)
    quoted: dict[str, int] = field(default_factory=dict)
    """By id of an order what its customer was told it would cost, in minor units."""
    orders_asked_for: int = 0
    errors: list[str] = field(default_factory=list)
    canary: str | None = None
    """How the order ended that was placed when all was over."""
    refunds: dict[GiveBack, Reply] = field(default_factory=dict)


@dataclass
class Result:
    """How a history went."""

    history: History
    violations: tuple[str, ...]
    story: list[str]
    fired: set[Fault]
    steps: int
    seconds: float
    unhandled: list[str] = field(default_factory=list)
    order_ids: dict[int, str] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        """Whether every invariant held."""
        return not self.violations


def run(history: History, *, tells: bool = False) -> Result:
    """Play a history from its beginning until the shop has come to rest, and look at what it left. Call it within `simulated`."""
    outside = Outside(history.seed, history.faults, tells=tells)
    seams.reseed(history.seed)
    shop = Shop(
        outside,
        instances=history.instances,
        static_members=history.static_members,
        timing=PATIENT if history.is_patient else HURRIED,
    )
    customers = Customers()
    ledger = invariants.Ledger(shop)
    play = _Play(history, outside, shop, customers)
    outside.scheduler.hub = getcurrent()
    outside.processes[outside.loop] = None  # type: ignore[assignment]
    violations: list[str] = []
    outside.loop.call_soon(play.begin)
    try:
        outside.scheduler.run(lambda: play.is_over or outside.fatal is not None, most_steps=MOST_STEPS)
    except OutOfSteps as error:
        violations.append(f"the shop spins: {error}")
    if outside.fatal is not None:
        raise outside.fatal
    unhandled = [
        f"{process.name}: {one.get('message')}: {one.get('exception')!r}"
        for process in outside.processes.values()
        if process is not None
        for one in process.loop.unhandled
    ]
    violations += invariants.broken(history, shop, customers, ledger, is_settled=play.is_settled)
    result = Result(
        history,
        tuple(violations),
        outside.story,
        outside.fired,
        outside.scheduler.steps,
        outside.now,
        unhandled,
        customers.order_ids,
    )
    _tear_down(outside)
    return result


def _tear_down(outside: Outside) -> None:
    """Leave every process where it stands. What its coroutines do when they are thrown away reaches nobody."""
    outside.scheduler.end()
    for loop in outside.processes:
        loop.die()
        threads.throw_away(loop)
    kafka.use(None)
    postgres.use(None)
    http.use(None)
    provider.use(None)
    seams.serve_with(None)


def quoted(deed: PlaceOrder) -> Quote:
    """Return what pricing says of a cart: lines on one article are put together, and shipping is on top."""
    units = Counter[str]()
    for sku, quantity in deed.lines:
        units[sku] += quantity
    lines = ((sku, quantity, PRICES[sku]) for sku, quantity in units.items())
    return a_quote(*lines, quote_id=f"qte_{deed.number}", coupons=deed.coupons)


def poison(shop: Shop, deed: Poison) -> None:
    """Write something unreadable into a topic, under a key that nobody else has."""
    headers: list[tuple[str, bytes | None]] = [
        (name, text.encode())
        for name, text in {
            "ce_id": "poison",
            "ce_type": "shop.Poison",
            "ce_source": "/stranger",
            "ce_sequence": "9" * 5_000 if "digits" in deed.what else "1",
        }.items()
    ]
    genuine = next((record.value for record in shop.kafka.records(deed.topic)), b"\x00\x00\x00\x00\x01\x00")
    value = {"no value": None, "bytes that are no message": b"\xff\xfe junk"}.get(deed.what, genuine)
    number = deed.number % shop.kafka.topics[deed.topic]
    shop.kafka.append((deed.topic, number), b"poison", value, [] if deed.what == "no headers" else headers)


def write_unreadable(shop: Shop, deed: Unreadable) -> None:
    """Write an order or a reservation as a newer version might have."""
    order_id = f"ord_{'0' * 25}{deed.number}"
    at = shop.database.now() - timedelta(seconds=5)
    if deed.what == "reservation":
        reservation_id = order_id.replace("ord_", "res_")
        key = (f"reservation#{reservation_id}", "reservation")
        item: dict[str, Any] = {"pk": key[0], "sk": key[1], "id": reservation_id, "order_id": order_id, "status": "teleported"}
        item |= {"holding": "held", "holds_until": int(at.timestamp() * 1000)}
        shop.dynamo.tables[invariants.INVENTORY].put(key, item)
        return
    row = {"order_id": order_id, "customer_id": invariants.NEWER_VERSION, "stage": "reserving", "version": 1, "revision": 1}
    row |= {"quote_id": None, "currency": "EUR", "total_minor_units": 0, "accepted_at": at, "updated_at": at, "messages_sent": 0}
    row |= {"next_look_at": at, "asked_again": 0, "correlation_id": "newer"}
    shop.database.tables["orders"][order_id] = row
    event = {"order_id": order_id, "version": 1, "kind": "order-teleported", "body": "{}", "occurred_at": at}
    shop.database.tables["order_events"][order_id, 1] = event


class _Play:
    """Drives a history: starts the shop, does the deeds, deals the blows, and ends when all has come to rest."""

    def __init__(self, history: History, outside: Outside, shop: Shop, customers: Customers) -> None:
        self._history = history
        self._outside = outside
        self._shop = shop
        self._customers = customers
        self.is_over = False
        self.is_settled = False

    def begin(self) -> None:
        """Set everything up."""
        shop, outside = self._shop, self._outside
        stock = shop.dynamo.tables["inventory-stock"]
        for sku, free in {**self._history.stock, "candle": 5}.items():
            item = {
                "sku": sku,
                "free": free,
                "reserved": 0,
                "sold": 0,
                "revision": 1,
                "told": 1,
            }
            stock.put((sku,), item)
        shop.offer_coupons()
        shop.start_all()
        for fault in self._history.faults:
            if isinstance(fault, Moment):
                outside.loop.call_at(fault.at, shop.blow, fault)
        outside.loop.create_task(self._live())

    async def _live(self) -> None:
        deeds = [self._outside.loop.create_task(self._do(deed)) for deed in self._history.deeds]
        timing = PATIENT if self._history.is_patient else HURRIED
        # Giving up, a reservation that runs out, and asking again on top.
        grace = timing.checkout_patience_seconds + timing.reservation_seconds + timing.ask_again_at_most_seconds
        deadline = self._history.trouble_ends + grace
        if any(isinstance(deed, PlaceOrder) and deed.token == "tok_silent" for deed in self._history.deeds):
            self._outside.loop.call_at(SILENT_SECONDS - 10.0, self._look_for_held_offsets)
        await asyncio.wait(deeds)
        for deed in deeds:
            deed.result()
        calm = 0
        while self._outside.now < deadline:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            calm = calm + 1 if self._outside.now > self._history.trouble_ends and not self._shop.unfinished() else 0
            if calm > 1:
                self.is_settled = True
                break
        if self.is_settled and self._history.faults:
            await self._look_whether_all_works()
        self.is_over = True

    def _look_for_held_offsets(self) -> None:
        """A message that nobody can handle has made room for the others by now."""
        for name, group in self._shop.kafka.groups.items():
            for (topic, number), position in group.positions().items():
                log = self._shop.kafka.logs[topic, number]
                if position < len(log) and self._outside.now - log[position].at > HELD_MOST_SECONDS:
                    self._customers.errors.append(f"group {name} has not come past a message of {topic} for minutes")

    async def _look_whether_all_works(self) -> None:
        """Place an order as if nothing had ever happened."""
        self._outside.tell("All trouble is over. One more order is placed.")
        self._outside.end_trouble()
        deed = PlaceOrder(0, self._outside.now, (("candle", 1),))
        await self._place(deed)
        order_id = self._customers.order_ids.get(0)
        ends = self._outside.now + CANARY_SECONDS
        self._customers.canary = "not accepted"
        while order_id and self._outside.now < ends:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            self._customers.canary = stage = self._shop.database.tables["orders"][order_id]["stage"]
            if stage in invariants.FINAL and not self._shop.unfinished():
                break

    async def _do(self, deed: Deed) -> None:
        await asyncio.sleep(deed.at)
        match deed:
            case PlaceOrder():
                await self._place(deed)
            case Restock():
                await self._restock(deed)
            case GiveBack():
                await self._give_back(deed)
            case ConsoleRefund():
                await self._refund_on_the_console(deed)
            case Poison():
                poison(self._shop, deed)
            case Unreadable():
                write_unreadable(self._shop, deed)

    async def _place(self, deed: PlaceOrder) -> None:
        self._customers.orders_asked_for += 1
        quote = quoted(deed)
        body = {"quote": sign(quote), "payment": {"methodToken": deed.token}}
        reply = await self._repeat(deed, "orders", "POST", "/v1/orders", body, key=f"place-{deed.number}", patience=deed.patience)
        if reply is None or reply.status != 202:
            return
        order_id = reply.json()["id"]
        self._customers.order_ids[deed.number] = order_id
        self._customers.quoted[order_id] = quote.total
        self._customers.answers[deed] = reply
        if deed.cancel_after is not None:
            await asyncio.sleep(deed.cancel_after)
            path = f"/v1/orders/{order_id}/cancellations"
            await self._repeat(deed, "orders", "POST", path, {"reason": "changed my mind"}, key=f"cancel-{deed.number}")

    async def _restock(self, deed: Restock) -> None:
        seen = await self._repeat(deed, "inventory", "GET", f"/v1/stock-items/{deed.sku}", None, key=None)
        if seen is None or seen.status != 200:
            return
        article = seen.json()
        level = {"stocked": article["stocked"] + deed.more, "revision": article["revision"]}
        if deed.is_import:
            body: Any = {"items": [{"sku": deed.sku, **level}]}
            await self._repeat(deed, "inventory", "POST", "/v1/stock-imports", body, key=f"import-{deed.number}")
        else:
            await self._repeat(deed, "inventory", "PUT", f"/v1/stock-items/{deed.sku}", level, key=None)

    async def _give_back(self, deed: GiveBack) -> None:
        order_id = self._customers.order_ids.get(deed.order)
        if order_id is None:
            return
        path = f"/v1/payments/{order_id.replace('ord_', 'pay_')}/refunds"
        body = {"reason": "a scratch", "amount": {"currency": "EUR", "minorUnits": deed.minor_units}}
        reply = await self._repeat(deed, "payments", "POST", path, body, key=f"refund-{deed.number}", patience=deed.patience)
        if reply is not None:
            self._customers.refunds[deed] = reply

    async def _refund_on_the_console(self, deed: ConsoleRefund) -> None:
        order_id = self._customers.order_ids.get(deed.order, "")
        line = self._shop.provider.lines.get(order_id.replace("ord_", "pay_"))
        if line is None or line.status != "captured" or line.refunded + deed.minor_units > line.minor_units:
            return
        refund_id = f"con_{deed.number}"
        line.refunds[refund_id] = deed.minor_units
        amount = {"currency": line.currency, "minorUnits": deed.minor_units}
        event = {"id": refund_id, "type": "refund.created", "paymentId": line.payment_id, "refundId": refund_id, "amount": amount}
        body = msgspec.json.encode(event)
        told: Instance | None = None
        for attempt in range(deed.repeats):
            if told is None or told.app is None:
                told = self._shop.pick("payments")  # a kept connection: who once was told is told again as long as it lives
            moment = str(int(self._outside.loop.wall_time()))
            signed = signature(WEBHOOK_SECRET, moment, body)
            headers = {"psp-signature": f"t={moment},v1={signed}"}
            with contextlib.suppress(NoAnswer):
                reply = await self._shop.request("payments", "POST", "/v1/psp-webhooks", body=body, headers=headers, instance=told)
                if reply.status < 300:
                    return
            await asyncio.sleep(1.0 + 2.0 * attempt)

    async def _repeat(
        self, deed: Deed, service: str, method: str, path: str, body: Any, *, key: str | None, patience: float = 10.0
    ) -> Reply | None:
        """Send a request until it is answered for good, as often as the deed says."""
        headers = {"idempotency-key": key} if key else {}
        subject = deed.customer if isinstance(deed, PlaceOrder) else "ann"
        statuses: list[int] = []
        for attempt in range(deed.repeats + 1):
            if attempt:
                await asyncio.sleep(0.3 + attempt)
                patience = 10.0
            try:
                reply = await self._shop.request(
                    service, method, path, body=body, headers=headers, subject=subject, seconds=patience
                )
            except NoAnswer:
                continue
            if self._outside.tells:
                self._outside.tell(f"{method} {path} is answered with {reply.status}.")
            statuses.append(reply.status)
            if reply.status == 500:
                self._customers.errors.append(f"{method} {path} was answered with 500")
            if reply.status < 500 and not (reply.status == 409 and b"in-progress" in reply.body):
                return reply
        if 503 in statuses and statuses[-3:] == [409, 409, 409]:
            self._customers.errors.append(f"{method} {path} was answered with 503 and 'try again', then only with 'in progress'")
        return None


@contextlib.contextmanager
def session(*, logs: bool = False) -> Iterator[None]:
    """Prepare the interpreter for histories within the block: seams in place, and no garbage collected meanwhile."""
    import simulation.shop

    for service in simulation.shop.SERVICES:
        simulation.shop.entry_of(service)
    hook = sys.unraisablehook
    sys.unraisablehook = lambda _: None  # coroutines of dead processes, thrown away where they stood
    was_enabled = gc.isenabled()
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        with seams.simulated(logs=logs):
            yield
            for _ in range(4):  # what one round finalizes lets go of more
                gc.collect()
    finally:
        gc.unfreeze()
        if was_enabled:
            gc.enable()
        sys.unraisablehook = hook


HISTORIES_A_PROCESS = 50
WARMING_UP = History(0, (PlaceOrder(1, 1.0, (("mug", 1),)),), ())
"""Played before the forks, so that each of them has the modules and caches that a history needs."""


def run_many(histories: Iterable[History], *, until: Callable[[Result], bool] = lambda _: False) -> Iterator[Result]:
    """Yield the result of each, in order; end behind the first for which `until` says so.

    They are played in forks of this process, one at a time and some dozens each: what a played shop leaves behind (hundreds of
    coroutines that stand in a `finally`) goes with its process, and nobody has to collect it.
    """
    run(WARMING_UP)
    with multiprocessing.get_context("fork").Pool(1, maxtasksperchild=1) as processes:
        for result in processes.imap(run, histories, chunksize=HISTORIES_A_PROCESS):
            yield result
            if until(result):
                return


def cpu_seconds() -> float:
    """CPU seconds of this process and of its forks that have ended."""
    return sum(os.times()[:4])
