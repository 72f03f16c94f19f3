"""What the stand-in needs from outside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from shop_services.psp.domain.charge import Charge


class Ledger(Protocol):
    """The charges. One process writes them, one call at a time for each."""

    async def find(self, charge_id: str) -> Charge | None:
        """Return the charge, or None."""
        ...

    async def of_reference(self, reference: str) -> Sequence[Charge]:
        """Return the charges made for something of the merchant's."""
        ...

    async def add(self, charge: Charge) -> Charge:
        """Keep a new charge. Returns the one that is there already, if one is."""
        ...

    async def put(self, charge: Charge) -> None:
        """Keep a charge as it is now."""
        ...
