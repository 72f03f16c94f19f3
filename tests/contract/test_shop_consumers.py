"""The shop's own consumers and producers, through the command as CI runs it; and that the command sees when they part."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from shop_contracts.checking.check import examine
from shop_contracts.proto.inventory.v1 import events_pb2
from shop_contracts.tree.finding import Finding
from shop_dev.contracts.rehearsals import rehearsing
from shop_dev.contracts.tree import open_contracts
from shop_kit import wire
from shop_kit.messages import OutgoingMessage, outgoing
from shop_services.inventory.adapters import in_memory as inventory
from shop_services.inventory.adapters.events import reservation_event
from shop_services.orders.adapters import answers
from shop_services.orders.adapters.contracts import answer_from_inventory

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture
def findings(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[Finding]]:
    monkeypatch.chdir(CHECKOUT)

    def find() -> list[Finding]:
        tree = open_contracts()
        with rehearsing(tree.contracts.declared.services, str(CHECKOUT)) as (casts, broken):
            found = examine(tree.contracts, styled=(), lock=tree.lock, today=date(2026, 1, 1), with_generated=False, casts=casts)
        return [*tree.faults, *broken, *found]

    return find


def test_every_consumer_accepts_every_released_version_and_every_read_field_is_filled(
    findings: Callable[[], list[Finding]],
) -> None:
    assert findings() == []


def test_inventory_may_not_stop_to_name_what_is_short(
    findings: Callable[[], list[Finding]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_names(reservation: Any) -> OutgoingMessage:
        message = reservation_event(reservation)
        _, _, content = wire.unframe(wire.frame(1, message.body))
        event = events_pb2.InventoryEvent.FromString(content)
        for shortage in event.stock_rejected.shortages if event.HasField("stock_rejected") else ():
            shortage.ClearField("sku")
        return outgoing(message.topic, message.key, event, source="/shop/inventory", sequence=message.sequence)

    monkeypatch.setattr(inventory, "reservation_event", without_names)

    assert {(one.id, one.path) for one in findings()} == {("read-not-filled", "stock_rejected.shortages.sku")}


def test_orders_may_not_lose_a_case_for_an_answer(findings: Callable[[], list[Finding]], monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(event: Any) -> Any:
        if event.WhichOneof("kind") == "stock_released":
            raise LookupError("stock_released")
        return answer_from_inventory(event)

    monkeypatch.setattr(answers, "answer_from_inventory", forgetful)

    # With orders' part unplayed nobody knows what orders sends, so payments is tried with made-up currencies, which it refuses too.
    broken, refused = (finding for finding in findings() if "payments" not in finding.consumers)
    assert (broken.id, refused.id, refused.path) == ("rehearsal-broken", "consumer-refuses-message", "stock_released")
    assert refused.proof is not None
    assert refused.proof.read == "refused: LookupError: stock_released"
