"""Takes commands from Kafka to the use cases."""

from __future__ import annotations

from shop_contracts.proto.payments.v1.commands_pb2 import PaymentCommand
from shop_kit.errors import Invalid
from shop_kit.messages import Received, Subscription
from shop_kit.shared_kernel import Money

from shop_services.payments.adapters.events import COMMANDS_TOPIC
from shop_services.payments.application.paying import Authorise, authorise_payment, capture_payment, refund_payment, void_payment
from shop_services.payments.application.ports import PaymentBook, PaymentProvider


class UnknownCommand(Invalid):
    """A kind of command that this version of payments does not know."""


def subscription(book: PaymentBook, provider: PaymentProvider) -> Subscription[PaymentCommand]:
    """Return what payments does with its commands."""

    async def handle(message: Received[PaymentCommand]) -> None:
        command = message.event
        payment_id, order_id = command.payment_id, command.order_id
        match command.WhichOneof("kind"):
            case "authorise_payment":
                wanted = command.authorise_payment
                amount = Money(wanted.amount.currency_code, wanted.amount.minor_units)
                request = Authorise(payment_id, order_id, wanted.customer_id, amount, wanted.payment_method_token)
                await authorise_payment(request, book=book, provider=provider, handling=message.id)
            case "capture_payment":
                await capture_payment(payment_id, book=book, provider=provider, handling=message.id)
            case "void_payment":
                await void_payment(payment_id, order_id, book=book, provider=provider, handling=message.id)
            case "refund_payment":
                await refund_payment(payment_id, order_id, book=book, provider=provider, handling=message.id)
            case kind:
                raise UnknownCommand(f"{message.type} ({kind})")

    return Subscription(COMMANDS_TOPIC, PaymentCommand, handle)
