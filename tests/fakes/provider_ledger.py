"""The payment provider's ledger in a dictionary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from shop_services.psp.domain.charge import Charge


@dataclass
class InMemoryLedger:
    """Implements the stand-in's Ledger."""

    charges: dict[str, Charge] = field(default_factory=dict)

    async def find(self, charge_id: str) -> Charge | None:
        return self.charges.get(charge_id)

    async def of_reference(self, reference: str) -> Sequence[Charge]:
        return sorted((one for one in self.charges.values() if one.reference == reference), key=lambda one: one.id)

    async def add(self, charge: Charge) -> Charge:
        return self.charges.setdefault(charge.id, charge)

    async def put(self, charge: Charge) -> None:
        self.charges[charge.id] = charge
