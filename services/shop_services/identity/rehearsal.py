"""Identity over customers in memory, for the proofs of its contracts."""

from __future__ import annotations

from collections.abc import Sequence

from shop_kit.messages import OutgoingMessage
from shop_kit.rehearsal import Rehearsal
from shop_kit.testing.aggregates import AggregateTable
from shop_kit.testing.clock import HandClock

from shop_services.identity.adapters.in_memory import InMemoryCustomerRepository, InMemorySignIns
from shop_services.identity.application.customers import NOT_YET, change, erase, introduce
from shop_services.identity.application.ports import Known
from shop_services.identity.domain.customer import Profile, Purpose

ANN = "cus_01J9ZK3V5M8Q2T4W6Y8A0C2E4G"


def rehearsal() -> Rehearsal:
    """What identity sends: it hears nothing."""
    return Rehearsal(sends=_sends)


async def _sends() -> Sequence[OutgoingMessage]:
    """A customer who registers, agrees to something and is erased."""
    table, clock = AggregateTable[Known](), HandClock()
    customers, sign_ins = InMemoryCustomerRepository(table), InMemorySignIns({ANN: "ann@shop.example"})
    ann = Profile("Ann", "en")
    await introduce(ANN, ann, seen=NOT_YET, customers=customers, sign_ins=sign_ins, clock=clock)
    await change(ANN, lambda one: one.agreeing(Purpose.NEWSLETTER, is_given=True, now=clock.now()), customers=customers)
    await erase(ANN, customers=customers, sign_ins=sign_ins, clock=clock)
    return table.log.messages
