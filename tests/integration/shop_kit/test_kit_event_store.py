"""Event-sourced aggregates in a real PostgreSQL."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import shop_kit
from fakes.postgresql import postgresql
from fakes.relay import RememberingRelay
from shop_kit.aggregates.deciding import Stale, decide_and_record
from shop_kit.event_sourcing import HistoryUnreadable, Loaded, PostgresEventStore
from shop_kit.inbox import AlreadyHandled
from shop_kit.messages import OutgoingMessage
from shop_kit.testing.ledger import ACCOUNT_EVENTS, Account, AccountEvent, Opened, Paid, fold_accounts, snapshots

pytestmark = [pytest.mark.integration, pytest.mark.anyio]

KIT = Path(shop_kit.__file__).parent
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@dataclass
class Bank:
    """Accounts under test."""

    pool: asyncpg.Pool[asyncpg.Record]
    relay: RememberingRelay = field(default_factory=RememberingRelay)

    def store(self, **settings: Any) -> PostgresEventStore[Account, AccountEvent]:
        return PostgresEventStore(self.pool, codec=ACCOUNT_EVENTS, fold=fold_accounts, relay=self.relay, **settings)

    async def pay(self, store: PostgresEventStore[Account, AccountEvent], account_id: str, cents: int) -> Loaded[Account]:
        async def attempt(*, fresh: bool) -> Loaded[Account]:
            before = await store.load(account_id, fresh=fresh)
            events: list[AccountEvent] = [Paid(cents)] if before else [Opened("ann"), Paid(cents)]
            return await store.append(account_id, before, events, at=NOON)

        return await decide_and_record(attempt, subject=account_id)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgresql(tmp_path_factory.mktemp("postgres")) as address:
        yield address


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def bank(server: str) -> AsyncIterator[Bank]:
    name = f"bank_{uuid.uuid4().hex[:8]}"
    admin = await asyncpg.connect(server)
    await admin.execute(f"create database {name}")
    async with asyncpg.create_pool(server, database=name, min_size=1, max_size=8) as pool:
        for part in ("event_sourcing", "outbox", "inbox"):
            await pool.execute((KIT / part / "postgres.sql").read_text())
        yield Bank(pool)
    await admin.execute(f"drop database {name} with (force)")
    await admin.close()


async def test_an_aggregate_is_what_happened_to_it(bank: Bank) -> None:
    for cents in (100, 250, -50):
        written = await bank.pay(bank.store(), "a", cents)

    assert written == Loaded(Account("ann", 300, NOON), 4)
    assert await bank.store().load("a") == written
    assert await bank.store().load("b") is None


async def test_whoever_decided_on_an_old_version_writes_nothing(bank: Bank) -> None:
    first, second = bank.store(), bank.store()
    await bank.pay(first, "a", 1)
    stale = await second.load("a")
    await bank.pay(first, "a", 2)

    with pytest.raises(Stale):
        await second.append("a", stale, [Paid(3)], at=NOON)

    assert await second.load("a") == Loaded(Account("ann", 3, NOON), 3)


async def test_all_who_pay_at_once_are_heard(bank: Bank) -> None:
    await bank.pay(bank.store(), "a", 0)

    await asyncio.gather(*(bank.pay(bank.store(), "a", cents) for cents in range(1, 6)))

    loaded = await bank.store().load("a")
    assert loaded is not None
    assert (loaded.state.balance, loaded.version) == (15, 7)


async def test_events_and_messages_are_written_once_for_each_message_handled(bank: Bank) -> None:
    store = bank.store()
    sent = [OutgoingMessage("topic", "a", 1, b"\0body", {"ce_id": "1"})]
    opened = await store.append("a", None, [Opened("ann")], at=NOON, messages=sent, handling="m-1")

    with pytest.raises(AlreadyHandled):
        await store.append("a", opened, [Paid(5)], at=NOON, messages=sent, handling="m-1")

    assert await bank.store().load("a") == opened
    assert await bank.pool.fetchval("select count(*) from outbox") == 1
    assert bank.relay.messages == sent


async def test_old_forms_in_the_store_are_read_as_new_ones(bank: Bank) -> None:
    await bank.pay(bank.store(), "a", 1)
    await bank.pool.execute("insert into events values ('a', 3, 'paid.text', '{\"amount\": \"7\"}', $1)", NOON)

    loaded = await bank.store().load("a")

    assert loaded is not None
    assert (loaded.state.balance, loaded.version) == (701, 3)


async def test_with_snapshots_only_what_came_after_the_last_is_read(bank: Bank) -> None:
    store = bank.store(snapshots=snapshots(every=5))
    for cents in range(1, 12):
        await bank.pay(store, "a", cents)
    await bank.pool.execute("delete from events where version <= 10")  # what the snapshot stands for is not read any more

    loaded = await bank.store(snapshots=snapshots(every=5)).load("a")

    assert loaded == Loaded(Account("ann", sum(range(1, 12)), NOON), 12)


async def test_a_snapshot_of_another_form_is_not_used(bank: Bank) -> None:
    store = bank.store(snapshots=snapshots(every=2))
    for cents in (1, 2, 3):
        await bank.pay(store, "a", cents)
    await bank.pool.execute("update snapshots set state = 'of an older program'")

    newer = bank.store(snapshots=snapshots(every=2, form=2))
    loaded = await newer.load("a")
    await bank.pay(newer, "a", 4)
    await bank.pay(newer, "a", 5)

    assert loaded == Loaded(Account("ann", 6, NOON), 4)
    assert await bank.pool.fetchval("select form from snapshots") == 2


async def test_one_history_that_cannot_be_read_stops_no_other(bank: Bank) -> None:
    for account in "ab":
        await bank.pay(bank.store(), account, 1)
    await bank.pool.execute("update events set kind = 'from-the-future' where stream_id = 'a'")

    with pytest.raises(HistoryUnreadable, match="a"):
        await bank.store().load("a")
    assert (await bank.store().load("b")) == Loaded(Account("ann", 1, NOON), 2)
