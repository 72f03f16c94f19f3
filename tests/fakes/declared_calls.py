"""How a service is called where no manifest says so."""

from __future__ import annotations

import msgspec
from shop_kit.metrics import Metrics
from shop_kit.resilience.calls import GuardedCalls
from shop_kit.resilience.declared import CallPolicy


def calls_to(name: str, metrics: Metrics | None = None, **bounds: float) -> GuardedCalls:
    """Calls to a service as the kit has them, but for `bounds`."""
    return GuardedCalls(msgspec.structs.replace(CallPolicy(service=name), **bounds), metrics or Metrics())
