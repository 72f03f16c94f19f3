"""The provider's ledger in DynamoDB, so that a restart of the stand-in forgets no money."""

from __future__ import annotations

from collections.abc import Sequence

from shop_kit.aggregates import Memory
from shop_kit.aws.dynamo import ConditionFailed, Dynamo, Item, Put
from shop_kit.shared_kernel import Money

from shop_services.psp.domain.charge import Charge, Refund, Refusal, Status

BY_REFERENCE_INDEX = "by-reference"


class DynamoLedger:
    """The Ledger on a table with the key `id`. Only this process writes it, so what it remembers is true."""

    def __init__(self, dynamo: Dynamo, *, table: str) -> None:
        self._dynamo = dynamo
        self._table = table
        self._known: Memory[Charge] = Memory()

    async def find(self, charge_id: str) -> Charge | None:
        """Return the charge, or None."""
        known = self._known.get(charge_id)
        if known is not None:
            return known
        found = await self._dynamo.get(self._table, {"id": charge_id})
        return _to_charge(found) if found else None

    async def of_reference(self, reference: str) -> Sequence[Charge]:
        """Return the charges made for something of the merchant's."""
        condition, names = "#reference = :reference", {"#reference": "reference"}
        values = {":reference": reference}
        page = await self._dynamo.query(self._table, condition, values, names=names, index=BY_REFERENCE_INDEX)
        return [_to_charge(item) for item in page.items]

    async def add(self, charge: Charge) -> Charge:
        """Keep a new charge, or return the one that is there already."""
        try:
            await self._dynamo.write(Put(self._table, _from_charge(charge), condition="attribute_not_exists(id)"))
        except ConditionFailed as error:
            return _to_charge(error.item or {})
        self._known.keep(charge.id, charge)
        return charge

    async def put(self, charge: Charge) -> None:
        """Keep a charge as it is now."""
        self._known.forget(charge.id)
        await self._dynamo.write(Put(self._table, _from_charge(charge)))
        self._known.keep(charge.id, charge)


def _from_charge(charge: Charge) -> Item:
    return {
        "id": charge.id,
        "reference": charge.reference,
        "status": charge.status.value,
        **_from_money(charge.amount),
        "method_token": charge.method_token,
        "holds": charge.holds,
        "decline": _from_refusal(charge.decline),
        "refunds": [
            {"id": refund.id, **_from_money(refund.amount), "refusal": _from_refusal(refund.refusal)} for refund in charge.refunds
        ],
    }


def _from_money(amount: Money) -> Item:
    return {"currency": amount.currency, "minor_units": amount.minor_units}


def _from_refusal(refusal: Refusal | None) -> Item | None:
    return {"code": refusal.code, "explanation": refusal.explanation} if refusal else None


def _to_charge(item: Item) -> Charge:
    return Charge(
        id=item["id"],
        reference=item["reference"],
        status=Status(item["status"]),
        amount=_to_money(item),
        method_token=item["method_token"],
        holds=item["holds"],
        decline=_to_refusal(item.get("decline")),
        refunds=tuple(Refund(one["id"], _to_money(one), _to_refusal(one.get("refusal"))) for one in item["refunds"]),
    )


def _to_money(item: Item) -> Money:
    return Money(item["currency"], item["minor_units"])


def _to_refusal(item: Item | None) -> Refusal | None:
    return Refusal(item["code"], item["explanation"]) if item else None
