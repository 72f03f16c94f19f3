"""Takes commands from Kafka to the use cases."""

from __future__ import annotations

from shop_contracts.proto.inventory.v1.commands_pb2 import InventoryCommand
from shop_kit.errors import Invalid
from shop_kit.messages import Received, Subscription

from shop_services.inventory.adapters.events import COMMANDS_TOPIC
from shop_services.inventory.application.ports import Clock, ReservationRepository, StockRepository
from shop_services.inventory.application.reserving import Reserve, commit_stock, release_stock, reserve_stock
from shop_services.inventory.domain.reservation import Line


class UnknownCommand(Invalid):
    """A kind of command that this version of inventory does not know."""


def subscription(stock: StockRepository, reservations: ReservationRepository, clock: Clock) -> Subscription[InventoryCommand]:
    """Return what inventory does with its commands."""

    async def handle(message: Received[InventoryCommand]) -> None:
        command = message.event
        match command.WhichOneof("kind"):
            case "reserve_stock":
                wanted = command.reserve_stock
                lines = tuple(Line(line.sku, line.quantity) for line in wanted.lines)
                request = Reserve(command.reservation_id, command.order_id, lines, float(wanted.hold_seconds))
                await reserve_stock(request, stock=stock, reservations=reservations, clock=clock, handling=message.identity)
            case "commit_stock":
                await commit_stock(command.reservation_id, reservations=reservations, clock=clock, handling=message.identity)
            case "release_stock":
                await release_stock(command.reservation_id, command.order_id, reservations=reservations, handling=message.identity)
            case kind:
                raise UnknownCommand(f"{message.type} ({kind})")

    return Subscription(COMMANDS_TOPIC, InventoryCommand, handle)
