"""Takes commands from Kafka to the use cases."""

from __future__ import annotations

from shop_contracts.proto.payments.v1.commands_pb2 import PaymentCommand
from shop_kit.errors import Invalid
from shop_kit.messages import Received, Subscription
from shop_kit.shared_kernel import Money

from shop_services.payments.adapters.events import COMMANDS_TOPIC
from shop_services.payments.application.paying import Authorise, authorise_payment, capture_payment, void_payment
from shop_services.payments.application.ports import Clock, PaymentProvider, PaymentRepository
from shop_services.payments.application.refunding import refund_payment


def subscription(payments: PaymentRepository, provider: PaymentProvider, clock: Clock) -> Subscription[PaymentCommand]:
    """Return what payments does with its commands."""

    async def handle(message: Received[PaymentCommand]) -> None:
        command = message.event
        payment_id, order_id = command.payment_id, command.order_id
        match command.WhichOneof("kind"):
            case "authorise_payment":
                request = _authorise(command)
                await authorise_payment(request, payments=payments, provider=provider, handling=message.identity)
            case "capture_payment":
                await capture_payment(payment_id, payments=payments, provider=provider, handling=message.identity)
            case "void_payment":
                await void_payment(payment_id, order_id, payments=payments, provider=provider, handling=message.identity)
            case "refund_payment":
                await refund_payment(
                    payment_id, order_id, payments=payments, provider=provider, clock=clock, handling=message.identity
                )
            case kind:
                raise Invalid(f"payments does not know the command {message.type} ({kind})")

    return Subscription(COMMANDS_TOPIC, PaymentCommand, handle)


def _authorise(command: PaymentCommand) -> Authorise:
    wanted = command.authorise_payment
    try:
        amount = Money(wanted.amount.currency_code, wanted.amount.minor_units)
        return Authorise(command.payment_id, command.order_id, wanted.customer_id, amount, wanted.payment_method_token)
    except ValueError as error:
        raise Invalid(f"payment {command.payment_id} cannot be authorised: {error}") from error
