"""An event-sourced aggregate as small as can be: an account that takes money. Tests of the kit and its guides use it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec

from shop_kit.event_sourcing import EventCodec, Snapshots, UnknownKind, Upcast
from shop_kit.event_sourcing.history import Body


@dataclass(frozen=True, slots=True)
class Opened:
    """An account begins."""

    owner: str


@dataclass(frozen=True, slots=True)
class Paid:
    """Cents came in, or went out when negative."""

    cents: int


AccountEvent = Opened | Paid


@dataclass(frozen=True, slots=True)
class Account:
    """An account as it stands."""

    owner: str
    balance: int = 0
    changed_at: datetime | None = None


def fold_accounts(account_id: str, since: Account | None, history: Iterable[tuple[AccountEvent, datetime]]) -> Account:
    """Return what happened to an account as its state. Raises ValueError for one that was never opened, or twice."""
    account = since
    for event, at in history:
        match event:
            case Opened(owner):
                if account is not None:
                    raise ValueError(f"{account_id} was opened twice")
                account = Account(owner, 0, at)
            case Paid(cents):
                if account is None:
                    raise ValueError(f"{account_id} was paid into before it was opened")
                account = replace(account, balance=account.balance + cents, changed_at=at)
    if account is None:
        raise ValueError(f"{account_id} has no history")
    return account


def _take_apart(event: AccountEvent) -> tuple[str, Body]:
    match event:
        case Opened(owner):
            return "opened", {"owner": owner}
        case Paid(cents):
            return "paid.v2", {"cents": cents}


def _put_together(kind: str, body: Body) -> AccountEvent:
    match kind:
        case "opened":
            return Opened(body["owner"])
        case "paid.v2":
            return Paid(body["cents"])
    raise UnknownKind(kind)


ACCOUNT_EVENTS: EventCodec[AccountEvent] = EventCodec(
    _take_apart,
    _put_together,
    # Amounts were once whole euros, and before that text.
    {
        "paid.text": Upcast("paid", lambda body: {"euros": int(body["amount"])}),
        "paid": Upcast("paid.v2", lambda body: {"cents": body["euros"] * 100}),
    },
)


def snapshots(*, every: int, form: int = 1) -> Snapshots[Account]:
    """Return how accounts are kept between their events."""
    return Snapshots(msgspec.json.encode, msgspec.json.Decoder(Account).decode, every=every, form=form)
