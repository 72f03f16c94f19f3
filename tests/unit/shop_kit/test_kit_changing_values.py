"""Values that change while a service runs."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from shop_kit.changing_values import ChangingValue
from shop_kit.errors import Unavailable
from shop_kit.testing.clock import HandClock


class Limits(msgspec.Struct, frozen=True):
    per_second: int
    guests_may_buy: bool = True


DEFAULT = Limits(10)


class Store:
    """Holds a document, unless it is away."""

    def __init__(self) -> None:
        self.document: bytes | None = None
        self.clock = HandClock()
        self.value = ChangingValue("limits", self.read, Limits, default=DEFAULT, clock=self.clock, stale_seconds=60)

    async def read(self) -> bytes:
        if self.document is None:
            raise Unavailable("ssm", "away")
        return self.document

    def after_refresh(self) -> Limits:
        asyncio.run(self.value.refresh())
        return self.value.current


@pytest.fixture
def store() -> Store:
    return Store()


def test_the_default_holds_until_something_is_known(store: Store) -> None:
    assert store.value.current == DEFAULT
    assert store.after_refresh() == DEFAULT


def test_a_change_is_seen_with_the_next_look(store: Store) -> None:
    store.document = b'{"per_second": 5}'
    first = store.after_refresh()
    store.document = b'{"per_second": 7, "guests_may_buy": false}'

    assert [first, store.after_refresh()] == [Limits(5), Limits(7, guests_may_buy=False)]


@pytest.mark.parametrize("broken", [b"", b"{", b'{"per_second": "many"}', b'{"guests_may_buy": false}', None], ids=repr)
def test_whatever_goes_wrong_leaves_the_last_good_value(store: Store, broken: bytes | None) -> None:
    store.document = b'{"per_second": 5}'
    store.after_refresh()
    store.document = broken

    assert store.after_refresh() == Limits(5)


def test_a_value_that_was_not_read_for_long_says_so(store: Store) -> None:
    store.document = b'{"per_second": 5}'
    store.after_refresh()
    store.document = None
    store.clock.pass_by(60)
    asyncio.run(store.value.check())
    store.after_refresh()
    store.clock.pass_by(1)

    with pytest.raises(Unavailable, match="last read 61 s ago"):
        asyncio.run(store.value.check())
