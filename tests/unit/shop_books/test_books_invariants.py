"""What the books say of stock, money and orders: each thing that is wrong is told, and nothing else."""

from __future__ import annotations

import msgspec
import pytest
from shop_books.entries import Calls, Charge, Closed, Opened, Order, Stock
from shop_books.invariants import broken

OPENED = Opened({"mug": Stock(10, 0, 5, 15), "cup": Stock(3, 0, 0, 3)}, ends={}, dead_letters={"orders.dlq": 2})
SOLD = Order("o1", was_accepted=True, outcomes=["completed"], units={"mug": 2}, total=9_000)
REFUSED = Order("o2", was_accepted=True, outcomes=["rejected"])
RIGHT = Closed(
    stock={"mug": Stock(8, 0, 7, 15), "cup": Stock(3, 0, 0, 3)},
    orders=(SOLD, REFUSED),
    charges={"o1": (Charge(9_000, "captured"),), "o2": (Charge(0, "declined"),)},
    dead_letters={"orders.dlq": 2},
)
VISITORS = {"placeOrder": Calls(3, 1), "order to completed": Calls(2, 1)}


def test_books_that_are_right_say_nothing() -> None:
    assert broken(OPENED, RIGHT, VISITORS) == []


WRONG: dict[str, tuple[dict[str, object], str]] = {
    "a lost update of stock": ({"stock": {"mug": Stock(9, 0, 6, 15)}}, "mug: 1 more are sold, and completed orders are of 2"),
    "a unit that is nowhere": (
        {"stock": {"mug": Stock(7, 0, 7, 15)}},
        "mug: 7 free, 0 reserved and 7 sold are not the 15",
    ),
    "a reservation without an owner": ({"stock": {"cup": Stock(2, 1, 0, 3)}}, "cup: 1 are reserved, 0 were before"),
    "a second charge": (
        {"charges": {"o1": (Charge(9_000, "captured"), Charge(0, "voided"))}},
        "o1 was charged 2 times",
    ),
    "money for nothing": (
        {"charges": {"o1": (Charge(9_000, "captured"),), "o2": (Charge(50, "held"),)}},
        "o2 is rejected: 50 were kept for it, and 0 are due",
    ),
    "goods for nothing": ({"charges": {}}, "o1 is completed: 0 were kept for it, and 9000 are due"),
    "an order without an end": ({"orders": (SOLD, Order("o2", was_accepted=True))}, "o2 was accepted and never ended"),
    "an order with two ends": (
        {"orders": (SOLD, Order("o2", was_accepted=True, outcomes=["rejected", "cancelled"]))},
        "o2 ended as cancelled and as rejected",
    ),
    "an order that is gone": ({"orders": (SOLD,)}, "visitors were told of 2 accepted orders, and the shop has 1"),
    "a message put aside": ({"dead_letters": {"orders.dlq": 3}}, "1 messages in orders.dlq"),
    "a refund that failed": ({"failed_refunds": 1}, "1 refunds that failed"),
    "messages in the wrong order": ({"disorder": ("t b'o1': E 2 comes after 3",)}, "t b'o1': E 2 comes after 3"),
    "no rest": ({"unrest": ("after 120 s orders has 3 messages ahead",)}, "after 120 s orders has 3 messages ahead"),
}


@pytest.mark.parametrize("what", WRONG)
def test_each_thing_that_is_wrong_is_told(what: str) -> None:
    change, sentence = WRONG[what]

    told = broken(OPENED, msgspec.structs.replace(RIGHT, **change), VISITORS)

    assert len(told) == 1
    assert told[0].startswith(sentence)


def test_what_is_owed_by_a_person_is_still_kept() -> None:
    owed = Order("o2", was_accepted=True, outcomes=["cancelled"], owed=700)
    closed = msgspec.structs.replace(RIGHT, orders=(SOLD, owed), charges={**RIGHT.charges, "o2": (Charge(700, "captured"),)})

    assert broken(OPENED, closed, {}) == []
