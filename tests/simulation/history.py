"""A history: what customers and staff do, and what goes wrong meanwhile. It follows from a seed, and it can be told."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from simulation.faults import Blow, CallFault, Fault, Kind, Moment, Trouble, Window

PRICING = "pricing"
"""It runs where orders count on coupons: quotes come from outside."""
SKUS = ("mug", "lamp")
PRICES = {"mug": 1999, "lamp": 4550, "candle": 700}
COUPONS: Mapping[str, Mapping[str, int]] = {"ONCE": {"mostUses": 1}, "EACH": {"mostUsesByCustomer": 1}, "MANY": {}}
"""The coupons of every history, with their limits."""
CUSTOMERS = ("cus_ann", "cus_bob")
TOKENS = (
    "tok_visa",
    "tok_visa",
    "tok_visa",
    "tok_visa",
    "tok_declined",
    "tok_capture_fails",
    "tok_error",
    "tok_slow",
    "tok_refund_fails",
)


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    """A customer orders."""

    number: int
    at: float
    lines: tuple[tuple[str, int], ...]
    token: str = "tok_visa"
    cancel_after: float | None = None
    patience: float = 10.0
    """How long the client waits for an answer: cut off, the service's work is cancelled where it stands."""
    repeats: int = 8
    """How often the client sends the same again when it gets no good answer."""
    coupons: tuple[str, ...] = ()
    """The codes that the quote counts on."""
    customer: str = "ann"

    @property
    def name(self) -> str:
        """What the story calls it."""
        return f"order {self.number}"

    def __str__(self) -> str:
        what = " and ".join(f"{quantity} {sku}" for sku, quantity in self.lines)
        cancels = f" and cancels it {self.cancel_after:.1f} s later" if self.cancel_after is not None else ""
        counts_on = f", and counts on {' and '.join(self.coupons)}" if self.coupons else ""
        who = self.customer if self.coupons else "a customer"
        return f"At {self.at:.1f} s {who} orders {what} with {self.token}{counts_on} ({self.name}){cancels}."


@dataclass(frozen=True, slots=True)
class Restock:
    """Staff takes in units of an article, by an import under an idempotency key or by PUT."""

    number: int
    at: float
    sku: str
    more: int
    is_import: bool
    repeats: int = 4

    def __str__(self) -> str:
        how = "imports" if self.is_import else "puts"
        return f"At {self.at:.1f} s staff {how} {self.more} more {self.sku}."


@dataclass(frozen=True, slots=True)
class GiveBack:
    """Staff refunds a part of an order that is paid."""

    number: int
    at: float
    order: int
    minor_units: int
    repeats: int = 4
    patience: float = 10.0

    def __str__(self) -> str:
        often = "once, and never again" if self.repeats == 0 else "until it is answered"
        return f"At {self.at:.1f} s staff asks for a refund of {self.minor_units} of order {self.order}, {often}."


@dataclass(frozen=True, slots=True)
class ConsoleRefund:
    """Somebody gives money back on the provider's own console, and the provider tells the shop until the shop has taken it in."""

    number: int
    at: float
    order: int
    minor_units: int
    repeats: int = 9

    def __str__(self) -> str:
        return f"At {self.at:.1f} s the provider gives {self.minor_units} of order {self.order} back by itself, and tells the shop."


@dataclass(frozen=True, slots=True)
class Poison:
    """A stranger writes something into a topic that nobody can read."""

    number: int
    at: float
    topic: str
    what: str
    repeats: int = 0

    def __str__(self) -> str:
        return f"At {self.at:.1f} s a stranger writes {self.what} into {self.topic}."


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A newer version of a service has written something that this version does not know, and it is due."""

    number: int
    at: float
    what: str = "order"
    repeats: int = 0

    def __str__(self) -> str:
        return f"At {self.at:.1f} s there is an {self.what} whose time is over and which this version cannot read."


Deed = PlaceOrder | Restock | GiveBack | ConsoleRefund | Poison | Unreadable
POISONS = ("a sequence of 5,000 digits", "no headers", "bytes that are no message", "no value")
COMMANDS = ("shop.payments.commands.v1", "shop.inventory.commands.v1", "shop.payments.events.v1", "shop.inventory.events.v1")


@dataclass(frozen=True, slots=True)
class History:
    """Everything that makes one run."""

    seed: int
    deeds: tuple[Deed, ...]
    faults: tuple[Fault, ...]
    instances: Mapping[str, int] = field(default_factory=dict)
    static_members: bool = True
    is_patient: bool = False
    """Whether the shop asks again late (see shop.PATIENT) or soon."""
    stock: Mapping[str, int] = field(default_factory=lambda: {"mug": 6, "lamp": 3})

    @property
    def trouble_ends(self) -> float:
        """When the last of the planned troubles is over."""
        ends = [0.0]
        for fault in self.faults:
            match fault:
                case Window(start=start, seconds=seconds):
                    ends.append(start + seconds)
                case Moment(at=at, amount=amount, blow=blow):
                    ends.append(at + (amount if blow is Blow.STALL else 0.0))
                case CallFault():
                    pass
        return max(ends)


_CALLS: tuple[tuple[str, str, int, tuple[Kind, ...]], ...] = (
    # service, category, how many of them matter, what may happen to them
    (
        "payments",
        "commit",
        7,
        (Kind.LOST, Kind.TIMED_OUT_AFTER, Kind.LATE, Kind.DIES_AFTER, Kind.DIES_BEFORE, Kind.THROTTLED, Kind.SLOW),
    ),
    (
        "inventory",
        "commit",
        7,
        (Kind.LOST, Kind.TIMED_OUT_AFTER, Kind.LATE, Kind.DIES_AFTER, Kind.DIES_BEFORE, Kind.THROTTLED, Kind.SLOW),
    ),
    ("payments", "write", 3, (Kind.LOST, Kind.TIMED_OUT, Kind.DIES_AFTER, Kind.DIES_BEFORE, Kind.BROKEN, Kind.SLOW, Kind.REFUSED)),
    ("inventory", "write", 3, (Kind.LOST, Kind.TIMED_OUT, Kind.DIES_AFTER, Kind.BROKEN, Kind.REFUSED)),
    ("payments", "read", 8, (Kind.TIMED_OUT, Kind.BROKEN, Kind.THROTTLED)),
    ("inventory", "read", 6, (Kind.TIMED_OUT, Kind.BROKEN, Kind.THROTTLED)),
    ("payments", "remove", 4, (Kind.LOST, Kind.DIES_BEFORE, Kind.THROTTLED)),
    ("inventory", "remove", 4, (Kind.LOST, Kind.DIES_BEFORE, Kind.THROTTLED)),
    ("payments", "scan", 4, (Kind.BROKEN, Kind.SLOW, Kind.TIMED_OUT)),
    ("inventory", "scan", 4, (Kind.BROKEN, Kind.SLOW, Kind.TIMED_OUT)),
    ("orders", "commit", 12, (Kind.LOST, Kind.TIMED_OUT_AFTER, Kind.DIES_AFTER, Kind.DIES_BEFORE, Kind.SLOW, Kind.BROKEN)),
    ("orders", "read", 6, (Kind.LOST, Kind.TIMED_OUT, Kind.DIES_BEFORE, Kind.BROKEN, Kind.SLOW)),
    ("orders", "remove", 4, (Kind.LOST, Kind.DIES_BEFORE, Kind.BROKEN)),
    ("orders", "relay", 6, (Kind.LOST, Kind.DIES_AFTER, Kind.DIES_BEFORE, Kind.BROKEN, Kind.TIMED_OUT)),
    ("orders", "sweep", 4, (Kind.LOST, Kind.BROKEN, Kind.DIES_AFTER)),
    ("orders", "publish", 14, (Kind.SLOW, Kind.DIES_BEFORE, Kind.DIES_AFTER)),
    ("payments", "publish", 6, (Kind.SLOW, Kind.DIES_BEFORE, Kind.DIES_AFTER)),
    ("inventory", "publish", 6, (Kind.SLOW, Kind.DIES_BEFORE, Kind.DIES_AFTER)),
    ("orders", "request", 3, (Kind.LOST,)),
    ("inventory", "request", 3, (Kind.LOST,)),
    ("payments", "request", 2, (Kind.LOST,)),
    (
        "payments",
        "provider",
        6,
        (Kind.LOST, Kind.TIMED_OUT, Kind.TIMED_OUT_AFTER, Kind.DIES_AFTER, Kind.DIES_BEFORE, Kind.BROKEN, Kind.SLOW),
    ),
)

_WEIGHTS = [
    {"commit": 3.0, "provider": 3.0, "publish": 2.0, "write": 3.0, "relay": 2.0}.get(category, 1.0)
    for _service, category, _most, _kinds in _CALLS
]
"""Effects matter more than reads."""

_WINDOWS: tuple[tuple[str, Trouble, tuple[float, float]], ...] = (
    ("dynamodb", Trouble.AWAY, (1.0, 8.0)),
    ("dynamodb", Trouble.THROTTLING, (1.0, 8.0)),
    ("dynamodb", Trouble.EXPIRED_KEYS, (2.0, 12.0)),
    ("postgresql", Trouble.READ_ONLY, (2.0, 10.0)),
    ("postgresql", Trouble.AWAY, (1.0, 8.0)),
    ("kafka", Trouble.AWAY, (1.0, 8.0)),
    ("provider", Trouble.AWAY, (2.0, 25.0)),
    ("provider", Trouble.SLOW, (2.0, 10.0)),
)

SORTS = tuple(
    dict.fromkeys(
        [f"{category} {kind}" for _service, category, _most, kinds in _CALLS for kind in kinds]
        + [f"{dependency} {trouble}" for dependency, trouble, _ in _WINDOWS]
        + [f"card {Trouble.CARD_SILENT}"]
        + [f"process {blow}" for blow in Blow]
    )
)
"""All sorts of faults that histories are drawn with."""


def draw(seed: int) -> History:
    """Return the history of a seed."""
    chance = random.Random(seed)
    if chance.random() < MEETINGS_SHARE:
        return chance.choice(_MEETINGS)(seed, chance)
    return _with_coupons(_everyday(seed, chance), random.Random(f"coupons {seed}"))


def _everyday(seed: int, chance: random.Random) -> History:
    """Return what is drawn by chance alone."""
    deeds = _deeds(chance)
    counts = {service: 2 if chance.random() < 0.2 else 1 for service in ("orders", "inventory", "payments")}
    focus = _focus(chance, deeds)
    faults = [_fault(chance, counts, focus) for _ in range(chance.choice((0, 1, 1, 2, 2, 3, 4)))]
    return History(seed, deeds, tuple(faults), counts, chance.random() < 0.5, chance.random() < 0.5)


COUPONS_SHARE = 0.3
_CALLS_OF_PRICING: tuple[tuple[str, int, tuple[Kind, ...]], ...] = (
    ("commit", 4, (Kind.LOST, Kind.TIMED_OUT_AFTER, Kind.LATE, Kind.DIES_AFTER, Kind.DIES_BEFORE, Kind.THROTTLED, Kind.SLOW)),
    ("read", 6, (Kind.TIMED_OUT, Kind.BROKEN, Kind.THROTTLED)),
    ("remove", 3, (Kind.LOST, Kind.DIES_BEFORE)),
    ("publish", 4, (Kind.SLOW, Kind.DIES_BEFORE, Kind.DIES_AFTER)),
)


def _with_coupons(history: History, chance: random.Random) -> History:
    """Return the history, or the same in which two customers race for coupons, and pricing has troubles of its own as well."""
    if chance.random() >= COUPONS_SHARE:
        return history
    deeds = tuple(
        replace(
            deed,
            customer=chance.choice(CUSTOMERS),
            coupons=tuple(sorted(chance.sample([*COUPONS], chance.choice((0, 1, 1, 2))))),
            at=min(deed.at, 1.0 + chance.random() * 0.05) if chance.random() < 0.5 else deed.at,
        )
        if isinstance(deed, PlaceOrder)
        else deed
        for deed in history.deeds
    )
    instances = {**history.instances, PRICING: chance.choice((1, 1, 2))}
    faults = [_fault_of_pricing(chance, instances[PRICING]) for _ in range(chance.choice((0, 1, 1, 2)))]
    return replace(history, deeds=deeds, faults=(*history.faults, *faults), instances=instances)


def _fault_of_pricing(chance: random.Random, count: int) -> Fault:
    process = f"{PRICING}-{chance.randint(1, count)}"
    if chance.random() < 0.7:
        category, most, kinds = chance.choice(_CALLS_OF_PRICING)
        return CallFault(process, category, chance.randint(1, most), chance.choice(kinds), chance.choice((0.3, 2.0, 6.0)))
    blow = chance.choice((Blow.KILL, Blow.STOP, Blow.STALL, Blow.REBALANCE, Blow.REWIND))
    amount = {Blow.STALL: chance.choice((1.0, 4.0)), Blow.REWIND: float(chance.choice((1, 3, 50)))}.get(blow, 0.0)
    return Moment(blow, process, chance.uniform(0.8, 4.0), amount)


SILENT_SECONDS = 360.0


def _silent_card(seed: int, chance: random.Random) -> History:
    """One card's issuer says nothing for minutes, while others pay as ever; there may be an order that nobody can read."""
    deeds: tuple[Deed, ...] = (
        PlaceOrder(1, 1.0, (("mug", 1),), "tok_silent"),
        PlaceOrder(2, chance.uniform(18.0, 25.0), (("mug", 1),)),
        PlaceOrder(3, chance.uniform(40.0, 60.0), (("lamp", 1),)),
    )
    if chance.random() < 0.5:
        deeds += (Unreadable(1, 1.0),)
    return History(seed, deeds, (Window("card", Trouble.CARD_SILENT, 0.0, SILENT_SECONDS),), {}, static_members=True)


def _two_orders() -> tuple[Deed, ...]:
    return tuple(PlaceOrder(number, 1.0 + number * 0.01, (("mug", 1),)) for number in (1, 2))


def _stop_in_trouble(seed: int, chance: random.Random) -> History:
    """A service is told to stop with work in its hands, while Kafka is away and perhaps a store is slow."""
    trouble = [Window("kafka", Trouble.AWAY, chance.uniform(1.0, 1.1), 20.0)]
    if chance.random() < 0.5:
        trouble.append(Window(chance.choice(("postgresql", "dynamodb")), Trouble.SLOW, 1.0, 20.0))
    stopped = Moment(Blow.STOP, chance.choice(("orders-1", "inventory-1", "payments-1")), chance.uniform(1.2, 3.0))
    return History(seed, _two_orders(), (*trouble, stopped))


def _stop_at_work(seed: int, chance: random.Random) -> History:
    """A service is told to stop in the middle of its work, and nothing else is wrong."""
    stopped = Moment(Blow.STOP, chance.choice(("orders-1", "inventory-1", "payments-1")), chance.uniform(1.0, 1.3))
    return History(seed, _two_orders(), (stopped,), is_patient=True)


def _told_elsewhere(seed: int, chance: random.Random) -> History:
    """A payment goes from one instance to the other between its steps; the provider gives money back, and tells one of them."""
    deeds = (PlaceOrder(1, 1.0, (("mug", 1),)), ConsoleRefund(1, chance.uniform(6.0, 8.0), 1, 100))
    stall = Moment(Blow.STALL, "orders-1", chance.uniform(1.02, 1.12), 4.0)
    return History(seed, deeds, (stall, Moment(Blow.REBALANCE, "payments-1", chance.uniform(2.0, 4.0))), {"payments": 2})


def _set_twice(seed: int, chance: random.Random) -> History:
    """The answer to a setting of stock is lost, and before it is sent again somebody buys."""
    deeds = (Restock(1, 1.0, "mug", 4, is_import=False), PlaceOrder(1, chance.uniform(0.9, 2.5), (("mug", 1),)))
    return History(seed, deeds, (CallFault("inventory-1", "request", 2, Kind.LOST),))


def _killed_over_a_card(seed: int, chance: random.Random) -> History:
    """Payments is killed while it waits for a slow card."""
    deeds = (PlaceOrder(1, 1.0, (("mug", 1),), "tok_slow"),)
    return History(seed, deeds, (Moment(Blow.KILL, "payments-1", chance.uniform(1.5, 5.0)),), is_patient=chance.random() < 0.5)


def _cut_off(seed: int, chance: random.Random) -> History:
    """Whoever asks for a refund hangs up in the middle of it, and never asks again."""
    deeds = (PlaceOrder(1, 1.0, (("mug", 1),)), GiveBack(1, 3.0, 1, 500, repeats=0, patience=chance.uniform(0.003, 0.02)))
    return History(seed, deeds, ())


def _orders_away(seed: int, chance: random.Random) -> History:
    """Orders cannot work for longer than a reservation lasts; there is one that nobody can read."""
    deeds = (PlaceOrder(1, 1.0, (("mug", 1),)), Unreadable(1, 1.0, "reservation"))
    return History(seed, deeds, (Window("postgresql", Trouble.AWAY, chance.uniform(1.02, 1.15), 55.0),))


_MEETINGS = (
    _silent_card,
    _stop_in_trouble,
    _stop_at_work,
    _told_elsewhere,
    _set_twice,
    _killed_over_a_card,
    _cut_off,
    _orders_away,
)
"""What must come together to do harm, and hardly ever does by chance."""
MEETINGS_SHARE = 0.1


def _deeds(chance: random.Random) -> tuple[Deed, ...]:
    found: list[Deed] = []
    count = chance.choice((1, 1, 2, 2, 3))
    for number in range(1, count + 1):
        lines = [(chance.choice(SKUS), chance.choice((1, 1, 2, 3)))]
        if chance.random() < 0.25:
            lines.append((chance.choice(SKUS), 1))
        cancel = chance.uniform(0.0, 3.0) if chance.random() < 0.2 else None
        patience = chance.uniform(0.002, 0.05) if chance.random() < 0.1 else 10.0
        token = chance.choice(TOKENS)
        found.append(PlaceOrder(number, 1.0 + chance.uniform(0.0, 2.0 * number), tuple(lines), token, cancel, patience))
    if chance.random() < 0.12:
        found.append(Restock(1, chance.uniform(0.8, 2.0), chance.choice(SKUS), chance.choice((4, 10)), chance.random() < 0.6))
    if chance.random() < 0.2:
        patience = chance.uniform(0.002, 0.04) if chance.random() < 0.4 else 10.0
        found.append(GiveBack(1, chance.uniform(2.0, 5.0), 1, chance.choice((100, 500)), chance.choice((0, 4)), patience))
    if chance.random() < 0.12:
        found.append(ConsoleRefund(1, chance.uniform(1.5, 5.0), 1, 100))
    if chance.random() < 0.08:
        found.append(Poison(1, chance.uniform(0.5, 3.0), chance.choice(COMMANDS), chance.choice(POISONS)))
    if chance.random() < 0.08:
        found.append(Unreadable(1, chance.uniform(0.3, 2.0)))
    return tuple(found)


def _focus(chance: random.Random, deeds: tuple[Deed, ...]) -> str | None:
    """Return the service that all failing calls of a history are about, or None: trouble that comes together finds more."""
    draw = chance.random()
    if draw < 0.5 and any(isinstance(deed, GiveBack | ConsoleRefund) for deed in deeds):
        return "payments"
    if draw < 0.5 and any(isinstance(deed, Restock) for deed in deeds):
        return "inventory"
    return chance.choice(("orders", "inventory", "payments")) if draw < 0.75 else None


def _fault(chance: random.Random, counts: Mapping[str, int], focus: str | None) -> Fault:
    draw = chance.random()
    if draw < 0.72:
        weights = [weight * (focus in {None, call[0]}) for weight, call in zip(_WEIGHTS, _CALLS, strict=True)]
        service, category, most, kinds = chance.choices(_CALLS, weights)[0]
        process = f"{service}-{chance.randint(1, counts[service])}"
        seconds = chance.choice((0.3, 2.0, 6.0, 9.0))
        return CallFault(process, category, chance.randint(1, most), chance.choice(kinds), seconds)
    if draw < 0.86:
        dependency, trouble, (low, high) = chance.choice(_WINDOWS)
        return Window(dependency, trouble, chance.uniform(0.8, 4.0), chance.uniform(low, high))
    service = chance.choice(("orders", "inventory", "payments"))
    blow = chance.choice((Blow.KILL, Blow.KILL, Blow.STOP, Blow.STALL, Blow.CLOCK, Blow.REBALANCE, Blow.REWIND))
    amount = {
        Blow.STALL: chance.choice((1.0, 4.0, 9.0)),
        Blow.CLOCK: chance.choice((-3600.0, -20.0, 15.0, 3600.0)),
        Blow.REWIND: float(chance.choice((1, 3, 50))),
    }.get(blow, 0.0)
    return Moment(blow, f"{service}-{chance.randint(1, counts[service])}", chance.uniform(0.8, 5.0), amount)
