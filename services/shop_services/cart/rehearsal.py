"""Carts in memory, for the proofs of what they hear."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shop_kit.messages import Subscription
from shop_kit.rehearsal import Rehearsal

from shop_services.cart.adapters.erasures import erasures
from shop_services.cart.adapters.in_memory import InMemoryCarts
from shop_services.cart.application.filling import Filling


def rehearsal() -> Rehearsal:
    """What carts do with what they hear; they send nothing."""
    return Rehearsal(hears=_hears)


def _hears(kind: str) -> Sequence[Subscription[Any]]:
    del kind
    return (erasures(Filling(InMemoryCarts())),)
