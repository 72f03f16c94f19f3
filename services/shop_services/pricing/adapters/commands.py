"""Takes commands from Kafka to the use cases."""

from __future__ import annotations

from shop_contracts.proto.pricing.v1.commands_pb2 import PricingCommand
from shop_kit.errors import Invalid
from shop_kit.messages import Received, Subscription

from shop_services.pricing.adapters.events import COMMANDS_TOPIC
from shop_services.pricing.application.redeeming import Redeeming
from shop_services.pricing.domain.coupons import Redeem


class UnknownCommand(Invalid):
    """A kind of command that this version of pricing does not know."""


def subscription(redeeming: Redeeming) -> Subscription[PricingCommand]:
    """Return what pricing does with its commands."""

    async def handle(message: Received[PricingCommand]) -> None:
        command = message.event
        match command.WhichOneof("kind"):
            case "redeem_coupons":
                asked = command.redeem_coupons
                codes = tuple(dict.fromkeys(asked.codes))  # one that stands twice is used once
                wanted = Redeem(command.order_id, asked.customer_id, asked.quote_id, codes)
                await redeeming.redeem(wanted, handling=message.identity)
            case "release_coupons":
                await redeeming.release(command.order_id, handling=message.identity)
            case kind:
                raise UnknownCommand(f"{message.type} ({kind})")

    return Subscription(COMMANDS_TOPIC, PricingCommand, handle)
