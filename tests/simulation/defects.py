"""Defects that this shop once had, each of them put back on request, so that the simulation can show that it would find it.

A defect is put back in Python, by replacing a function of the code as it is; when that has moved, putting back fails loudly.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from confluent_kafka import TopicPartition
from shop_kit.aggregates.deciding import decide_and_record
from shop_kit.aws import client as aws_client
from shop_kit.aws import dynamo as aws_dynamo
from shop_kit.aws.dynamo import Update
from shop_kit.errors import Invalid, Transient
from shop_kit.idempotency import dynamo as idempotency
from shop_kit.kafka import consumer, handling
from shop_kit.kafka.records import partition_of, text_headers
from shop_kit.outbox import dynamo as outbox
from shop_kit.outbox import postgres as relay
from shop_kit.outbox import publisher
from shop_kit.parts import Parts
from shop_kit.shutdown import Shutdown
from shop_kit.sweeping import Sweeper
from shop_services.inventory.domain.stock import StockItem, StockLevel
from shop_services.orders.application.ports import CheckoutPolicy
from shop_services.payments.adapters import webhooks
from shop_services.payments.application import paying, refunding
from shop_services.payments.domain.payment import (
    Payment,
    voided_before_it_was_authorised,
)
from shop_services.pricing.adapters.promotion_repositories import DynamoRedemptions
from shop_services.pricing.domain.coupons import Decision, Redemption, Status

Undo = Callable[[], object]


class HasMoved(Exception):
    """What a defect replaces is not there any more: put it back where the code is now."""


@dataclass(frozen=True)
class Defect:
    """A defect: a name for the command line, what was wrong in one sentence, and what puts it back.

    Where what is put back does another harm as well, `harm` is a part of the sentence that must be told for it to be found.
    """

    name: str
    sentence: str
    put_back: Callable[[Putting], None]
    harm: str = ""


class Putting:
    """Replaces attributes, and takes it all back."""

    def __init__(self) -> None:
        self._undo: list[tuple[Any, str, Any]] = []

    def replace(self, owner: Any, name: str, value: Any) -> None:
        """Put something in the place of an attribute. Raises HasMoved."""
        if name not in vars(owner):
            raise HasMoved(f"{getattr(owner, '__name__', owner)}.{name}")
        self._undo.append((owner, name, vars(owner)[name]))
        setattr(owner, name, value)

    def take_back(self) -> None:
        """Make everything as it was."""
        for owner, name, value in reversed(self._undo):
            setattr(owner, name, value)


@contextlib.contextmanager
def present(defect: Defect) -> Iterator[None]:
    """Run the block with the defect in the code."""
    putting = Putting()
    try:
        defect.put_back(putting)
        yield
    finally:
        putting.take_back()


def _held_before_it_was_certain(putting: Putting) -> None:
    """What this process tried to commit counts as held by it: recovery passes it by."""
    commit, left_behind, before = outbox.DynamoOutbox.commit, outbox.DynamoOutboxTable.left_behind, outbox.DynamoOutboxTable.before

    async def marking(self: Any, writes: Any, *, messages: Sequence[Any] = (), handling: str | None = None) -> None:
        table = self._publisher._table
        table.tried = getattr(table, "tried", frozenset()) | {message.id for message in messages}
        await commit(self, writes, messages=messages, handling=handling)

    async def passing_by(self: Any, *, seconds: float) -> AsyncIterator[Any]:
        tried: frozenset[str] = getattr(self, "tried", frozenset())
        async for page in left_behind(self, seconds=seconds):
            yield [message for message in page if message.id not in tried]

    putting.replace(outbox.DynamoOutbox, "commit", marking)
    putting.replace(outbox.DynamoOutboxTable, "left_behind", passing_by)
    putting.replace(outbox.DynamoOutboxTable, "before", before)


def _no_request_token(putting: Putting) -> None:
    _held_before_it_was_certain(putting)
    call = aws_dynamo.Dynamo._call

    async def without_token(self: Any, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        return await call(self, operation, {name: value for name, value in request.items() if name != "ClientRequestToken"})

    putting.replace(aws_dynamo.Dynamo, "_call", without_token)


def _last_before_acknowledged(putting: Putting) -> None:
    """What was sent last of a key is noted before the broker has it, for recovery and for publishing in common."""

    async def take_in(self: Any, seconds: float) -> None:
        async for page in self._table.left_behind(seconds=seconds):
            left = [message for message in page if message.id not in self._unpublished and message.id not in self._published_ids]
            for message in left:
                self._last[message.key] = max(self._last.get(message.key, 0), message.sequence)
            for message in left:
                if message.id not in self._published_ids:
                    await asyncio.sleep(0.3)  # a page's messages went out one key after another
                    await self._send([message])

    putting.replace(publisher.Publisher, "_take_in_what_was_left", take_in)


def _stock_set_whatever_stands_there(putting: Putting) -> None:
    """A setting says how many units shall be free, and is done as often as it comes."""
    free_units: dict[StockLevel, int] = {}

    def applied_to(self: StockLevel, item: StockItem | None) -> StockItem:
        if item is None:
            return StockItem(self.sku, self.stocked)
        if self.revision == item.revision:  # it came for the first time
            free_units[self] = item.free + self.stocked - item.stocked
        free = free_units.get(self, self.stocked - item.reserved - item.sold)
        return replace(item, free=free, revision=item.revision + 1, told=item.told + 1)

    putting.replace(StockLevel, "applied_to", applied_to)
    putting.replace(StockLevel, "is_true_of", lambda self, item: False)


def _refund_without_intent(putting: Putting) -> None:
    """The provider is asked before anything is written, and nobody looks for what was not finished."""

    async def refund_part(
        payment_id: str, refund_id: str, amount: Any, reason: str, *, payments: Any, provider: Any, clock: Any
    ) -> Payment:
        async def attempt(*, fresh: bool) -> Payment:
            payment: Payment | None = await payments.find(payment_id, fresh=True)
            if payment is None:
                raise paying.PaymentUnknown(payment_id)
            if payment.refund(refund_id) is not None:
                return payment
            asked = payment.refund_asked(refund_id, amount, reason, at=clock.now())
            refund = asked.refund(refund_id)
            assert refund is not None
            refusal = await provider.refund(payment_id, refund_id, refund.amount, issuer=payment.issuer)
            settled = asked.refund_refused(refund_id, refusal) if refusal else asked.refund_given(refund_id)
            saved: Payment = await payments.save(settled, handling=None, refund_id=refund_id)
            return saved

        return await decide_and_record(attempt, subject=f"payment {payment_id}")

    from shop_services.payments.adapters import rest

    putting.replace(rest, "refund_part", refund_part)


def _refused_refund_is_silent(putting: Putting) -> None:
    """A refund that the provider refuses raises, and nothing tells the order."""

    class RefundRefused(Exception):
        pass

    settle = refunding._settle

    async def raising(payment: Payment, refund_id: str, refusal: Any, **options: Any) -> Payment:
        if refusal:
            raise RefundRefused(refusal.code)
        return await settle(payment, refund_id, refusal, **options)

    putting.replace(refunding, "_settle", raising)


def _hold_leaks(putting: Putting) -> None:
    async def void_unknown(payment_id: str, order_id: str, *, payments: Any, provider: Any, handling: str) -> Payment:
        saved: Payment = await payments.save(voided_before_it_was_authorised(payment_id, order_id), handling=handling)
        return saved

    putting.replace(paying, "void_unknown", void_unknown)
    putting.replace(refunding, "void_unknown", void_unknown)
    authorise, invalid = paying.authorise_payment, Invalid

    async def gives_up_on_storage(command: Any, *, payments: Any, provider: Any, handling: str) -> Payment:
        class Failing:
            async def save(self, payment: Any, **options: Any) -> Payment:
                try:
                    return await payments.save(payment, **options)  # type: ignore[no-any-return]
                except Transient as error:  # as long as storage's trouble buried messages, this one was never tried again
                    raise invalid(str(error)) from error

            def __getattr__(self, name: str) -> Any:
                return getattr(payments, name)

        return await authorise(command, payments=Failing(), provider=provider, handling=handling)

    from shop_services.payments.adapters import commands

    putting.replace(commands, "authorise_payment", gives_up_on_storage)


def _waits_for_ever(putting: Putting) -> None:
    putting.replace(handling.MessageHandler, "_is_its_own_trouble", lambda self, since: False)


def _trouble_buries(putting: Putting) -> None:
    """What is not plainly 'away' counts as the message's fault, after five tries in 1.5 s; no part of its process ends by it."""
    _parts_die_in_silence(putting)
    import asyncpg
    from shop_kit import postgres

    away = tuple(
        one for one in postgres.AWAY if one not in {asyncpg.ReadOnlySQLTransactionError, asyncpg.OperatorInterventionError}
    )
    putting.replace(postgres, "AWAY", away)
    _short_patience(putting)


def _short_patience(putting: Putting) -> None:
    init = handling.Patience.__init__

    def hasty(self: Any, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **{"unknown_seconds": 1.5, **kwargs})

    putting.replace(handling.Patience, "__init__", hasty)


def _parts_die_in_silence(putting: Putting) -> None:
    """A background part that fails is gone, and the service goes on without it."""
    putting.replace(aws_client, "NOT_LET_IN", frozenset())

    async def lasts(self: Any, name: str, work: Any) -> None:
        with contextlib.suppress(Exception):
            await work()

    putting.replace(Parts, "_lasts", lasts)


def _poison_outside_the_catch(putting: Putting) -> None:
    handle = handling.MessageHandler.handle

    async def reading_first(self: Any, subscription: Any, message: Any, **options: Any) -> Any:
        headers = text_headers(message)
        if "ce_sequence" in headers:
            int(headers["ce_sequence"])
        return await handle(self, subscription, message, **options)

    putting.replace(handling.MessageHandler, "handle", reading_first)


def _one_unreadable_stops(work: str) -> Callable[[Putting], None]:
    """All that is due is taken up in one go, which ends with the first that cannot be read."""

    def put_back(putting: Putting) -> None:
        each_by_itself = Sweeper._take_up_all

        async def one_after_another(self: Any, keys: list[Any]) -> int:
            if self._name != work:
                return await each_by_itself(self, keys)
            for key in keys:
                await self._take_up(key)
            return len(keys)

        putting.replace(Sweeper, "_take_up_all", one_after_another)

    return put_back


def _webhook_from_memory(putting: Putting) -> None:
    """What the provider tells is decided from what this instance remembers."""
    refunded = refunding.refunded_by_provider

    async def remembering(payment_id: str, refund_id: str, amount: Any, *, payments: Any, clock: Any) -> Payment:
        class Remembering:
            is_first = True

            async def find(self, payment_id: str, *, fresh: bool) -> Payment | None:
                fresh, self.is_first = not self.is_first, False
                found: Payment | None = await payments.find(payment_id, fresh=fresh)
                return found

            def __getattr__(self, name: str) -> Any:
                return getattr(payments, name)

        return await refunded(payment_id, refund_id, amount, payments=Remembering(), clock=clock)

    putting.replace(webhooks, "refunded_by_provider", remembering)


def _relay_is_cancelled(putting: Putting) -> None:
    """At the end the relay is cancelled where it stands."""

    async def drain_nothing(self: Any, parts: Parts, seconds: float) -> None:
        """Leave it to the end of the block, which cancels."""

    putting.replace(relay.PostgresRelay, "_drain", drain_nothing)


def _key_stays_claimed(putting: Putting) -> None:
    async def keep(self: Any, claim: Any, token: str) -> None:
        """Leave it claimed until its lease ends."""

    putting.replace(idempotency.DynamoIdempotency, "_release", keep)


def _key_is_not_given_back_later(putting: Putting) -> None:
    def leave(self: Any, claim: Any, token: str) -> None:
        """Leave it claimed until its lease ends."""

    putting.replace(idempotency.DynamoIdempotency, "_release_later", leave)


def _relay_hangs(putting: Putting) -> None:
    """A look or a deletion that hangs is waited for as long as any other statement."""
    putting.replace(relay, "COMMAND_SECONDS", 10.0)


def _gives_up_late(putting: Putting) -> None:
    def next_look(self: CheckoutPolicy, order: Any, *, at: Any, asked_again: int = 0) -> Any:
        if order.stage.is_final:
            return None
        interval: timedelta = self.ask_again_after * 2 ** min(asked_again, 16)
        return at + min(interval, self.ask_again_at_most)

    putting.replace(CheckoutPolicy, "next_look", next_look)


def _each_part_its_own_budget(putting: Putting) -> None:
    putting.replace(Shutdown, "seconds_left", lambda self: self._grace_seconds)


def _offset_without_effect(putting: Putting) -> None:
    """A message's offset is stored when its handling begins. (Never a defect of this shop; the simulation must know it.)"""
    run = consumer.Consumer._run

    async def storing_first(self: Any, lane_id: Any, held: Any) -> None:
        for message in list(self._lanes[lane_id].messages):
            position = (message.offset() or 0) + 1
            where = TopicPartition(*partition_of(message), position)
            self._for_client.append(lambda where=where: self._client.store_offsets(offsets=[where]))
        await run(self, lane_id, held)

    putting.replace(consumer.Consumer, "_run", storing_first)


def _no_inbox(putting: Putting) -> None:
    """Orders take an answer as often as it comes. (Never a defect of this shop either.)"""
    from shop_services.payments.domain.payment import Payment as DomainPayment

    del DomainPayment
    from shop_kit.shared_kernel.revision import Revision

    putting.replace(Revision, "has_handled", lambda self, message_id: False)


def _relay_skips_handed_over(putting: Putting) -> None:
    """The relay forgets what was handed over while it had no connection, and takes it for published."""
    take = relay._Backlog.take

    def forgetful(self: Any, row_id: int, message: Any, *, is_read: bool) -> bool:
        if not is_read and message.sequence % 3 == 0:
            self._known.add(row_id)
            return True
        return bool(take(self, row_id, message, is_read=is_read))

    putting.replace(relay._Backlog, "take", forgetful)


def _limits_only_read(putting: Putting) -> None:
    use = DynamoRedemptions._use

    def unconditional(self: DynamoRedemptions, *args: Any, **kwargs: Any) -> Update:
        written = use(self, *args, **kwargs)
        values = {name: value for name, value in written.values.items() if name in written.expression}
        return replace(written, condition=None, values=values)

    putting.replace(DynamoRedemptions, "_use", unconditional)


def _release_without_uses(self: Redemption) -> Decision:
    return Decision(replace(self, status=Status.RELEASED, refusal=None), 0)


DEFECTS: tuple[Defect, ...] = (
    Defect(
        "lost-answer",
        "A commit whose answer was lost is tried again and cancelled; its messages are never published.",
        _no_request_token,
    ),
    Defect(
        "cancelled-commit",
        "A commit is cancelled after it applied; its messages count as held and are never published.",
        _held_before_it_was_certain,
    ),
    Defect(
        "recovery-overtakes",
        "Recovery and publishing share what was sent last, set before the broker has it: A2 overtakes A1.",
        _last_before_acknowledged,
    ),
    Defect(
        "stock-from-replay",
        "A repeated setting sets the free units again after some were sold: stock is created.",
        _stock_set_whatever_stands_there,
    ),
    Defect(
        "refund-without-intent",
        "The provider is asked for a refund before it is written; a crash between leaves it paid and unknown.",
        _refund_without_intent,
    ),
    Defect(
        "refused-refund-silent", "A refund that is refused has no event: its order compensates for ever.", _refused_refund_is_silent
    ),
    Defect(
        "webhook-from-memory",
        "What the provider tells is decided from stale memory, and answered with 409 for ever.",
        _webhook_from_memory,
    ),
    Defect(
        "hold-leaks",
        "Authorise held money and its record failed; a later void does not reach the provider.",
        _hold_leaks,
        "money is still held",
    ),
    Defect(
        "key-stops-partition",
        "A key whose dependency is away is tried for ever: its partition's offset stays where it is.",
        _waits_for_ever,
    ),
    Defect(
        "trouble-buries",
        "A failover or expired keys bury good messages after 1.5 s.",
        _trouble_buries,
        "is with the dead letters",
    ),
    Defect(
        "parts-die-in-silence",
        "A background part ends with the first error it does not know, and the service goes on without it.",
        _parts_die_in_silence,
    ),
    Defect(
        "poison-kills",
        "A sequence of 5,000 digits raises outside of the catch: neither handled nor put aside.",
        _poison_outside_the_catch,
    ),
    Defect(
        "one-unreadable-stops-timers",
        "One order that cannot be read stops the timers of all.",
        _one_unreadable_stops("silent checkouts"),
    ),
    Defect(
        "one-unreadable-stops-returns",
        "One reservation that cannot be read stops the return of all that ran out.",
        _one_unreadable_stops("reservations that ran out"),
    ),
    Defect("key-stays-claimed", "A request that failed leaves its idempotency key claimed for 60 s.", _key_stays_claimed),
    Defect(
        "key-not-given-back-later",
        "A key whose table is away when it is to be given back stays claimed for 60 s.",
        _key_is_not_given_back_later,
    ),
    Defect("relay-hangs", "The relay waits 10 s for a look at the outbox that hangs: all orders wait with it.", _relay_hangs),
    Defect(
        "gives-up-late", "An order is given up with the next look after its patience, up to half as late again.", _gives_up_late
    ),
    Defect(
        "shutdown-adds-up",
        "Each part drains with a budget of its own: together longer than the supervisor waits.",
        _each_part_its_own_budget,
        "had to be killed",
    ),
    Defect("relay-cancelled", "The relay is cancelled when the service stops, instead of drained.", _relay_is_cancelled),
    Defect(
        "offset-before-effect",
        "An offset is stored before the effect: a crash between loses the message (invented, to be sure).",
        _offset_without_effect,
    ),
    Defect("handled-twice", "Aggregates do not remember which message they handled (invented, to be sure).", _no_inbox),
    Defect(
        "relay-forgets",
        "The relay takes some messages for published that it was handed (invented, to be sure).",
        _relay_skips_handed_over,
    ),
    Defect(
        "limits-only-read",
        "A coupon's limits are looked at and not held by a condition: a race exceeds them (invented, to be sure).",
        _limits_only_read,
        "may be at most",
    ),
    Defect(
        "uses-kept",
        "An order that fails keeps its coupons used (invented, to be sure).",
        lambda putting: putting.replace(Redemption, "release", _release_without_uses),
        "counts as used",
    ),
)

NOT_FOUND: tuple[tuple[str, str], ...] = (
    ("Waiting readers shut out new orders", "the edge is not simulated: it holds nothing, and its limits have tests of their own"),
    ("The edge's readiness, its limits before tokens, its public metrics, routes without a scope", "the same"),
    (
        "`deadLetter: false` loops",
        "none of the simulated services reads a topic without dead letters; `test_handling.py`"
        " (a group without dead letters drops what it cannot handle and goes on)",
    ),
    (
        "A claim of an idempotency key is given up without its fencing token",
        "two requests are then at work under one key, and all work under a key is harmless twice: a refund's id follows from it;"
        " `test_dynamo_keys.py` (who lost the lease does not give away the key while the heir is at work)",
    ),
    (
        "Nothing checks an order's patience against the reservation's time",
        "wrong from the start of a process on, and the simulated settings are right; `test_orders_settings.py`",
    ),
    (
        "A message too large for Kafka blocks its batch",
        "no deed makes one; the outbox refuses it and the producer's refusals have unit tests",
    ),
    ("Redrive reaches every group", "a command of a person, not of the shop; it runs against real Kafka in tests/integration"),
    (
        "Two subscriptions on one topic, the id of the latest schema",
        "wrong from the start of a process on, whatever happens: unit tests",
    ),
    ("A task role's refresh fails though its keys still hold", "simulated processes have fixed keys; unit tests"),
    ("HTTP binds 127.0.0.1 only", "no sockets here"),
    ("The inbox key without the source", "all ids here are random; unit tests"),
)
"""What the simulation cannot find, and why."""
