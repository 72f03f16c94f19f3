"""What is wrong with something that somebody wants to put into the catalog."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: where (`variants[0].sku`) and what."""

    field: str
    message: str


class NotAccepted(Exception):
    """Something cannot stand in the catalog as it is; `faults` has all that is wrong with it."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(f"{fault.field} {fault.message}" for fault in faults))
        self.faults = tuple(faults)
