"""Histories that once broke an invariant, as short as they could be made, kept as values."""

from __future__ import annotations

import pytest

from simulation.faults import Blow, CallFault, Kind, Moment, Trouble, Window
from simulation.history import ConsoleRefund, GiveBack, History, PlaceOrder, Restock
from simulation.run import run, session

ONE_MUG = PlaceOrder(1, 1.0, (("mug", 1),))
REFUND_ONCE = GiveBack(1, 3.0, 1, 500, repeats=0)

KEPT = {
    "the answer to a commit is lost": History(450, (ONE_MUG,), (CallFault("payments-1", "commit", 1, Kind.LOST),), is_patient=True),
    "a commit is answered later than anybody waits": History(
        96, (ONE_MUG,), (CallFault("inventory-1", "commit", 1, Kind.SLOW, 9.0),), is_patient=True
    ),
    "the provider gives back and the process dies before it hears of it": History(
        13, (ONE_MUG, REFUND_ONCE), (CallFault("payments-1", "provider", 3, Kind.DIES_AFTER),)
    ),
    "the provider gives back too late for whoever asked, who never asks again": History(
        503, (ONE_MUG, REFUND_ONCE), (CallFault("payments-1", "provider", 3, Kind.SLOW, 6.0),)
    ),
    "PostgreSQL is read-only for a while": History(7, (ONE_MUG,), (Window("postgresql", Trouble.READ_ONLY, 0.9, 6.0),)),
    "the AWS keys expire in the middle of a checkout": History(
        8, (ONE_MUG,), (Window("dynamodb", Trouble.EXPIRED_KEYS, 1.01, 8.0),)
    ),
    "payments is killed twice within one order": History(
        9, (ONE_MUG,), (Moment(Blow.KILL, "payments-1", 1.02), Moment(Blow.KILL, "payments-1", 4.0)), is_patient=True
    ),
    "the table is away when an idempotency key is to be given back": History(
        1443, (Restock(1, 1.5575, "mug", 4, is_import=True),), (Window("dynamodb", Trouble.AWAY, 1.6315, 1.7035),)
    ),
    "the relay's look at the outbox hangs": History(
        1634,
        (PlaceOrder(1, 1.9, (("mug", 1),)), PlaceOrder(2, 1.0, (("lamp", 1),), cancel_after=2.6272)),
        (CallFault("orders-1", "relay", 3, Kind.TIMED_OUT),),
    ),
    "the clock of one of two instances is an hour ahead for a while": History(
        20083,
        (PlaceOrder(2, 2.255640603704472, (("lamp", 1),)),),
        (Moment(Blow.CLOCK, "orders-1", 2.90711123761284, 3600.0),),
        {"orders": 2, "inventory": 1, "payments": 1},
    ),
    "the provider gives a part back by itself while all is asked back": History(
        21576,
        (
            PlaceOrder(1, 1.0, (("mug", 1),), cancel_after=2.118518619124937),
            PlaceOrder(2, 1.0, (("mug", 1),)),
            ConsoleRefund(1, 2.814032948195832, 1, 100),
        ),
        (
            CallFault("payments-1", "provider", 3, Kind.SLOW, 6.0),
            CallFault("payments-1", "provider", 4, Kind.DIES_BEFORE, 6.0),
        ),
        static_members=False,
    ),
    "an answer comes when the patience is over": History(
        25575,
        (PlaceOrder(1, 1.0, (("lamp", 3),)), PlaceOrder(2, 2.360695144703768, (("mug", 1),))),
        (
            Window("dynamodb", Trouble.EXPIRED_KEYS, 1.0179937690368033, 10.660745832877444),
            CallFault("inventory-1", "publish", 6, Kind.DIES_BEFORE, 0.3),
            CallFault("payments-1", "commit", 1, Kind.DIES_BEFORE, 9.0),
        ),
    ),
}


@pytest.mark.parametrize("name", KEPT)
def test_what_once_broke_holds(name: str) -> None:
    with session():
        result = run(KEPT[name])

    assert result.violations == ()
