"""Carts in DynamoDB: one item each, which is the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from shop_kit.aggregates.deciding import Stale
from shop_kit.aws.dynamo import ConditionFailed, Dynamo, Item, Put, TransactionCancelled
from shop_kit.clock import Clock
from shop_kit.identifiers import identifier_from
from shop_kit.shared_kernel import Sku

from shop_services.cart.domain.cart import Cart, Line

KEPT_SECONDS = 90 * 24 * 3600
"""How long a cart is there after its last change."""


def cart_id(owner: str) -> str:
    """Return the id of the one cart that an owner has."""
    return identifier_from("crt", owner)


class DynamoCarts:
    """Implements CartRepository on a table with the key `id`. What it finds is always fresh."""

    def __init__(self, dynamo: Dynamo, *, table: str, clock: Clock) -> None:
        self._dynamo = dynamo
        self._table = table
        self._clock = clock

    async def find(self, owner: str, *, fresh: bool = True) -> Cart:
        """Return the owner's cart."""
        del fresh
        empty = Cart(cart_id(owner), owner)
        item = await self._dynamo.get(self._table, {"id": empty.id})
        if item is None:
            return empty
        if item["expires_at"] <= self._clock.now():  # DynamoDB removes it some time later
            return replace(empty, version=item["version"])
        return replace(empty, version=item["version"], lines=tuple(Line(Sku(one["sku"]), one["quantity"]) for one in item["lines"]))

    async def save(self, *carts: Cart) -> Sequence[Cart]:
        """Write carts, all or none. Raises Stale."""
        saved = [replace(cart, version=cart.version + 1) for cart in carts]
        puts = [self._put(cart) for cart in saved]
        try:
            await (self._dynamo.write(puts[0]) if len(puts) == 1 else self._dynamo.transact(puts))
        except (ConditionFailed, TransactionCancelled) as error:
            raise Stale(f"{', '.join(cart.id for cart in carts)}: not as it was read any more") from error
        return saved

    def _put(self, cart: Cart) -> Put:
        item: Item = {
            "id": cart.id,
            "owner": cart.owner,
            "lines": [{"sku": line.sku, "quantity": line.quantity} for line in cart.lines],
            "version": cart.version,
            "expires_at": int(self._clock.now() + KEPT_SECONDS),
        }
        if cart.version == 1:
            return Put(self._table, item, condition="attribute_not_exists(id)")
        return Put(self._table, item, condition="version = :before", values={":before": cart.version - 1})
