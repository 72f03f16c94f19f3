"""Load shedding around routes: what matters least is refused before anything is done for it."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.types import ASGIApp, Receive, Scope, Send

from shop_kit.http.access import GuardedRoute
from shop_kit.http.contract import ContractNotKept, Operation
from shop_kit.metrics import Metrics
from shop_kit.resilience.declared import Resilience, Shedding
from shop_kit.resilience.shedding import LoadShedder, Priority


class _Shed:
    def __init__(self, app: ASGIApp, shedder: LoadShedder, priority: Priority) -> None:
        self._app, self._shedder, self._priority = app, shedder, priority

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._shedder.enter(self._priority):
            await self._app(scope, receive, send)


def shed(served: Iterable[tuple[Operation, GuardedRoute]], declared: Resilience, metrics: Metrics) -> list[GuardedRoute]:
    """Return the routes, each refused with 503 from the fill on that its priority allows.

    Raises ContractNotKept where an operation is declared that is not served: a limit with a typo would limit nothing.
    """
    pairs = [*served]
    if unknown := sorted(declared.operations() - {operation.id for operation, _ in pairs}):
        raise ContractNotKept(f"the manifest declares limits or priorities of {unknown}, which are not served")
    shedding = declared.shedding or Shedding()
    shedder = LoadShedder(shedding.at_once, metrics)
    for operation, route in pairs:
        priority = _priority(operation.id, shedding)
        if priority is not None:
            route.app = _Shed(route.app, shedder, priority)
    return [route for _, route in pairs]


def _priority(operation: str, shedding: Shedding) -> Priority | None:
    if operation in shedding.apart:
        return None
    if operation in shedding.first:
        return Priority.FIRST_TO_GO
    return Priority.LAST_TO_GO if operation in shedding.last else Priority.NORMAL
