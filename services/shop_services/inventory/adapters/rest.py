"""Inventory over HTTP: the stock for everyone inside the platform to read, and for those with `stock:write` to change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

import msgspec
from shop_kit.http import Anybody, FieldFault, GuardedRoute, Problem, Scope, json, read_body, read_query
from shop_kit.http.cursors import PageQuery, cursor_behind, id_in_cursor
from shop_kit.http.idempotency import once
from shop_kit.http.values import SkuText, sku_in_path
from shop_kit.idempotency import Answer, IdempotencyKeys
from shop_kit.shared_kernel import is_sku
from starlette.requests import Request
from starlette.responses import Response

from shop_services.inventory.application.ports import ReservationRepository, StockRepository
from shop_services.inventory.domain.reservation import Reservation, Status
from shop_services.inventory.domain.stock import LevelRefused, StaleLevel, StockItem, StockLevel

READ, WRITE = "stock:read", "stock:write"
LONGEST_ID = 100
"""Nothing here has a longer one, and DynamoDB takes no longer key than 2048 bytes."""

Units = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]


class StockLevelBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """An article as it shall be: `stocked` units over all time, when it still is at `revision` (0: when there is none yet)."""

    stocked: Units
    revision: Units = 0

    def level(self, sku: str) -> StockLevel:
        """Return the same in the words of the application."""
        return StockLevel(sku, self.stocked, self.revision)


class ImportedItem(StockLevelBody, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """An article of an import."""

    sku: SkuText


class ImportBody(msgspec.Struct, forbid_unknown_fields=True):
    """Up to 100 articles at once."""

    items: Annotated[list[ImportedItem], msgspec.Meta(min_length=1, max_length=100)]


class StockItemView(msgspec.Struct, rename="camel"):
    """An article as it stands."""

    sku: str
    level: str
    free: int
    reserved: int
    sold: int
    stocked: int
    revision: int


class StockPageView(msgspec.Struct, rename="camel"):
    """Some articles and where to go on."""

    items: list[StockItemView]
    next_cursor: str | None


class RefusedLevelView(msgspec.Struct):
    """An article that was not set: why, and the revision it is at (0: there is none)."""

    sku: str
    reason: str
    revision: int


class ImportView(msgspec.Struct):
    """How many articles are as the import wants them, and which are not."""

    imported: int
    refused: list[RefusedLevelView]


class ReservedLineView(msgspec.Struct):
    """A line of a reservation."""

    sku: str
    quantity: int


class ShortageView(msgspec.Struct, rename="camel"):
    """An article that a reservation failed on."""

    sku: str
    requested: int
    available: int
    is_unknown: bool


class ReservationView(msgspec.Struct, rename="camel", omit_defaults=True):
    """A reservation as it is."""

    id: str
    order_id: str
    status: str
    lines: list[ReservedLineView]
    shortages: list[ShortageView] = []
    expires_at: str | None = None
    release_reason: str | None = None


@dataclass(frozen=True)
class InventoryApi:
    """The routes of inventory."""

    stock: StockRepository
    reservations: ReservationRepository
    keys: IdempotencyKeys

    def routes(self) -> list[GuardedRoute]:
        """Return all paths and what serves them."""
        return [
            GuardedRoute("/v1/stock-items", self.list_items, access=Anybody("what the shop sells is public")),
            GuardedRoute("/v1/stock-items/{sku}", self.show_item, access=Anybody("what the shop sells is public")),
            GuardedRoute("/v1/stock-items/{sku}", self.put_item, methods=["PUT"], access=Scope(WRITE)),
            GuardedRoute("/v1/stock-imports", self.import_items, methods=["POST"], access=Scope(WRITE)),
            GuardedRoute("/v1/reservations/{reservation_id}", self.show_reservation, access=Scope(READ)),
        ]

    async def list_items(self, request: Request) -> Response:
        """Answer with a page of articles."""
        query = read_query(request, PageQuery)
        page = await self.stock.page(limit=query.limit, behind=id_in_cursor(query.cursor, is_sku))
        return json(StockPageView([_view(item) for item in page.items], cursor_behind(page.next_sku)))

    async def show_item(self, request: Request) -> Response:
        """Answer with one article."""
        return json(_view(await self._item(request.path_params["sku"])))

    async def put_item(self, request: Request) -> Response:
        """Set an article's name, price and units, if nobody did meanwhile; what is reserved or sold stays."""
        sku = sku_in_path(request)
        body = await read_body(request, StockLevelBody)
        for refusal in await self.stock.put([body.level(sku)]):
            raise _conflict(refusal)
        return json(_view(await self._item(sku)))

    async def import_items(self, request: Request) -> Response:
        """Set up to 100 articles, once for each idempotency key."""
        body = await read_body(request, ImportBody)
        _refuse_twins(body)
        return await once(request, lambda claim: self.keys.once(claim, partial(self._import, body)))

    async def _import(self, body: ImportBody) -> Answer:
        # Each article is set under the revision it was seen at: whoever repeats this after a crash finds it set, and sets nothing.
        refused = await self.stock.put([item.level(item.sku) for item in body.items])
        view = ImportView(len(body.items) - len(refused), [_refused(refusal) for refusal in refused])
        return Answer(200, msgspec.json.encode(view))

    async def show_reservation(self, request: Request) -> Response:
        """Answer with one reservation."""
        reservation_id = request.path_params["reservation_id"]
        found = await self.reservations.find(reservation_id, fresh=True) if len(reservation_id) <= LONGEST_ID else None
        if found is None:
            raise Problem(404, "There is no such reservation", kind="reservation-not-found", detail=f"id {reservation_id}")
        return json(_reservation_view(found))

    async def _item(self, sku: str) -> StockItem:
        found = await self.stock.item(sku) if len(sku) <= LONGEST_ID else None
        if found is None:
            raise Problem(404, "There is no such article", kind="stock-item-not-found", detail=f"SKU {sku}")
        return found


def _view(item: StockItem) -> StockItemView:
    return StockItemView(item.sku, item.level.value, item.free, item.reserved, item.sold, item.stocked, item.revision)


def _reason(refusal: LevelRefused) -> str:
    return "stale-revision" if isinstance(refusal, StaleLevel) else "too-few-units"


def _refused(refusal: LevelRefused) -> RefusedLevelView:
    return RefusedLevelView(refusal.sku, _reason(refusal), refusal.item.revision if refusal.item else 0)


def _conflict(refusal: LevelRefused) -> Problem:
    return Problem(
        409,
        "The article cannot be set so",
        kind=_reason(refusal),
        detail=f"{refusal}. Read it, then decide again what it shall be.",
    )


def _reservation_view(found: Reservation) -> ReservationView:
    return ReservationView(
        id=found.id,
        order_id=found.order_id,
        status=found.status.value,
        lines=[ReservedLineView(line.sku, line.quantity) for line in found.lines],
        shortages=[ShortageView(one.sku, one.requested, one.available, one.is_unknown) for one in found.shortages],
        expires_at=datetime.fromtimestamp(found.expires_at, UTC).isoformat() if found.status is Status.RESERVED else None,
        release_reason=found.release_reason.value if found.release_reason else None,
    )


def _refuse_twins(body: ImportBody) -> None:
    seen: set[str] = set()
    faults = []
    for index, item in enumerate(body.items):
        if item.sku in seen:
            faults.append(FieldFault(f"$.items[{index}].sku", f"{item.sku} stands twice in this import"))
        seen.add(item.sku)
    if faults:
        raise Problem(422, "The body is not valid", kind="invalid-body", errors=faults)
